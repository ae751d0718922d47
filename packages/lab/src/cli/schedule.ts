/** `thalweg schedule SPEC --steps N`: the value at each step, for eyes, for a plot, or for another program. */
import { type Curve, curveSteps, parseSchedules, type Schedule } from "@thalweg/optim";
import type { Command } from "commander";
import { braillePlot } from "../figures/braille.ts";
import type { SchedulePanel } from "../figures/schedule-figure.ts";
import { finiteNumber, required, wholeNumber } from "./arguments.ts";
import { fromUser, UsageError } from "./errors.ts";
import { writeText } from "./files.ts";
import type { Io } from "./io.ts";
import { printJson } from "./print.ts";

interface Options {
  steps?: number;
  base: Bases;
  stepsPerEpoch?: number;
  metrics?: readonly number[];
  plot?: string;
  sparkline?: boolean;
  json?: boolean;
}

/** One base value for every hyperparameter, or one for each. */
type Bases = number | Readonly<Record<string, number>>;

/** A hyperparameter's schedule and what became of it. */
interface Scheduled {
  readonly name: string;
  readonly schedule: Schedule;
  readonly base: number;
  readonly values: readonly number[];
}

const MOST_STEPS = 10_000_000;

const HELP = `
Examples:
  $ thalweg schedule 'warmup(100) > cosine(floor=0.01)' --steps 1000 --base 3e-4
  $ thalweg schedule onecycle --steps 500 --plot onecycle.svg
  $ thalweg schedule 'lr=onecycle; momentum=onecycle-momentum' --steps 500 --base lr=0.1,momentum=0.95
  $ thalweg schedule 'epochs(multistep(milestones=[30, 60]))' --steps 9000 --steps-per-epoch 100
  $ thalweg schedule 'plateau(patience=1)' --steps 100 --metrics 3,2,2,2,2,1`;

export function define(command: Command, io: Io): void {
  command
    .description("Print a schedule: one number per step, the factor times --base.")
    .argument("<spec>", "such as 'warmup(100) > cosine'; see thalweg schedules")
    .option("--steps <n>", "length of the run", wholeNumber("--steps", 1, MOST_STEPS))
    .option("--base <value>", "base value that the factor multiplies, or name=value,…", bases, 1)
    .option(
      "--steps-per-epoch <n>",
      "updates in an epoch, for epochs(…) and 5 epochs",
      finiteNumber("--steps-per-epoch"),
    )
    .option("--metrics <list>", "what a plateau observes, evenly over the run: 3,2,2,1", metrics)
    .option("--plot <file>", "draw it as SVG")
    .option("--sparkline", "draw it on stderr; done by itself on a terminal")
    .option("--json", "print JSON")
    .addHelpText("after", HELP)
    .action((spec: string, options: Options) => print(spec, options, io));
}

async function print(spec: string, options: Options, io: Io): Promise<void> {
  const steps = required("--steps", options.steps, ["the length of the run, such as 1000"]);
  const scheduled = evaluate(spec, steps, options);
  try {
    if (options.plot !== undefined) {
      const { scheduleFigure } = await import("../figures/schedule-figure.ts");
      await writeText(options.plot, scheduleFigure(panels(spec, scheduled)), io);
    }
  } finally {
    // a picture that cannot be written does not cost the result
    if (options.json) printJson(io.stdout, asJson(spec, steps, scheduled));
    else io.stdout.write(asText(scheduled));
  }
  const watched = io.stdout.isTTY === true && options.plot === undefined && !options.json;
  if (!(options.sparkline ?? watched)) return;
  for (const { name, values } of scheduled) {
    io.stderr.write(`${scheduled.length > 1 ? `${name}\n` : ""}${braillePlot(values)}`);
  }
}

function evaluate(
  spec: string,
  steps: number,
  { base, stepsPerEpoch, metrics: seen = [] }: Options,
): Scheduled[] {
  const entries = Object.entries(fromUser(() => parseSchedules(spec, steps, { stepsPerEpoch })));
  const names = entries.map(([name]) => name);
  if (typeof base === "object") {
    const unknown = Object.keys(base).find((name) => !names.includes(name));
    if (unknown !== undefined) {
      throw new UsageError(
        `Cannot use --base for ${unknown} as it has no schedule: there are ${names.join(", ")}`,
      );
    }
  }
  return entries.map(([name, start]) => {
    const schedule = seen.reduce(
      (now, metric, i) => now.after(Math.round(((i + 1) * steps) / (seen.length + 1)), metric),
      start,
    );
    const own = typeof base === "number" ? base : (base[name] ?? 1);
    return {
      name,
      schedule,
      base: own,
      values: Array.from({ length: steps }, (_, k) => own * schedule.at(k)),
    };
  });
}

/** Whether the spec names no hyperparameter: then it is one list of numbers. */
const isPlain = (spec: string, [first, ...more]: readonly Scheduled[]) =>
  more.length === 0 && first?.schedule.spec === spec;

function asJson(spec: string, steps: number, scheduled: readonly Scheduled[]) {
  const [first] = scheduled;
  if (isPlain(spec, scheduled)) {
    const { base, schedule, values } = first!;
    return { spec, steps, base, curve: schedule.curve, values };
  }
  const schedules = scheduled.map(({ name, base, schedule, values }) => [
    name,
    { spec: schedule.spec, base, curve: schedule.curve, values },
  ]);
  return { spec, steps, schedules: Object.fromEntries(schedules) };
}

/** A number per line; of several hyperparameters a column each, under its name, parted by tabs. */
function asText(scheduled: readonly Scheduled[]): string {
  const [first, ...more] = scheduled;
  if (more.length === 0) return first!.values.map((value) => `${value}\n`).join("");
  const head = scheduled.map(({ name }) => name).join("\t");
  const rows = first!.values.map((_, k) => scheduled.map(({ values }) => values[k]).join("\t"));
  return `${head}\n${rows.join("\n")}\n`;
}

function panels(spec: string, scheduled: readonly Scheduled[]): SchedulePanel[] {
  const plain = isPlain(spec, scheduled);
  return scheduled.map(({ name, schedule, base, values }) => {
    const label = plain ? (base === 1 ? "factor" : "value") : name;
    const title = plain ? spec : `${name} = ${schedule.spec}`;
    return { name: label, title, values, parts: partsOf(schedule.curve) };
  });
}

/** Names and starts of the parts of a sequence; nothing for anything else. */
function partsOf(curve: Curve): { name: string; start: number }[] {
  if (curve.kind !== "sequence") return [];
  let start = 0;
  return curve.parts.map((part) => {
    const own = { name: part.kind, start };
    start += curveSteps(part);
    return own;
  });
}

/** `0.1`, or `lr=0.1,momentum=0.95`. */
function bases(text: string): Bases {
  if (!text.includes("=")) return finiteNumber("--base")(text);
  const entries = text.split(",").map((pair) => {
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(pair) ?? [];
    if (name === undefined || value === undefined) {
      throw new UsageError(
        `Cannot use --base as it must be a number or name=value,…: current value is ${text}`,
      );
    }
    return [name.trim(), finiteNumber("--base")(value)] as const;
  });
  return Object.fromEntries(entries);
}

const metrics = (text: string): number[] => text.split(",").map(finiteNumber("--metrics"));
