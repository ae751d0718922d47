/**
 * `plan.jsonl`: a header line, then one trial a line. The header holds the hash of all that results depend on, so a plan that was edited after it
 * was written is noticed, and two copies of a study can be told from two studies.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { WrittenRule } from "@thalweg/optim";
import { canonicalJson, type Json, type JsonObject, replaceFile } from "@thalweg/train/files";
import type { TaskFile } from "../tasks/from-file.ts";
import { StudyError } from "./error.ts";
import { planFile } from "./layout.ts";
import type { PlannedTrial } from "./plan.ts";
import type { StudyRule, StudyTask } from "./study-data.ts";

const FORMAT = "thalweg study";
const VERSION = 1;

/** What results depend on, besides the trials: it is hashed with them. */
export interface PlanFacts {
  name: string;
  /** Searched points and resampling are drawn from it. */
  seed: number;
  /** The software that was to run it, as in a run's configuration. */
  code: string;
  tasks: readonly PlannedTask[];
  rules: readonly PlannedRule[];
  /** What was asked for, as plain data. */
  spec: JsonObject;
}

/** A rule as the plan holds it: all that its runs need, so that a file that changes later changes nothing. */
export interface PlannedRule extends StudyRule {
  written: WrittenRule;
  /** Hyperparameters with a value of the asker's. */
  fixed: readonly string[];
}

export interface PlannedTask extends StudyTask {
  /** Steps between evaluations. */
  evaluateEvery: number;
  /** What makes the task where it is none of the built-in ones. */
  file?: TaskFile;
}

/** What is only told. */
export interface PlanCircumstances {
  machine: Readonly<Record<string, string | number>>;
  /** The command that made it. */
  command: string;
  /** ISO 8601. */
  startedAt: string;
}

export interface Plan extends PlanFacts, PlanCircumstances {
  hash: string;
  trials: readonly PlannedTrial[];
}

/** Write a plan and give it back with its hash. Raises Node's errors. */
export function writePlan(
  folder: string,
  facts: PlanFacts,
  trials: readonly PlannedTrial[],
  about: PlanCircumstances,
): Plan {
  const lines = linesOf(trials);
  const hash = hashOf(facts, lines);
  const header = { format: FORMAT, version: VERSION, hash, ...facts, ...about };
  replaceFile(planFile(folder), Buffer.from(`${JSON.stringify(header)}\n${lines}`));
  return { hash, trials, ...facts, ...about };
}

/** The hash that a plan will have: same facts and trials, same hash. */
export const planHash = (facts: PlanFacts, trials: readonly PlannedTrial[]): string =>
  hashOf(facts, linesOf(trials));

const linesOf = (trials: readonly PlannedTrial[]) =>
  trials.map((trial) => `${JSON.stringify(trial)}\n`).join("");

function hashOf({ name, seed, code, tasks, rules, spec }: PlanFacts, lines: string): string {
  const facts = { format: FORMAT, version: VERSION, name, seed, code, tasks, rules, spec } as unknown as Json;
  return createHash("sha256")
    .update(`${canonicalJson(plain(facts))}\n${lines}`)
    .digest("hex");
}

/** As it comes back from JSON: without what is undefined. */
const plain = (value: Json): Json => JSON.parse(JSON.stringify(value)) as Json;

/** Read a study's plan. Raises StudyError where there is none, or where it is not as it was written. */
export function readPlan(folder: string): Plan {
  const path = planFile(folder);
  const text = textOf(folder, path);
  const end = text.indexOf("\n");
  const header = parse(path, 1, text.slice(0, Math.max(0, end)));
  if (header.format !== FORMAT) {
    throw new StudyError(
      `Cannot read ${path} as its first line must say "format": "${FORMAT}": current value is ${JSON.stringify(header.format)}`,
    );
  }
  if (header.version !== VERSION) {
    throw new StudyError(
      `Cannot read ${path} as its version must be ${VERSION}: current value is ${JSON.stringify(header.version)}; read it with the release that wrote it`,
    );
  }
  const { format: _, version: __, hash, ...rest } = header;
  const facts = rest as unknown as PlanFacts & PlanCircumstances;
  const lines = text.slice(end + 1);
  if (hash !== hashOf(facts, lines)) {
    throw new StudyError(
      `Cannot go on with ${folder} as its plan must be as it was written: plan.jsonl has changed since; put it back, or begin another study in another folder`,
    );
  }
  const trials = lines
    .split("\n")
    .filter((line) => line !== "")
    .map((line, i) => parse(path, i + 2, line) as unknown as PlannedTrial);
  return { ...facts, hash, trials };
}

function textOf(folder: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason =
      code === "ENOENT" || code === "ENOTDIR"
        ? "it holds no plan.jsonl: give the folder of a study"
        : message;
    throw new StudyError(`Cannot read the study in ${folder} as ${reason}`, { cause: error });
  }
}

function parse(path: string, line: number, text: string): JsonObject {
  try {
    return JSON.parse(text) as JsonObject;
  } catch (error) {
    throw new StudyError(`Cannot read ${path} as line ${line} is no JSON: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
