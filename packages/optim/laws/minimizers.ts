/**
 * What every minimizer must do: reach the minimum of the problems it claims within a budget, and approach it as fast as its
 * theory says. A claim is a row of a table; a problem that a method could run on and does not claim has a reason beside it.
 *
 * A new method of these families is held to all of it by being in `minimizers`; `minimizers.test.ts` runs the tables.
 */
import {
  buildProblem,
  type Method,
  minimize,
  minimizers,
  type OptionValues,
  type Problem,
  type Result,
  withOptions,
} from "../src/minimizers/index.ts";

/** Problem → evaluations within which F is reached to 1e-8 of its size. */
type Budgets = Readonly<Record<string, number>>;

export interface Claim {
  readonly budgets: Budgets;
  /** Problems that the method could run on and does not claim → why. */
  readonly exempt?: Readonly<Record<string, string>>;
}

/** What the tables say "mds" and the like for: smaller than their defaults, so that a law takes milliseconds. */
export const VARIANTS: Readonly<Record<string, OptionValues>> = { mds: { points: 10 } };

/** The method of this name, for a law that is about it. */
export const named = (name: string, values: OptionValues = {}): Method =>
  withOptions(minimizers[name]!, values);

/** Run until F is within 1e-8 of its least, or the budget is spent. */
export function reach(method: Method, problem: Problem, budget: number, seed = 0): Result {
  const target = problem.least + 1e-8 * (1 + Math.abs(problem.least));
  return minimize(method, problem, problem.start, { budget, target, seed, gradientTolerance: 0 });
}

const NEAREST = "descent ends in the minimum nearest to where it begins, which is not the lowest";
const NO_MINIMUM = "there is no minimum";

/** Of every method that follows gradients down from one point. */
export const LOCAL: Readonly<Record<string, string>> = {
  ackley: NEAREST,
  rastrigin: NEAREST,
  "double-well": NEAREST,
  "narrow-and-wide": NEAREST,
  saddle: NO_MINIMUM,
  "monkey-saddle": NO_MINIMUM,
};

const SLOW =
  "its condition number is 6 000 at the curvatures that matter: steps in proportion to it are not worth their time here";
const FLOOR = "with a constant step it stalls at a floor: a law of its own says where";

/** Evaluations measured once, with half as many again and more to spare: what a change may not double unnoticed. */
export const CLAIMS: Readonly<Record<string, Claim>> = {
  "gradient-descent": {
    budgets: {
      sphere: 10,
      quadratic: 250,
      ellipse: 100,
      matyas: 50,
      booth: 200,
      rosenbrock: 40_000,
      beale: 2_500,
      himmelblau: 60,
      branin: 400,
      "styblinski-tang": 30,
      "goldstein-price": 400,
      "linear-regression": 200,
      "logistic-regression": 30,
      mds: 400,
    },
    exempt: { ...LOCAL, "quadratic-deep": SLOW },
  },
  "steepest-descent": {
    budgets: {
      sphere: 10,
      quadratic: 80,
      ellipse: 60,
      matyas: 30,
      booth: 20,
      rosenbrock: 10_000,
      beale: 2_500,
      himmelblau: 60,
      branin: 200,
      "styblinski-tang": 20,
      "goldstein-price": 100,
      "linear-regression": 200,
      "logistic-regression": 20,
      mds: 300,
    },
    exempt: { ...LOCAL, "quadratic-deep": SLOW },
  },
  "barzilai-borwein": {
    budgets: {
      sphere: 5,
      quadratic: 15,
      ellipse: 15,
      matyas: 15,
      booth: 15,
      rosenbrock: 400,
      beale: 100,
      himmelblau: 20,
      branin: 25,
      "styblinski-tang": 10,
      "goldstein-price": 50,
      "linear-regression": 40,
      "logistic-regression": 10,
      mds: 80,
      "quadratic-deep": 1_500,
    },
    exempt: LOCAL,
  },
  "conjugate-gradient": {
    budgets: {
      sphere: 5,
      quadratic: 15,
      ellipse: 10,
      matyas: 20,
      booth: 10,
      rosenbrock: 100,
      beale: 40,
      himmelblau: 50,
      branin: 30,
      "styblinski-tang": 15,
      "goldstein-price": 40,
      "linear-regression": 40,
      "logistic-regression": 15,
      mds: 100,
      "quadratic-deep": 600,
    },
    exempt: LOCAL,
  },
  "accelerated-gradient": {
    budgets: {
      sphere: 10,
      quadratic: 100,
      ellipse: 50,
      matyas: 60,
      booth: 80,
      rosenbrock: 1_000,
      beale: 250,
      himmelblau: 60,
      branin: 80,
      "styblinski-tang": 30,
      "goldstein-price": 150,
      "linear-regression": 100,
      "logistic-regression": 20,
      mds: 150,
      "quadratic-deep": 2_000,
    },
    exempt: LOCAL,
  },
  sgd: {
    budgets: {},
    exempt: { "linear-regression": FLOOR, "logistic-regression": FLOOR, "quadratic-deep": FLOOR },
  },
  svrg: {
    budgets: { "linear-regression": 50, "logistic-regression": 20 },
    exempt: { "quadratic-deep": SLOW },
  },
  sag: {
    budgets: { "linear-regression": 100, "logistic-regression": 60 },
    exempt: { "quadratic-deep": SLOW },
  },
  saga: {
    budgets: { "linear-regression": 60, "logistic-regression": 40 },
    exempt: { "quadratic-deep": SLOW },
  },
  newton: {
    budgets: {
      sphere: 4,
      quadratic: 4,
      ellipse: 4,
      matyas: 4,
      booth: 4,
      rosenbrock: 100,
      beale: 30,
      himmelblau: 40,
      branin: 20,
      "styblinski-tang": 40,
      "goldstein-price": 40,
      "linear-regression": 4,
      "logistic-regression": 10,
      "quadratic-deep": 4,
    },
    exempt: LOCAL,
  },
  "newton-cg": {
    budgets: {
      sphere: 15,
      quadratic: 30,
      ellipse: 20,
      matyas: 30,
      booth: 40,
      rosenbrock: 150,
      beale: 60,
      himmelblau: 50,
      branin: 40,
      "styblinski-tang": 30,
      "goldstein-price": 80,
      "linear-regression": 60,
      "logistic-regression": 20,
      mds: 120,
      "quadratic-deep": 300,
    },
    exempt: LOCAL,
  },
  bfgs: {
    budgets: {
      sphere: 8,
      quadratic: 10,
      ellipse: 15,
      matyas: 15,
      booth: 15,
      rosenbrock: 60,
      beale: 25,
      himmelblau: 30,
      branin: 15,
      "styblinski-tang": 15,
      "goldstein-price": 40,
      "linear-regression": 40,
      "logistic-regression": 10,
      mds: 90,
      "quadratic-deep": 100,
    },
    exempt: LOCAL,
  },
  dfp: {
    budgets: {
      sphere: 5,
      quadratic: 10,
      ellipse: 10,
      matyas: 20,
      booth: 10,
      rosenbrock: 100,
      beale: 30,
      himmelblau: 40,
      branin: 20,
      "styblinski-tang": 15,
      "goldstein-price": 30,
      "linear-regression": 40,
      "logistic-regression": 15,
      mds: 120,
      "quadratic-deep": 200,
    },
    exempt: LOCAL,
  },
  lbfgs: {
    budgets: {
      sphere: 5,
      quadratic: 15,
      ellipse: 15,
      matyas: 20,
      booth: 15,
      rosenbrock: 70,
      beale: 25,
      himmelblau: 25,
      branin: 15,
      "styblinski-tang": 10,
      "goldstein-price": 25,
      "linear-regression": 25,
      "logistic-regression": 8,
      mds: 40,
      "quadratic-deep": 400,
    },
    exempt: LOCAL,
  },
  sr1: {
    budgets: {
      sphere: 8,
      quadratic: 10,
      ellipse: 8,
      matyas: 10,
      booth: 15,
      rosenbrock: 120,
      beale: 30,
      himmelblau: 20,
      branin: 15,
      "styblinski-tang": 15,
      "goldstein-price": 40,
      "linear-regression": 20,
      "logistic-regression": 10,
      mds: 60,
      "quadratic-deep": 80,
    },
    exempt: LOCAL,
  },
  "gauss-newton": {
    budgets: { booth: 3, rosenbrock: 70, beale: 20, himmelblau: 20, "linear-regression": 3, mds: 20 },
  },
  "levenberg-marquardt": {
    budgets: { booth: 5, rosenbrock: 25, beale: 15, himmelblau: 20, "linear-regression": 5, mds: 10 },
  },
};

