/** `thalweg walk`: run a rule on a surface in the plane; print the path, and draw it. */
import { checkHyper, parseSchedule, rules } from "@thalweg/optim";
import type { Command } from "commander";
import { readRuleSpec } from "../rules/index.ts";
import {
  checkWalk,
  findSurface,
  nearestMinimum,
  quadratic,
  type Surface,
  surfaces,
  type Walk,
  walk,
} from "../surfaces/index.ts";
import { finiteNumber, point, required, setting, wholeNumber } from "./arguments.ts";
import { addEngineOption, type EngineName } from "./engine.ts";
import { fromUser, UsageError } from "./errors.ts";
import { writeText } from "./files.ts";
import type { Io } from "./io.ts";
import { columns, printJson, settings } from "./print.ts";

interface Options {
  surface?: string;
  condition?: number;
  rule?: string;
  set?: Record<string, number>;
  start?: readonly [number, number];
  steps: number;
  schedule?: string;
  engine: EngineName;
  plot?: string;
  json?: boolean;
}

/** The whole path is kept. */
const MOST_STEPS = 1_000_000;

export function define(command: Command, io: Io): void {
  command
    .description(
      "Run a rule on a surface in the plane: step, position, value and gradient norm; and a picture of the path.",
    )
    .option("--surface <name>", "see the list below")
    .option("--rule <rule>", "a name, a name with options, a chain, or a file; see thalweg rules")
    .option("--set <name=value>", "a hyperparameter of the rule; repeat for more", setting)
    .option("--start <x,y>", "where to begin (default: the surface's own)", point)
    .option("--steps <n>", "number of updates", wholeNumber("--steps", 1, MOST_STEPS), 100)
    .option("--schedule <spec>", "factor of the learning rate; see thalweg schedules")
    .option(
      "--condition <number>",
      "condition number of quadratic (default: 10)",
      finiteNumber("--condition"),
    )
    .option("--plot <file>", "draw contours and path as SVG")
    .option("--json", "print JSON")
    .addHelpText("after", help());
  addEngineOption(command, "reference").action(async (options: Options) => {
    const { steps, engine, set = {} } = options;
    const prepared = fromUser(() => {
      const surface = chooseSurface(options);
      const rule = readRuleSpec(required("--rule", options.rule, Object.keys(rules))).rule;
      checkWalk(rule);
      checkHyper(rule, set);
      const schedule = options.schedule === undefined ? undefined : parseSchedule(options.schedule, steps);
      if (schedule !== undefined && rule.hyper.lr === undefined) {
        throw new UsageError(`Cannot use --schedule as ${rule.name} has no hyperparameter lr: leave it out`);
      }
      return { surface, rule, schedule };
    });
    const { surface, rule, schedule } = prepared;
    const start = options.start ?? surface.start;
    const hyper = { ...rule.hyper, ...set };
    const walked = walk({ surface, rule, hyper, start, steps, schedule, engine });
    try {
      if (options.plot !== undefined) {
        const { walkFigure } = await import("../figures/walk-figure.ts");
        const title = `${rule.name} on ${surface.name}`;
        const parts = [
          hyper.lr === undefined ? "" : `lr ${hyper.lr}`,
          changed(set),
          options.schedule ?? "",
          `${steps} steps`,
        ];
        const subtitle = parts.filter((part) => part !== "").join(" · ");
        await writeText(options.plot, walkFigure({ surface, walk: walked, title, subtitle }), io);
      }
    } finally {
      // a picture that cannot be written does not cost the result
      if (options.json) printJson(io.stdout, record({ ...options, ...prepared, hyper, start, walked }));
      else {
        io.stdout.write(table(walked));
        io.stdout.write(`# ${rule.name} (${settings(hyper)}) on ${surface.name}, ${surface.formula}\n`);
        io.stdout.write(`# ${summary(surface, walked)}\n`);
      }
    }
  });
}

function chooseSurface({ surface: name, condition }: Options): Surface {
  const surface = findSurface(required("--surface", name, Object.keys(surfaces)));
  if (condition === undefined) return surface;
  if (surface.name === "quadratic") return quadratic(condition);
  throw new UsageError(
    `Cannot use --condition with ${surface.name} as only quadratic has a condition number to choose`,
  );
}

/** Hyperparameters besides lr that are not the defaults. */
const changed = ({ lr: _, ...others }: Readonly<Record<string, number>>) => settings(others);

/** Columns that gnuplot and NumPy's loadtxt read: what is not a station starts with #. */
function table({ path }: Walk): string {
  const rows = path.map(({ step, x, y, f, gradientNorm }) => [
    String(step),
    ...[x, y, f, gradientNorm].map(brief),
  ]);
  return columns([["# step", "x", "y", "f", "|gradient|"], ...rows], new Set([0, 1, 2, 3, 4]));
}

/** Nine digits, more than float32 has; `--json` prints all. */
const brief = (value: number) => String(Number(value.toPrecision(9)));

function summary(surface: Surface, { path, status, reason }: Walk): string {
  const { step, x, y, f } = path.at(-1)!;
  if (status === "diverged") return `diverged at step ${step}: ${reason}`;
  const near = nearestMinimum(surface, [x, y]);
  const where =
    near === undefined
      ? "; there is no minimum"
      : `, ${short(near.distance)} from the minimum at ${pair(near.point)}`;
  return `ended at ${pair([x, y])} after ${step} ${step === 1 ? "step" : "steps"}: f = ${short(f)}${where}`;
}

const short = (value: number) => String(Number(value.toPrecision(4)));
const pair = ([x, y]: readonly [number, number]) => `(${short(x)}, ${short(y)})`;

interface Walked extends Omit<Options, "surface" | "rule" | "schedule" | "start"> {
  surface: Surface;
  rule: { name: string };
  schedule: { spec: string } | undefined;
  hyper: Readonly<Record<string, number>>;
  start: readonly [number, number];
  walked: Walk;
}

function record({ surface, rule, hyper, schedule, engine, start, walked }: Walked) {
  const { path, status, reason } = walked;
  const end = path.at(-1)!;
  const near = nearestMinimum(surface, [end.x, end.y]);
  return {
    surface: { name: surface.name, formula: surface.formula, latex: surface.latex, source: surface.source },
    rule: rule.name,
    hyper,
    schedule: schedule?.spec ?? null,
    engine,
    start,
    status,
    reason,
    end,
    nearestMinimum:
      near === undefined ? null : { x: near.point[0], y: near.point[1], distance: near.distance },
    path,
  };
}

function help(): string {
  const rows = Object.values(surfaces).map(({ name, formula, start }) => [
    `  ${name}`,
    formula,
    `from ${start.join(",")}`,
  ]);
  return `
Surfaces:
${columns(rows)}
Examples:
  $ thalweg walk --surface rosenbrock --rule adam --set lr=0.05 --start -1.5,2 --steps 500 --plot walk.svg
  $ thalweg walk --surface quadratic --condition 100 --rule momentum --set lr=0.01 --set momentum=0.8 --json`;
}
