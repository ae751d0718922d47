/**
 * What minimizers cost beyond the function that they minimize.
 *
 *   overhead   microseconds per iteration at n = 10, less the time of the function itself
 *   memory     an iteration of L-BFGS at n = 10⁶ over a loop that moves the same bytes
 *
 * The loop moves as many vectors as the method must: 8 per pair for the two-loop recursion, and those of the new pair, the
 * direction, the trial point and the norms. The function is as cheap as one can be, a copy of x with a factor.
 *
 * Run: npx tsx bench/minimizers.ts. It replaces its section of RESULTS.md.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { buildProblem, type Method, minimize, minimizers, type Objective, withOptions } from "@thalweg/optim";
import { describeCommit, describeLoad, describeMachine } from "./machine.ts";
import { replaceSection } from "./results.ts";

const load = describeLoad();
const ROUNDS = 9;

const least = (times: readonly number[]) => Math.min(...times);

function milliseconds(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

/** The objective, with the milliseconds that were spent in it. */
function timed(objective: Objective): { objective: Objective; spent: () => number } {
  let total = 0;
  const clocked = <A extends unknown[], R>(work: (...given: A) => R) => {
    return (...given: A): R => {
      const start = performance.now();
      const answer = work(...given);
      total += performance.now() - start;
      return answer;
    };
  };
  const { value, gradient, hessian, product } = objective;
  const wrapped: Objective = {
    ...objective,
    value: clocked(value),
    ...(gradient && { gradient: clocked(gradient) }),
    ...(hessian && { hessian: clocked(hessian) }),
    ...(product && { product: clocked(product) }),
  };
  return { objective: wrapped, spent: () => total };
}

/** Microseconds per iteration outside of the function; the least of several runs. */
function overhead(method: Method): { iterations: number; micros: number } {
  const problem = buildProblem("rosenbrock", { n: 10 });
  const limits = { budget: 2_000, gradientTolerance: 1e-10, trace: "values" } as const;
  for (let warm = 0; warm < 30; warm++) minimize(method, problem, problem.start, limits);
  const runs = Array.from({ length: ROUNDS }, () => {
    const { objective, spent } = timed(problem);
    let iterations = 0;
    const total = milliseconds(() => {
      for (let k = 0; k < 20; k++)
        iterations += minimize(method, objective, problem.start, limits).iterations;
    });
    return { iterations: iterations / 20, micros: (1e3 * (total - spent())) / iterations };
  });
  return { iterations: runs[0]!.iterations, micros: least(runs.map(({ micros }) => micros)) };
}

const N = 1_000_000;
const HISTORY = 10;
const ITERATIONS = 40;

/** An ellipsoid of condition 3, one read and one write per gradient; the start keeps lbfgs busy for long enough. */
const wide: Objective = {
  name: "wide",
  dimension: N,
  value: () => {
    throw new Error("lbfgs asks for gradients");
  },
  gradient: (at, into) => {
    let sum = 0;
    for (let i = 0; i < N; i++) {
      const g = (1 + (i % 64) * 2) * at[i]!;
      into[i] = g;
      sum += g * at[i]!;
    }
    return sum / 2;
  },
};

/** Milliseconds of an iteration outside of the function, with a full history. */
function lbfgsIteration(): { ms: number; perIteration: number } {
  const method = withOptions(minimizers.lbfgs!, { history: HISTORY });
  const start = Float64Array.from({ length: N }, (_, i) => 1 + (i % 7) / 7);
  const at = (iterations: number) => {
    const { objective, spent } = timed(wide);
    let evaluations = 0;
    const total = milliseconds(() => {
      const result = minimize(method, objective, start, { iterations, gradientTolerance: 0 });
      evaluations = result.spent;
    });
    return { own: total - spent(), evaluations };
  };
  at(5);
  const [short, long] = [HISTORY + 2, ITERATIONS].map((iterations) =>
    Array.from({ length: 5 }, () => at(iterations)),
  );
  const own = (runs: { own: number }[]) => least(runs.map((run) => run.own));
  const steps = ITERATIONS - HISTORY - 2;
  return {
    ms: (own(long!) - own(short!)) / steps,
    perIteration: (long![0]!.evaluations - short![0]!.evaluations) / steps,
  };
}

/**
 * Vectors that an iteration must move, at least. Each loop of the recursion reads a pair's s and y and reads and writes d, once
 * fused: 4 per pair and loop. Besides, with the place of the trial point included:
 */
const REST: readonly (readonly [string, number])[] = [
  ["new pair: read d, g, g before; write s, y", 5],
  ["direction begins: read g, write d", 2],
  ["direction scaled in the middle: read and write d", 2],
  ["first and last step of the recursion, not fused", 6],
  ["slope: read g, d", 2],
  ["trial point: read x, d; write it", 3],
  ["slope there: read g, d", 2],
  ["x ← x + td", 3],
  ["norms of d (twice) and g", 3],
  ["best point: read, write", 2],
  ["is the gradient finite: read", 1],
];

const VECTORS = 8 * (HISTORY - 1) + REST.reduce((sum, [, vectors]) => sum + vectors, 0);

/** Milliseconds to move that many vectors, in passes that read three and write one of them, as the recursion does. */
function traffic(): number {
  const pairs = Array.from({ length: HISTORY }, () => [0, 1].map((k) => new Float64Array(N).fill(k + 0.5)));
  const d = new Float64Array(N).fill(1);
  const pass = (x: Float64Array, y: Float64Array) => {
    for (let i = 0; i < N; i++) d[i] = d[i]! + 1e-9 * (x[i]! + y[i]!);
  };
  const passes = VECTORS / 4;
  const times = Array.from({ length: ROUNDS }, () =>
    milliseconds(() => {
      for (let k = 0; k < passes; k++) pass(pairs[k % HISTORY]![0]!, pairs[(k + 1) % HISTORY]![1]!);
    }),
  );
  return least(times);
}

const names = [
  "gradient-descent",
  "barzilai-borwein",
  "conjugate-gradient",
  "accelerated-gradient",
  "newton",
  "newton-cg",
  "bfgs",
  "dfp",
  "lbfgs",
  "sr1",
];
const rows = names.map((name) => {
  const { iterations, micros } = overhead(minimizers[name]!);
  return `| ${name} | ${iterations} | ${micros.toFixed(1)} |`;
});
const { ms, perIteration } = lbfgsIteration();
const bytes = traffic();
const gib = (VECTORS * N * 8) / 2 ** 30;

const section = `## Minimizers

${describeMachine()}. ${describeCommit()}; ${load}.

Time per iteration outside of the function, on Rosenbrock's function in 10 dimensions (least of ${ROUNDS} × 20 runs; the clock itself is in it,
twice per evaluation):

| method | iterations | µs per iteration |
|---|---:|---:|
${rows.join("\n")}

L-BFGS with ${HISTORY} pairs at n = 10⁶, ${perIteration.toFixed(1)} gradients per iteration: ${ms.toFixed(0)} ms per iteration outside of the function. It must move ${VECTORS} vectors,
${gib.toFixed(2)} GiB; a loop that moves as many takes ${bytes.toFixed(0)} ms: **${(ms / bytes).toFixed(2)}×**.
`;

const page = new URL("./RESULTS.md", import.meta.url);
if (!process.argv.includes("--dry"))
  writeFileSync(page, replaceSection(readFileSync(page, "utf8"), "minimizers", section));
process.stdout.write(section);
