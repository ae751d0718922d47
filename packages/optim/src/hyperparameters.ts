/**
 * What the usual hyperparameters mean and which values they may have, by name. A rule that uses one of these names gets
 * its checks; a name that is not listed may be any finite number.
 */
import { nearest } from "@thalweg/formula";

export interface Hyperparameter {
  meaning: string;
  /** The unit, where it has one: lr turns an update into parameter units. */
  unit?: string;
  domain: Domain;
}

/** A set of numbers, as it is written and as it is checked. NaN is in none of them. */
export interface Domain {
  text: string;
  has: (value: number) => boolean;
}

const ANY: Domain = { text: "be a finite number", has: Number.isFinite };
const NON_NEGATIVE: Domain = { text: "be finite and not negative", has: (x) => x >= 0 && x < Infinity };
const POSITIVE: Domain = { text: "be positive", has: (x) => x > 0 };
const WHOLE: Domain = {
  text: "be a whole number, at least 1",
  has: (x) => Number.isSafeInteger(x) && x >= 1,
};
const DECAY: Domain = { text: "be in [0, 1)", has: (x) => x >= 0 && x < 1 };

export const HYPERPARAMETERS: Readonly<Record<string, Hyperparameter>> = {
  lr: { meaning: "learning rate", unit: "parameter units per unit of update", domain: NON_NEGATIVE },
  momentum: { meaning: "decay of the momentum buffer per step", domain: DECAY },
  dampening: {
    meaning: "share of the gradient kept out of the momentum buffer",
    domain: { text: "be in [0, 1]", has: (x) => x >= 0 && x <= 1 },
  },
  alpha: { meaning: "decay of the average of squared gradients per step", domain: DECAY },
  beta1: {
    meaning: "decay of the average of gradients per step; in lion the share of the old average in the step",
    domain: DECAY,
  },
  beta2: {
    meaning: "decay of the average of squared gradients per step; in lion of the average of gradients",
    domain: DECAY,
  },
  eps: {
    meaning: "added to the denominator, so that it is not zero",
    unit: "gradient units",
    domain: NON_NEGATIVE,
  },
  weightDecay: { meaning: "pull of the parameters towards zero", domain: NON_NEGATIVE },
  lrDecay: { meaning: "decay of the learning rate with the step", unit: "1 / step", domain: NON_NEGATIVE },
  rho: {
    meaning:
      "decay of the averages of squares per step; in sophia-g the clipping threshold per unit of Hessian",
    domain: DECAY,
  },
  beta3: {
    meaning: "decay of the third average per step: of squares in adan, of the slow gradients in ademamix",
    domain: DECAY,
  },
  epsRoot: {
    meaning: "added under the root of the denominator",
    unit: "squared gradient units",
    domain: NON_NEGATIVE,
  },
  initialAccumulator: {
    meaning: "what the accumulator of squared gradients starts from",
    unit: "squared gradient units",
    domain: NON_NEGATIVE,
  },
  momentumDecay: { meaning: "how fast momentum warms up", unit: "1 / step", domain: NON_NEGATIVE },
  mix: { meaning: "weight of the slow average beside the fast one", domain: NON_NEGATIVE },
  mixWarmup: { meaning: "steps over which mix rises from zero", unit: "steps", domain: NON_NEGATIVE },
  beta3Warmup: {
    meaning: "steps over which beta3 rises from beta1",
    unit: "steps",
    domain: NON_NEGATIVE,
  },
  lambda: { meaning: "decay of the parameters and of the step size", domain: NON_NEGATIVE },
  power: { meaning: "exponent with which the step size falls", domain: NON_NEGATIVE },
  t0: { meaning: "step from which parameters are averaged", unit: "steps", domain: NON_NEGATIVE },
  etaMinus: {
    meaning: "factor of a coordinate's step when its gradient flips",
    domain: { text: "be in (0, 1)", has: (x) => x > 0 && x < 1 },
  },
  etaPlus: {
    meaning: "factor of a coordinate's step while its gradient keeps its sign",
    domain: { text: "be finite and above 1", has: (x) => x > 1 && x < Infinity },
  },
  minStep: { meaning: "smallest step of a coordinate", unit: "parameter units", domain: NON_NEGATIVE },
  maxStep: { meaning: "largest step of a coordinate", unit: "parameter units", domain: POSITIVE },
  batchSize: { meaning: "examples per batch; tokens in language models", domain: POSITIVE },
  maxNorm: { meaning: "largest Euclidean norm of the gradient", unit: "gradient units", domain: POSITIVE },
  beta2Decay: {
    meaning: "power of the step that the averages' decay follows: 1 - t^beta2Decay",
    domain: { text: "be finite and not positive", has: (x) => x <= 0 && x > -Infinity },
  },
  eps1: { meaning: "smallest root mean square of a gradient", unit: "gradient units", domain: NON_NEGATIVE },
  eps2: { meaning: "smallest root mean square of a parameter that lr is relative to", domain: NON_NEGATIVE },
  clip: { meaning: "largest root mean square of an update", domain: POSITIVE },
  every: {
    meaning: "steps between two refreshes of what is expensive",
    unit: "steps",
    domain: { text: "be a whole number, at least 1", has: (x) => Number.isSafeInteger(x) && x >= 1 },
  },
  shampooBeta: { meaning: "decay of the averages of gradient products per step", domain: DECAY },
  trustCoefficient: { meaning: "size of a step relative to its tensor", domain: POSITIVE },
  maxGradNorm: {
    meaning: "largest Euclidean norm of the gradient of all tensors, inside the rule",
    unit: "gradient units",
    domain: POSITIVE,
  },
  d0: {
    meaning: "first estimate of the distance to the solution, from below",
    unit: "parameter units",
    domain: POSITIVE,
  },
  dCoef: { meaning: "factor of the estimated distance: what to tune instead of lr", domain: POSITIVE },
  growthRate: {
    meaning: "largest factor by which the estimated distance grows per step",
    domain: { text: "be at least 1", has: (x) => x >= 1 },
  },
  layerScale: { meaning: "factor of the learning rate of a group, where lr is shared", domain: NON_NEGATIVE },
  G: {
    meaning: "bound on the gradient's norm, where it is known; 0 without",
    unit: "gradient units",
    domain: NON_NEGATIVE,
  },
  repsRel: { meaning: "first distance, relative to 1 + the norm of the parameters", domain: POSITIVE },
  eta0: { meaning: "learning rate of the first step", domain: POSITIVE },
  rEps: { meaning: "first distance", unit: "parameter units", domain: POSITIVE },
  warmupSteps: {
    meaning: "steps over which the rule itself raises lr from 0",
    unit: "steps",
    domain: NON_NEGATIVE,
  },
  r: { meaning: "power of the step in the weights of the average", domain: NON_NEGATIVE },
  weightLrPower: {
    meaning: "power of the learning rate in the weights of the average",
    domain: NON_NEGATIVE,
  },
  innerMomentum: { meaning: "decay of the average of gradients inside the step", domain: DECAY },
  gain: { meaning: "factor of the automatic learning rate", domain: NON_NEGATIVE },
  mu: { meaning: "assumed strong convexity: how strongly the two iterates attract", domain: NON_NEGATIVE },
  finalLr: {
    meaning: "rate of SGD that every coordinate's rate comes to",
    unit: "parameter units per gradient unit",
    domain: NON_NEGATIVE,
  },
  gamma: {
    meaning: "how fast the bounds of the rates close",
    unit: "1 / step",
    domain: { text: "be in (0, 1)", has: (x) => x > 0 && x < 1 },
  },
  gamma0: { meaning: "inertia of the flow, at first or always", domain: POSITIVE },
  limit: {
    meaning: "largest absolute value of a gradient element",
    unit: "gradient units",
    domain: NON_NEGATIVE,
  },
  clipping: {
    meaning: "largest norm of a gradient, in norms of the parameter that it moves",
    domain: POSITIVE,
  },
  minNorm: { meaning: "smallest norm of a parameter that counts", unit: "parameter units", domain: POSITIVE },
  maxRms: { meaning: "largest root mean square of a gradient", unit: "gradient units", domain: POSITIVE },
  noiseVariance: {
    meaning: "variance of the noise in the first step",
    unit: "squared gradient units",
    domain: NON_NEGATIVE,
  },
  noiseDecay: { meaning: "power of the step with which the variance falls", domain: NON_NEGATIVE },
  l1: {
    meaning: "weight of the sum of absolute values in the loss",
    unit: "gradient units",
    domain: NON_NEGATIVE,
  },
  low: { meaning: "smallest value of a parameter", unit: "parameter units", domain: ANY },
  high: { meaning: "largest value of a parameter", unit: "parameter units", domain: ANY },
  maxParameterNorm: {
    meaning: "largest Euclidean norm of a parameter tensor",
    unit: "parameter units",
    domain: POSITIVE,
  },
  interval: {
    meaning: "steps between two synchronisations, or two parameters that enter an average",
    unit: "steps",
    domain: WHOLE,
  },
  slowStep: {
    meaning: "part of the way that slow weights go after the fast ones",
    domain: { text: "be in (0, 1]", has: (x) => x > 0 && x <= 1 },
  },
  radius: {
    meaning: "how far to look for the worst point nearby",
    unit: "parameter units; in asam multiples of each parameter",
    domain: POSITIVE,
  },
  averageDecay: { meaning: "share of the old average that is kept per step", domain: DECAY },
  start: { meaning: "first step whose parameters enter the average", unit: "steps", domain: WHOLE },
};

/** Raises RangeError when a value is outside the domain of its hyperparameter. */
export function checkHyperparameter(what: string, name: string, value: number): void {
  const local = name.slice(name.lastIndexOf(".") + 1); // "adamw.weightDecay" in a chain is a weightDecay
  const domain = Object.hasOwn(HYPERPARAMETERS, local) ? HYPERPARAMETERS[local]!.domain : ANY;
  if (typeof value !== "number" || !domain.has(value)) {
    throw new RangeError(`Cannot use ${what} as ${name} must ${domain.text}: current value is ${value}`);
  }
}

/** Raises RangeError when a name is not among those that exist, and suggests the nearest, or its names in the chain. */
export function checkHyperparameterName(what: string, name: string, known: readonly string[]): void {
  if (known.includes(name)) return;
  const qualified = known.filter((one) => one.endsWith(`.${name}`)).map((one) => `"${one}"`);
  const close = nearest(name, known);
  const meant = qualified.length > 0 ? qualified.join(" or ") : close && `"${close}"`;
  const hint = meant ? `; did you mean ${meant}?` : "";
  throw new RangeError(
    `Cannot use ${what} as it has no hyperparameter "${name}": it has ${known.join(", ") || "none"}${hint}`,
  );
}
