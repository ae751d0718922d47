/**
 * What methods that draw, compare values or step by proximal maps must do: reach the minimum of the problems they claim within a budget, from
 * every one of a few seeds. A claim is a row of a table, to the accuracy that the method is for; a problem that a method could run on and
 * does not claim has a reason beside it.
 *
 * A new method of these families is held to all of it by being in `minimizers`; `searches.test.ts` runs the tables.
 */
import { type Method, minimize, type Problem, type Result } from "../src/minimizers/index.ts";
import { type Claim, LOCAL } from "./minimizers.ts";

export interface SearchClaim extends Claim {
  /** F is reached to this share of 1 + its size. */
  readonly accuracy: number;
  /** One for methods without chance. */
  readonly seeds: readonly number[];
}

export function reachTo(
  method: Method,
  problem: Problem,
  claim: SearchClaim,
  budget: number,
  seed: number,
): Result {
  const target = problem.least + claim.accuracy * (1 + Math.abs(problem.least));
  const limits = { budget, target, seed, gradientTolerance: 0, trace: "none" } as const;
  return minimize(method, problem, problem.start, limits);
}

const NO_MINIMUM = "there is no minimum";
const UNBOUNDED = { saddle: NO_MINIMUM, "monkey-saddle": NO_MINIMUM };
const MANY =
  "four hundred and a hundred dimensions: evaluations in proportion to them, or their square, and seconds";
const HIGH = { lasso: MANY, "quadratic-deep": MANY };
const ENDS_EARLY =
  "its simplex is small, or flat, before it is there: Nelder and Mead's known failure beyond a few dimensions";
const NEIGHBOUR =
  "a minimum beside the lowest is found from some seeds: for one distribution they are all alike";
const ISOTROPIC =
  "one deviation for all directions: evaluations in proportion to a condition number of thousands";
const FALLING = "its gains fall before it is there; they are for noise, not for accuracy";
const NARROW = "the lowest minimum lies in a well too narrow to be seen from the other, in most runs";
const FEW = "a model of the whole box from a few dozen points does not resolve it";
const COSTLY =
  "ten dimensions and more: each choice costs more than this law is worth, and points are too few to learn from";
const EDGE = "the minimum lies at the edge of the domain, where half of what is drawn cannot be used";

const ONE = [0];
const THREE = [1, 2, 3];

