/**
 * `study.yaml` read, and the presets. Every mistake is told with file, line and column and the line itself, all of them at once:
 *
 *   Cannot read study.yaml:4:10: Cannot find the sampler "haltn": there are halton, random, …; did you mean "halton"?
 *     sampler: haltn
 *              ^
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, extname } from "node:path";
import { fileURLToPath } from "node:url";
import { nearest } from "@thalweg/formula";
import type { z } from "zod";
import {
  keyPlace,
  lower,
  type Path,
  type Place,
  parseYaml,
  placeOf,
  plainData,
  type YamlSource,
} from "../yaml-source.ts";
import { specFields, specSchema } from "./spec.ts";
import { checkSpec, type StudyRequest } from "./spec-checks.ts";

/** A study's file that cannot be meant. */
export class StudyFileError extends SyntaxError {
  override readonly name = "StudyFileError";
  readonly places: readonly Place[];

  constructor(source: { path: string; text: string }, mistakes: readonly Mistake[], options?: ErrorOptions) {
    super(mistakes.map((mistake) => shown(source, mistake)).join("\n"), options);
    this.places = mistakes.map(({ place }) => place);
  }
}

interface Mistake {
  place: Place;
  reason: string;
}

function shown(
  { path, text }: { path: string; text: string },
  { place: { line, column }, reason }: Mistake,
): string {
  const written = text.split(/\r?\n/)[line - 1] ?? "";
  return `Cannot read ${path}:${line}:${column}: ${reason}\n  ${written}\n  ${" ".repeat(column - 1)}^`;
}

const PRESETS = fileURLToPath(new URL("../../studies/", import.meta.url));

/** Names of the studies that come with Thalweg. */
export const presets = (): string[] =>
  readdirSync(PRESETS)
    .filter((name) => name.endsWith(".yaml"))
    .map((name) => basename(name, ".yaml"));

export interface StudyText {
  path: string;
  text: string;
}

/** The text of a study's file, or of a preset by its name. Raises RangeError where there is none, Node's errors. */
export function studyText(word: string): StudyText {
  const preset = `${PRESETS}${word}.yaml`;
  const path = existsSync(word) || !/^[\w-]+$/.test(word) || !existsSync(preset) ? word : preset;
  if (existsSync(path)) return { path, text: readFileSync(path, "utf8").replace(/^\uFEFF/, "") };
  const close = nearest(word, presets());
  const hint = close === undefined ? "" : `; did you mean "${close}"?`;
  throw new RangeError(
    `Cannot find the study "${word}": there is no such file, and the studies that come with Thalweg are ${presets().join(", ")}${hint}`,
  );
}

/** What a study's text asks for. Raises StudyFileError with all its mistakes. */
export function readStudySpec({ path, text }: StudyText): StudyRequest {
  const { source, mistake } = parseYaml(text, path);
  if (mistake !== undefined) throw new StudyFileError(source, [mistake]);
  const parsed = specSchema.safeParse(plain(source));
  if (!parsed.success)
    throw new StudyFileError(
      source,
      inOrder(parsed.error.issues.flatMap((issue) => formMistakes(source, issue))),
    );
  const mistakes: Mistake[] = [];
  const spec = { ...parsed.data, name: parsed.data.name ?? basename(path, extname(path)) };
  const request = checkSpec(spec, (at, reason) => mistakes.push({ place: placeOf(source, at), reason }));
  if (mistakes.length > 0) throw new StudyFileError(source, inOrder(mistakes));
  return request;
}

/** The document as plain data. An alias without an anchor is found only here. */
function plain(source: YamlSource): unknown {
  try {
    return plainData(source);
  } catch (error) {
    throw new StudyFileError(
      source,
      [{ place: { line: 1, column: 1 }, reason: lower((error as Error).message) }],
      { cause: error },
    );
  }
}

const inOrder = (mistakes: readonly Mistake[]): Mistake[] =>
  mistakes.toSorted((a, b) => a.place.line - b.place.line || a.place.column - b.place.column);

/** What zod has to say about one place, in words of the file. */
function formMistakes(source: YamlSource, issue: z.core.$ZodIssue): Mistake[] {
  const { path } = issue;
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey(source, path, key));
  if (issue.code === "invalid_union") {
    const unknown = issue.errors.flat().find(({ code }) => code === "unrecognized_keys");
    if (unknown !== undefined && issue.message === "Invalid input")
      return formMistakes(source, { ...unknown, path: [...path, ...unknown.path] });
  }
  const missing = path.length > 0 && !source.document.hasIn(path) && issue.code === "invalid_type";
  const field = path.join(".");
  if (missing) {
    const hint = field === "tasks" || field === "rules" ? `: a study needs tasks and rules` : "";
    return [{ place: placeOf(source, path), reason: `${field} is missing${hint}` }];
  }
  const what = field === "" ? "a study must be a map with at least tasks and rules" : lower(issue.message);
  return [
    {
      place: placeOf(source, path),
      reason: what.startsWith(String(path[0])) || field === "" ? what : `${field}: ${what}`,
    },
  ];
}

function unknownKey(source: YamlSource, path: Path, key: string): Mistake {
  const known = specFields(path);
  const close = nearest(key, known);
  const hint = close === undefined ? "" : `; did you mean "${close}"?`;
  const fields = known.length === 0 ? "" : `: there are ${known.join(", ")}`;
  return { place: keyPlace(source, [...path, key]), reason: `there is no field "${key}"${fields}${hint}` };
}
