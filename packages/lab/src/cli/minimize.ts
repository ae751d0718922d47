/** `thalweg minimize`: run a method on a problem; print what it found, why it ended, what it cost, and the way there. */
import { setImmediate } from "node:timers/promises";
import {
  DEFAULT_LIMITS,
  evaluate,
  factsOf,
  type Limits,
  type Method,
  Minimization,
  minimizers,
  type Problem,
  problems,
  type Result,
} from "@thalweg/optim";
import type { Command } from "commander";
import { surfaceOf, type Walk } from "../surfaces/index.ts";
import { finiteNumber, required, wholeNumber } from "./arguments.ts";
import { readMethod, readProblem } from "./calls.ts";
import { fromUser, UsageError } from "./errors.ts";
import { writeText } from "./files.ts";
import { interruptible } from "./interrupt.ts";
import type { Io } from "./io.ts";
import { MOST_COORDINATES, nearest, spent, story } from "./minimize-story.ts";
import { columns, printJson } from "./print.ts";

interface Options {
  problem?: string;
  method?: string;
  start?: readonly number[];
  budget: number;
  iterations?: number;
  tolerance: number;
  target?: number;
  seed: number;
  plot?: string;
  json?: boolean;
}

export function define(command: Command, io: Io): void {
  command
    .description(
      "Minimize a problem with a known minimum: iterates, evaluations of each kind, why it ended; and a picture.",
    )
    .option("--problem <problem>", "a name, or a name with options: rosenbrock(n=10); see thalweg problems")
    .option("--method <method>", "a name, or a name with options: lbfgs(history=5); see thalweg minimizers")
    .option("--start <x,y,…>", "where to begin (default: the problem's own)", coordinates)
    .option(
      "--budget <evaluations>",
      "most evaluations of all kinds; a component of a finite sum is one N-th",
      wholeNumber("--budget", 0),
      10_000,
    )
    .option("--iterations <n>", "most iterations", wholeNumber("--iterations", 0))
    .option(
      "--tolerance <number>",
      "end where no entry of the gradient is larger",
      finiteNumber("--tolerance"),
      DEFAULT_LIMITS.gradientTolerance,
    )
    .option("--target <value>", "end where the value is at most this", finiteNumber("--target"))
    .option("--seed <n>", "seed of methods that draw", wholeNumber("--seed", 0), 0)
    .option("--plot <file>", "draw the path over contours, or the convergence, as SVG")
    .option("--json", "print JSON with the whole trace")
    .addHelpText("after", help())
    .action(async (options: Options) => {
      const prepared = prepare(options);
      const { problem, search } = prepared;
      const found = await interruptible(
        io,
        "Interrupted: this is how far it came. Again to end at once.",
        (signal) => run(search, problem, signal),
      );
      const done = { ...options, ...prepared, found };
      try {
        if (options.plot !== undefined) await writeText(options.plot, await picture(done), io);
      } finally {
        // a picture that cannot be written does not cost the result
        if (options.json) printJson(io.stdout, record(done));
        else io.stdout.write(story(done));
      }
    });
}

interface Prepared {
  readonly problem: Problem;
  readonly method: Method;
  /** As they were asked for. */
  readonly written: { readonly problem: string; readonly method: string };
  readonly from: readonly number[];
  readonly search: Minimization;
}

/** What the user wrote, read and checked: nothing has run. */
function prepare(options: Options): Prepared {
  const { budget, iterations, tolerance, target, seed } = options;
  return fromUser(() => {
    const asked = readProblem(required("--problem", options.problem, Object.keys(problems)));
    const by = readMethod(required("--method", options.method, Object.keys(minimizers)));
    const { problem } = asked;
    const from = options.start ?? [...problem.start];
    const limits: Limits = {
      budget,
      gradientTolerance: tolerance,
      seed,
      trace: options.json || problem.dimension <= MOST_COORDINATES ? "points" : "values",
      ...(iterations === undefined ? {} : { iterations }),
      ...(target === undefined ? {} : { target }),
    };
    return {
      problem,
      method: by.method,
      written: { problem: asked.written, method: by.written },
      from,
      search: new Minimization(by.method, factsOf(problem), from, limits),
    };
  });
}