export const SEARCHES: Readonly<Record<string, SearchClaim>> = {
  ista: { accuracy: 1e-6, seeds: ONE, budgets: { lasso: 12_000, reddi: 11 } },
  fista: { accuracy: 1e-8, seeds: ONE, budgets: { lasso: 1_500, reddi: 11 } },
  "projected-gradient": { accuracy: 1e-8, seeds: ONE, budgets: { lasso: 320, reddi: 6 } },
  "proximal-newton": { accuracy: 1e-8, seeds: ONE, budgets: { lasso: 10 } },
  admm: { accuracy: 1e-8, seeds: ONE, budgets: { lasso: 450 } },
  "nelder-mead": {
    accuracy: 1e-6,
    seeds: ONE,
    budgets: {
      ...{ sphere: 100, quadratic: 110, ellipse: 100, matyas: 110, booth: 160, rosenbrock: 220, beale: 130 },
      ...{
        himmelblau: 120,
        branin: 95,
        "styblinski-tang": 110,
        "goldstein-price": 110,
        "narrow-and-wide": 90,
      },
    },
    exempt: {
      ...{ ackley: LOCAL.ackley!, rastrigin: LOCAL.rastrigin!, "double-well": LOCAL["double-well"]! },
      ...{ "linear-regression": ENDS_EARLY, "logistic-regression": ENDS_EARLY, mds: ENDS_EARLY, reddi: EDGE },
      ...UNBOUNDED,
      ...HIGH,
    },
  },
  powell: {
    accuracy: 1e-6,
    seeds: ONE,
    budgets: {
      ...{ sphere: 30, quadratic: 30, ellipse: 30, matyas: 90, booth: 90, rosenbrock: 850, beale: 200 },
      ...{ himmelblau: 95, branin: 95, ackley: 200, rastrigin: 70, "styblinski-tang": 40 },
      ...{ "linear-regression": 500, "logistic-regression": 280, mds: 3_200, reddi: 25 },
    },
    exempt: {
      "goldstein-price": LOCAL.ackley!,
      "double-well": LOCAL["double-well"]!,
      "narrow-and-wide": NARROW,
      ...UNBOUNDED,
      ...HIGH,
    },
  },
  "compass-search": {
    accuracy: 1e-6,
    seeds: ONE,
    budgets: {
      ...{ sphere: 75, quadratic: 75, ellipse: 65, matyas: 140, booth: 170, rosenbrock: 42_000, beale: 32 },
      ...{ himmelblau: 160, branin: 220, ackley: 300, "styblinski-tang": 130, "goldstein-price": 550 },
      ...{
        "narrow-and-wide": 110,
        "linear-regression": 1_700,
        "logistic-regression": 1_600,
        mds: 9_500,
        reddi: 10,
      },
    },
    exempt: { rastrigin: LOCAL.rastrigin!, "double-well": LOCAL["double-well"]!, ...UNBOUNDED, ...HIGH },
  },
  "hooke-jeeves": {
    accuracy: 1e-6,
    seeds: ONE,
    budgets: {
      ...{ sphere: 25, quadratic: 25, ellipse: 20, matyas: 160, booth: 70, rosenbrock: 420, beale: 110 },
      ...{ himmelblau: 30, branin: 200, ackley: 400, "styblinski-tang": 90, "goldstein-price": 140 },
      ...{ "linear-regression": 850, "logistic-regression": 800, mds: 3_800, reddi: 10 },
    },
    exempt: {
      rastrigin: LOCAL.rastrigin!,
      "double-well": LOCAL["double-well"]!,
      "narrow-and-wide": NARROW,
      ...UNBOUNDED,
      ...HIGH,
    },
  },
  "zero-order-descent": {
    accuracy: 1e-6,
    seeds: THREE,
    budgets: {
      ...{ sphere: 1_100, quadratic: 1_300, ellipse: 1_200, matyas: 700, booth: 1_300, rosenbrock: 36_000 },
      ...{ himmelblau: 1_300, branin: 950, "styblinski-tang": 800, "goldstein-price": 1_500 },
      ...{ "linear-regression": 7_500, "logistic-regression": 4_800, mds: 18_000, reddi: 1_100 },
    },
    exempt: { beale: NEIGHBOUR, ...LOCAL, ...HIGH },
  },
  spsa: {
    accuracy: 1e-3,
    seeds: THREE,
    budgets: {
      ...{ sphere: 1_300, ellipse: 4_800, himmelblau: 480, branin: 2_600, "goldstein-price": 3_400 },
      ...{ "narrow-and-wide": 750, "linear-regression": 4_200, reddi: 4_000 },
    },
    exempt: {
      ...{ quadratic: FALLING, matyas: FALLING, booth: FALLING, rosenbrock: FALLING, beale: FALLING },
      ...{ "styblinski-tang": NEIGHBOUR, "logistic-regression": FALLING, mds: FALLING },
      ...{ ackley: LOCAL.ackley!, rastrigin: LOCAL.rastrigin!, "double-well": LOCAL["double-well"]! },
      ...UNBOUNDED,
      ...HIGH,
    },
  },
  "genetic-algorithm": {
    accuracy: 1e-6,
    seeds: THREE,
    budgets: {
      ...{ sphere: 1_500, quadratic: 1_500, ellipse: 1_500, matyas: 2_400, booth: 2_200, rosenbrock: 8_500 },
      ...{ beale: 2_800, himmelblau: 2_800, branin: 2_400, ackley: 4_000, rastrigin: 4_800 },
      ...{ "styblinski-tang": 1_900, "goldstein-price": 2_400, "double-well": 800 },
      ...{ "linear-regression": 12_000, "logistic-regression": 12_000, reddi: 750 },
    },
    exempt: {
      "narrow-and-wide": NARROW,
      mds: "crossover mixes coordinates of maps that are turned differently: slow beyond a percent",
      ...UNBOUNDED,
      ...HIGH,
    },
  },
  "evolution-strategy": {
    accuracy: 1e-6,
    seeds: THREE,
    budgets: {
      ...{
        sphere: 380,
        quadratic: 500,
        ellipse: 400,
        matyas: 550,
        booth: 550,
        beale: 1_600,
        himmelblau: 460,
      },
      ...{ branin: 600, ackley: 950, "goldstein-price": 420, "linear-regression": 2_800 },
      ...{ "logistic-regression": 1_900, mds: 6_500 },
      reddi: 400,
    },
    exempt: {
      ...{
        rosenbrock: ISOTROPIC,
        rastrigin: NEIGHBOUR,
        "styblinski-tang": NEIGHBOUR,
        "double-well": NEIGHBOUR,
      },
      ...{ "narrow-and-wide": NARROW },
      ...UNBOUNDED,
      ...HIGH,
    },
  },
  "differential-evolution": {
    accuracy: 1e-6,
    seeds: THREE,
    budgets: {
      ...{ sphere: 1_100, quadratic: 1_200, ellipse: 1_000, matyas: 1_100, booth: 1_300, rosenbrock: 2_000 },
      ...{ beale: 1_200, himmelblau: 1_900, branin: 1_500, ackley: 2_200, rastrigin: 2_800 },
      ...{ "styblinski-tang": 1_200, "goldstein-price": 1_200, "double-well": 180, "narrow-and-wide": 1_300 },
      ...{ "linear-regression": 36_000, reddi: 360 },
    },
    exempt: {
      "logistic-regression": "reached as linear regression is, with forty times the work per evaluation",
      mds: "differences of maps that are turned differently point nowhere: far away after thirty thousand",
      ...UNBOUNDED,
      ...HIGH,
    },
  },
  "cma-es": {
    accuracy: 1e-6,
    seeds: THREE,
    budgets: {
      ...{
        sphere: 360,
        quadratic: 300,
        ellipse: 340,
        matyas: 320,
        booth: 400,
        rosenbrock: 1_300,
        beale: 420,
      },
      ...{ himmelblau: 460, branin: 360, ackley: 700, "goldstein-price": 400, "linear-regression": 1_800 },
      ...{ "logistic-regression": 1_900, mds: 5_500 },
      reddi: 450,
    },
    exempt: {
      ...{ rastrigin: NEIGHBOUR, "styblinski-tang": NEIGHBOUR, "double-well": NEIGHBOUR },
      ...{ "narrow-and-wide": NARROW },
      ...UNBOUNDED,
      ...HIGH,
    },
  },
  xnes: {
    accuracy: 1e-6,
    seeds: THREE,
    budgets: {
      ...{ sphere: 500, quadratic: 440, ellipse: 380, matyas: 420, booth: 550, rosenbrock: 3_400 },
      ...{ himmelblau: 700, branin: 550, "linear-regression": 7_500, "logistic-regression": 8_000 },
      reddi: 500,
    },
    exempt: {
      ...{ beale: NEIGHBOUR, ackley: NEIGHBOUR, rastrigin: NEIGHBOUR, "styblinski-tang": NEIGHBOUR },
      ...{ "goldstein-price": NEIGHBOUR, "double-well": NEIGHBOUR, "narrow-and-wide": NARROW },
      mds: "reached after forty thousand evaluations: its rates for a whole covariance fall as n^−1.5",
      ...UNBOUNDED,
      ...HIGH,
    },
  },
  snes: {
    accuracy: 1e-6,
    seeds: THREE,
    budgets: {
      ...{ sphere: 550, quadratic: 600, ellipse: 550, matyas: 1_700, booth: 750, beale: 1_700 },
      ...{ himmelblau: 650, branin: 550, ackley: 1_200, "goldstein-price": 650 },
      ...{ "linear-regression": 2_400, "logistic-regression": 2_600, mds: 8_000 },
      reddi: 550,
    },
    exempt: {
      rosenbrock: "a valley that bends is not along the axes, and deviations along them are all it has",
      ...{ rastrigin: NEIGHBOUR, "styblinski-tang": NEIGHBOUR, "double-well": NEIGHBOUR },
      ...{ "narrow-and-wide": NARROW },
      ...UNBOUNDED,
      ...HIGH,
    },
  },
  "openai-es": {
    accuracy: 1e-4,
    seeds: THREE,
    budgets: {
      ...{
        sphere: 7_000,
        quadratic: 8_500,
        ellipse: 6_500,
        matyas: 18_000,
        booth: 18_000,
        rosenbrock: 34_000,
      },
      ...{
        beale: 5_500,
        himmelblau: 8_000,
        branin: 12_000,
        "styblinski-tang": 4_200,
        "goldstein-price": 2_800,
      },
      ...{ "narrow-and-wide": 1_600, "linear-regression": 6_000, "logistic-regression": 1_800 },
    },
    exempt: {
      ...{ ackley: LOCAL.ackley!, rastrigin: LOCAL.rastrigin!, "double-well": LOCAL["double-well"]! },
      mds: "its deviation is fixed at 0.02, which leaves an error of about that",
      reddi: EDGE,
      ...UNBOUNDED,
      ...HIGH,
    },
  },
  tpe: {
    accuracy: 1e-1,
    seeds: THREE,
    budgets: {
      ...{ sphere: 80, quadratic: 140, ellipse: 110, matyas: 120, booth: 240, beale: 90, himmelblau: 300 },
      ...{ branin: 240, "styblinski-tang": 240, "goldstein-price": 240, "double-well": 20 },
      ...{ "logistic-regression": 10, reddi: 15 },
    },
    exempt: {
      ...{ rosenbrock: FEW, ackley: FEW, rastrigin: FEW, "narrow-and-wide": NARROW },
      ...{ "linear-regression": COSTLY, mds: COSTLY },
      ...UNBOUNDED,
      ...HIGH,
    },
  },
  "gaussian-process": {
    accuracy: 1e-3,
    seeds: [1, 2],
    budgets: { sphere: 26, ellipse: 30, branin: 44, "double-well": 24, reddi: 17 },
    exempt: {
      quadratic: "as the ellipse, which it is but for scale",
      matyas: "as the sphere, but for a turn",
      "styblinski-tang": "reached in 35 evaluations; branin stands for it",
      ...{ booth: FEW, rosenbrock: FEW, beale: FEW, himmelblau: FEW, ackley: FEW, rastrigin: FEW },
      ...{ "goldstein-price": FEW, "narrow-and-wide": NARROW },
      ...{ "linear-regression": COSTLY, "logistic-regression": COSTLY, mds: COSTLY },
      ...UNBOUNDED,
      ...HIGH,
    },
  },
};
