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
  maxNorm: { meaning: "largest Euclidean norm of the gradient", unit: "gradient units", domain: POSITIVE },
  limit: {
    meaning: "largest absolute value of a gradient element",
    unit: "gradient units",
    domain: NON_NEGATIVE,
  },
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
