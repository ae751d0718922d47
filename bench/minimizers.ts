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
import {
  buildProblem,
  evaluate,
  factsOf,
  type Method,
  Minimization,
  minimize,
  minimizers,
  type Objective,
  type Request,
  withOptions,
} from "@thalweg/optim";
import { describeCommit, describeLoad, describeMachine } from "./machine.ts";
import { replaceSection } from "./results.ts";

const load = describeLoad();
const RUNS = 300;

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

/** Microseconds per iteration outside of the function: the least of many runs, each a millisecond or so. */
function overhead(method: Method): { iterations: number; micros: number } {
  const problem = buildProblem("rosenbrock", { n: 10 });
  const limits = { budget: 2_000, gradientTolerance: 1e-10, trace: "values" } as const;
  let iterations = 0;
  const run = () => {
    const { objective, spent } = timed(problem);
    const total = milliseconds(() => {
      ({ iterations } = minimize(method, objective, problem.start, limits));
    });
    return (1e3 * (total - spent())) / iterations;
  };
  return { micros: least(Array.from({ length: RUNS }, run)), iterations };
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

/** Milliseconds of an iteration outside of the function, with a full history: the least of some. */
function lbfgsIteration(): { ms: number; perIteration: number } {
  const method = withOptions(minimizers.lbfgs!, { history: HISTORY });
  const start = Float64Array.from({ length: N }, (_, i) => 1 + (i % 7) / 7);
  const { objective, spent } = timed(wide);
  const search = new Minimization(method, factsOf(objective), start, { gradientTolerance: 0 });
  let gradients = 0;
  const answer = (request: Request) => {
    gradients++;
    return evaluate(objective, request);
  };
  const times: number[] = [];
  for (let iteration = 0; iteration <= ITERATIONS; iteration++) {
    if (iteration === HISTORY + 2) gradients = 0;
    const before = spent();
    const total = milliseconds(() => search.step(answer));
    if (iteration >= HISTORY + 2) times.push(total - (spent() - before));
  }
  return { ms: least(times) - copying(), perIteration: gradients / times.length };
}

/** What `step` does besides: it hands out a copy of the iterate. */
function copying(): number {
  const point = new Float64Array(N).fill(1);
  return least(Array.from({ length: 20 }, () => milliseconds(() => point.slice())));
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
  const all = () => {
    for (let k = 0; k < VECTORS / 4; k++) pass(pairs[k % HISTORY]![0]!, pairs[(k + 1) % HISTORY]![1]!);
  };
  return least(Array.from({ length: ITERATIONS }, () => milliseconds(all)));
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

Time per iteration outside of the function, on Rosenbrock's function in 10 dimensions (least of ${RUNS} runs; the clock itself is in it,
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