/** How long to compute before signals are looked at. */
const BREATH_MS = 50;

async function run(search: Minimization, problem: Problem, signal: AbortSignal): Promise<Result> {
  let rested = performance.now();
  for (let request = search.ask(); request !== undefined; request = search.ask()) {
    search.tell(search.attempt(request, (asked) => evaluate(problem, asked)));
    if (performance.now() - rested < BREATH_MS) continue;
    await setImmediate();
    if (signal.aborted) return search.stop("Ctrl-C");
    rested = performance.now();
  }
  return search.result!;
}

interface Done extends Omit<Options, "problem" | "method">, Prepared {
  found: Result;
}

/** The path over contours where there are two dimensions, else the convergence. */
async function picture({ problem, written, found }: Done): Promise<string> {
  const title = `${written.method} on ${written.problem}`;
  const subtitle = `${found.iterations} iterations, ${spent(found)} · ${found.reason}`;
  if (problem.dimension === 2 && problem.view !== undefined) {
    const { walkFigure } = await import("../figures/walk-figure.ts");
    return walkFigure({ surface: surfaceOf(problem), walk: walked(found), title, subtitle });
  }
  const { convergenceFigure } = await import("../figures/convergence-figure.ts");
  return convergenceFigure({ title, subtitle, trace: found.trace, problem });
}

function walked({ trace, reason, detail }: Result): Walk {
  const lost = reason === "value is not finite" || reason === "unbounded below";
  const path = trace.map(({ iteration, point, value, gradientNorm = Number.NaN }) => ({
    step: iteration,
    x: point![0]!,
    y: point![1]!,
    f: value,
    gradientNorm,
  }));
  return { path, status: lost ? "diverged" : "finished", reason: lost ? detail : "" };
}

function record({ problem, method, written, from, budget, seed, found }: Done) {
  const { name, formula, latex, source, dimension, least, minima } = problem;
  const { trace, point, ...result } = found;
  return {
    problem: {
      written: written.problem,
      name,
      formula,
      latex,
      source,
      dimension,
      least,
      minima: minima.map((m) => [...m]),
    },
    method: { written: written.method, name: method.name, options: method.values, source: method.source },
    start: from,
    budget,
    seed,
    reason: result.reason,
    detail: result.detail,
    point: [...point],
    value: result.value,
    gradientNorm: result.gradientNorm ?? null,
    aboveLeast: Number.isFinite(least) ? result.value - least : null,
    nearestMinimum: problem.freedom === undefined ? (nearest(problem, point) ?? null) : null,
    iterations: result.iterations,
    evaluations: result.evaluations,
    spent: result.spent,
    trace: trace.map(({ point: at, ...entry }) => ({ ...entry, point: [...at!] })),
  };
}

function coordinates(text: string): number[] {
  const values = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  if (values.every(Number.isFinite)) return values;
  throw new UsageError(
    `Cannot start there as --start must be finite numbers with commas between them, for example -1.2,1: current value is ${text}`,
  );
}

function help(): string {
  const families = new Map<string, string[]>();
  for (const { family, name } of Object.values(minimizers)) {
    families.set(family, [...(families.get(family) ?? []), name]);
  }
  const rows = [...families].map(([family, names]) => [`  ${family}`, names.join(", ")]);
  return `
Methods:
${columns(rows)}
Examples:
  $ thalweg minimize --problem rosenbrock --method bfgs --plot bfgs.svg
  $ thalweg minimize --problem 'quadratic(kappa=1e4, n=20)' --method conjugate-gradient
  $ thalweg minimize --problem himmelblau --method nelder-mead --start 0,0 --budget 200 --json`;
}
