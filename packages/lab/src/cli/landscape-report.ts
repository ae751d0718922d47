/** What `thalweg landscape` tells of what it found: files, JSON, a picture in the terminal, and progress on the way there. */
import { extname } from "node:path";
import {
  correctedMean,
  fieldOf,
  type HeightField,
  heightField,
  mergeTree,
  nonQuadraticity,
  type ProjectedCourse,
  Refiner,
  type SurveyResult,
  serializeSurface,
  type TaylorPlane,
  taylorHeights,
  type Valley,
} from "@thalweg/landscape";
import type { JsonObject } from "@thalweg/train";
import type { Plane } from "../landscape/plane.ts";
import { provenance } from "../landscape/provenance.ts";
import type { Subject } from "../landscape/subject.ts";
import type { SurveyPlan } from "../landscape/survey.ts";
import { fromUser, fromUserLater } from "./errors.ts";
import type { Io } from "./io.ts";
import { WRITERS, writeContent, writePicture } from "./landscape-files.ts";
import type { Options } from "./landscape-request.ts";
import { columns, printJson } from "./print.ts";

export interface Found {
  readonly folder: string;
  readonly subject: Subject;
  readonly plane: Plane;
  readonly paths: readonly (ProjectedCourse & { name: string })[];
  readonly facts: JsonObject;
  readonly options: Options;
  readonly result: SurveyResult;
  readonly seconds: number;
  readonly taylor?: TaylorPlane;
  /** How heights follow from what was measured, where that is not all; a correction only once it is finished. */
  readonly plan?: SurveyPlan;
}

/** Files first, then standard output. Raises UsageError for a field that there is not. */
export async function report(found: Found, io: Io): Promise<void> {
  const { result, plan, options, facts } = found;
  const field = options.field ?? (facts.minus === undefined ? "loss" : "difference");
  const landscape = withTaylor(heightField(result.surface, plan), found);
  const values = fromUser(() => fieldOf(landscape, field));
  await writeFiles(found, landscape, field, io);
  const { cost, json: costs } = costOf(found);
  if (options.json) {
    const { folder, seconds, plane, paths } = found;
    const list = (name: string) => [...landscape.fields.get(name)!];
    printJson(io.stdout, {
      folder,
      ...facts,
      ...{ end: result.end, evaluated: result.evaluated, kept: result.kept, seconds },
      ...{ x: [...landscape.x], y: [...landscape.y], field, values: [...values] },
      ...costs,
      ...(found.taylor && {
        taylor: { ...found.taylor, values: list("taylor"), nonQuadraticity: offParabola(landscape, found) },
      }),
      valleys: valleysOf(landscape).map(({ at, height, persistence, saddle }) => ({
        ...{ at, height, persistence },
        ...(saddle && { saddle: saddle.at }),
      })),
      standardError: list("standardError"),
      difference: list("difference"),
      differenceError: list("differenceError"),
      markers: plane.markers,
      ...(paths.length > 0 && { paths }),
    });
    return;
  }
  const { landscapeText } = await import("../figures/landscape-text.ts");
  io.stdout.write(`${landscapeText(landscape, field)}${summary(landscape, found)}${cost}`);
}

/** With the parabola as a field of its own. */
function withTaylor(landscape: HeightField, { taylor, result }: Found): HeightField {
  if (taylor === undefined) return landscape;
  const parabola = taylorHeights(taylor, result.surface.form.grid);
  return { ...landscape, fields: new Map([...landscape.fields, ["taylor", parabola]]) };
}

/** Valleys that are deeper than twice the paired standard error of their minimum: what lies above could be chance. */
function valleysOf(landscape: HeightField): readonly Valley[] {
  if (!fieldOf(landscape, "loss").some(Number.isFinite)) return [];
  const errors = fieldOf(landscape, "differenceError");
  return mergeTree(landscape).valleys.filter(({ persistence, point }) => persistence > 2 * errors[point]!);
}

/** What the plan left out, and how wrong that is. */
function costOf({ result: { surface }, plan, options, facts }: Found): { cost: string; json: object } {
  if (plan === undefined) return { cost: "", json: {} };
  if ("tolerance" in plan) {
    const { cost, bar } = Refiner.of(surface, plan);
    const share = cost / (surface.counts().length * Number(facts.examples));
    return {
      cost: `${(100 * share).toFixed(0)} % of the whole grid's work; points left out were foretold within ${brief(bar)}, where it was put to the test.\n`,
      json: { refined: { tolerance: plan.tolerance, share, bar } },
    };
  }
  const { bar } = correctedMean(surface, "loss", plan);
  const wholeGridOn = surface.form.chunks.slice(0, plan.chunks).reduce((sum, size) => sum + size, 0);
  return {
    cost: `Heights of ${wholeGridOn} examples were wrong by ${brief(bar)}, before they were corrected.\n`,
    json: { wholeGridOn: options.examples ?? wholeGridOn, correctionBar: bar },
  };
}