/** ‖x − x*‖ of every iterate, for the minimum that the run ended at. */
export function errors(
  method: Method,
  problem: Problem,
  limits: { budget?: number; iterations?: number } = {},
): number[] {
  const { trace, point } = minimize(method, problem, problem.start, {
    trace: "points",
    gradientTolerance: 1e-12,
    ...limits,
  });
  const far = (a: ArrayLike<number>, b: ArrayLike<number>) =>
    Math.hypot(...Array.from(a, (x, i) => x - b[i]!));
  const [minimum] = [...problem.minima].sort((a, b) => far(a, point) - far(b, point));
  return trace.map((entry) => far(entry.point!, minimum!));
}

/**
 * Steps of `stride` that break e₊ ≤ C·eᵖ, for errors between 10⁻² and rounding; each as "e → e₊".
 *
 * Near a minimum a method of order p keeps to this with one C all the way down; one of lower order breaks it, since eᵖ falls
 * faster than the error does.
 */
export function breaches(
  history: readonly number[],
  { C, p, stride }: { C: number; p: number; stride: number },
) {
  return history
    .map((e, k) => [e, history[k + stride] ?? 0] as const)
    .filter(([e, next]) => e < 1e-2 && next > 1e-13 && !(next <= C * e ** p))
    .map(([e, next]) => `${e.toExponential(1)} → ${next.toExponential(1)}`);
}

/** Iterations until F is within 1e-8 of its first distance to the least. */
export function iterationsToReach(method: Method, problem: Problem, share = 1e-8): number {
  const before = problem.value(problem.start) - problem.least;
  const { iterations, reason } = minimize(method, problem, problem.start, {
    target: problem.least + share * before,
    gradientTolerance: 0,
    budget: 1e6,
  });
  if (reason !== "target reached") throw new Error(`${method.name} did not reach ${problem.name}: ${reason}`);
  return iterations;
}

const built = new Map<string, Problem>();

/** What the tables call by a name, at the size that laws use. Problems keep nothing: each is built once. */
export function problemNamed(name: string, values: OptionValues = VARIANTS[name] ?? {}): Problem {
  const key = `${name} ${JSON.stringify(values)}`;
  const problem = built.get(key) ?? buildProblem(name, values);
  built.set(key, problem);
  return problem;
}