async function writeFiles(found: Found, landscape: HeightField, field: string, io: Io): Promise<void> {
  const { result, plane, paths, facts, subject, options, plan } = found;
  const { plot = [], export: files = [], set } = options;
  const line = provenance(facts);
  for (const file of files) {
    const writer = WRITERS[extname(file)];
    const content = writer
      ? await fromUserLater(async () => writer({ landscape, field, set, provenance: line }))
      : serializeSurface(result.surface, { family: plane.family, ...(plan && { plan }) });
    await writeContent(file, content, io);
  }
  if (plot.length === 0) return;
  const { landscapeFigure } = await import("../figures/landscape-figure.ts");
  const ofDifference = field === "difference";
  const errors = landscape.fields.get(ofDifference ? "differenceError" : "standardError")!;
  const median = errors.filter(Number.isFinite).sort()[errors.length >> 1] ?? Number.NaN;
  const unit = ofDifference ? "paired standard error" : "standard error";
  const other = facts.minus === undefined ? "" : ` minus ${facts.minus}`;
  const svg = landscapeFigure({
    landscape,
    field,
    title: `${ofDifference ? "loss" : field} around ${subject.name}${ofDifference ? other || " above its centre" : ""}`,
    subtitle: `${plane.description}${shown(paths)} · ${unit} ${brief(median)} (median)${result.end === "finished" ? "" : " · not finished"}`,
    provenance: line,
    labels: plane.family.labels,
    markers: plane.markers,
    paths,
    isEuclidean: plane.isEuclidean,
  });
  for (const file of plot) await writePicture(file, svg, line, io);
}

/** How much of the courses' moves the plane shows. */
const shown = (paths: Found["paths"]): string =>
  paths.length === 0
    ? ""
    : `, with ${paths.map(({ capturedShare }) => `${(100 * capturedShare).toFixed(0)} %`).join(", ")} of the moves`;

const offParabola = (landscape: HeightField, { taylor }: Found): number =>
  nonQuadraticity(fieldOf(landscape, "loss"), fieldOf(landscape, "taylor"), taylor!.value);

function summary(landscape: HeightField, found: Found): string {
  const { result, seconds, facts, taylor } = found;
  const { surface, evaluated, kept } = result;
  const [loss, errors] = [fieldOf(landscape, "loss"), fieldOf(landscape, "standardError")];
  const [difference, paired] = [fieldOf(landscape, "difference"), fieldOf(landscape, "differenceError")];
  const [lowest, highest] = ends(loss);
  const { x, y } = landscape;
  const place = (at: number) =>
    y.length === 0 ? brief(x[at]!) : `(${brief(x[at % x.length]!)}, ${brief(y[Math.floor(at / x.length)]!)})`;
  const row = (name: string, at: number) => [
    name,
    brief(loss[at]!),
    `± ${brief(errors[at]!)}`,
    `at ${place(at)}`,
    `${facts.minus === undefined ? "above the centre" : `minus ${facts.minus}`}: ${brief(difference[at]!)} ± ${brief(paired[at]!)}`,
  ];
  const broken = surface.brokenCount;
  return [
    columns([row("lowest loss", lowest), row("highest loss", highest)]),
    broken > 0 ? `${broken} points are not finite.\n` : "",
    result.end === "finished" ? valleyLine(valleysOf(landscape), place) : "",
    taylor ? `Off its parabola by ${(100 * offParabola(landscape, found)).toFixed(1)} % of its rise.\n` : "",
    `${evaluated} tiles in ${seconds.toFixed(1)} s${kept > 0 ? `, ${kept} found from before` : ""}.\n`,
  ].join("");
}

/** The valleys in a line, the deepest first. */
function valleyLine(valleys: readonly Valley[], place: (point: number) => string): string {
  const [first, ...others] = valleys;
  if (first === undefined) return "";
  if (others.length === 0) return "One valley, as far as the error tells.\n";
  const named = others
    .slice(0, 4)
    .map(({ point, persistence }) => `${brief(persistence)} deep at ${place(point)}`);
  const more = others.length > 4 ? ", …" : "";
  return `${valleys.length} valleys deeper than twice the error; beside that of the lowest loss ${named.join(", ")}${more}.\n`;
}

/** Where the lowest and the highest finite height are. */
function ends(heights: Float64Array): [lowest: number, highest: number] {
  const finite = Array.from(heights.keys()).filter((at) => Number.isFinite(heights[at]));
  return [
    finite.reduce((a, b) => (heights[b]! < heights[a]! ? b : a), finite[0] ?? 0),
    finite.reduce((a, b) => (heights[b]! > heights[a]! ? b : a), finite[0] ?? 0),
  ];
}

const brief = (value: number): string => String(Number(value.toPrecision(3)));

/** Progress on a terminal, a few times a second. */
export function meter(io: Io): (progress: { done: number; tiles: number }) => void {
  const begin = performance.now();
  let last = begin;
  return ({ done, tiles }) => {
    const now = performance.now();
    if (!io.stderr.isTTY || (now - last < 200 && done < tiles)) return;
    last = now;
    const left = ((now - begin) / done) * (tiles - done);
    io.stderr.write(
      `\r${((100 * done) / tiles).toFixed(0)} %, ${(left / 1000).toFixed(0)} s left   ${done === tiles ? "\n" : ""}`,
    );
  };
}
