/**
 * Penalties and constraints with a proximal step in closed form, one after the other: value, step, and above the step where it
 * comes from. Norms shrink, constraints project.
 *
 * Source  Parikh & Boyd 2014, §6; Bach, Jenatton, Mairal & Obozinski, arXiv:1108.0775, §3.3 (groups). Others are named where they stand.
 */
import { Matrix, SVD } from "ml-matrix";
import { checkPenalty, copyInto, insideOrInfinite, type Penalty, ROUNDING } from "./penalty.ts";

export { none } from "./penalty.ts";

const nonNegativeAnd = (name: string, numbers: Readonly<Record<string, number>>) => {
  for (const [what, value] of Object.entries(numbers)) {
    checkPenalty(name, what, value, value >= 0 && value < Number.POSITIVE_INFINITY, "finite and at least 0");
  }
};

const positive = (name: string, what: string, value: number) =>
  checkPenalty(name, what, value, value > 0 && value < Number.POSITIVE_INFINITY, "finite and above 0");

const norm = (x: Float64Array): number => Math.sqrt(x.reduce((sum, one) => sum + one * one, 0));
const norm1 = (x: Float64Array): number => x.reduce((sum, one) => sum + Math.abs(one), 0);

/** x moved towards 0 by at most t, and not past it: the proximal step of t|x|. */
export const shrink = (x: number, t: number): number => (x > t ? x - t : x < -t ? x + t : 0);

/** λ‖x‖₁: the lasso's. */
export function l1(lambda: number): Penalty {
  nonNegativeAnd("l1", { lambda });
  return {
    name: "l1",
    formula: "λ‖x‖₁",
    value: (x) => lambda * norm1(x),
    // 0 ∈ u − x + sλ ∂|u|  ⇒  u = sign(x) max(|x| − sλ, 0)
    prox(x, s, out) {
      for (let i = 0; i < x.length; i++) out[i] = shrink(x[i]!, s * lambda);
      return out;
    },
  };
}

/** λ‖x‖₂, not squared: one group that is zero as a whole, or not at all. */
export function l2(lambda: number): Penalty {
  nonNegativeAnd("l2", { lambda });
  return {
    name: "l2",
    formula: "λ‖x‖₂",
    value: (x) => lambda * norm(x),
    // u = x max(1 − sλ/‖x‖, 0)
    prox(x, s, out) {
      const length = norm(x);
      const kept = length > s * lambda ? 1 - (s * lambda) / length : 0;
      for (let i = 0; i < x.length; i++) out[i] = kept * x[i]!;
      return out;
    },
  };
}

/** (λ/2)‖x‖²: ridge, or weight decay. */
export function squaredL2(lambda: number): Penalty {
  nonNegativeAnd("squaredL2", { lambda });
  return {
    name: "squaredL2",
    formula: "λ/2 ‖x‖₂²",
    value: (x) => (lambda / 2) * norm(x) ** 2,
    // λu + (u − x)/s = 0  ⇒  u = x / (1 + sλ)
    prox(x, s, out) {
      for (let i = 0; i < x.length; i++) out[i] = x[i]! / (1 + s * lambda);
      return out;
    },
  };
}

/** λ (α‖x‖₁ + (1 − α)/2 ‖x‖²), as glmnet and scikit-learn weigh it. */
export function elasticNet(lambda: number, alpha = 0.5): Penalty {
  nonNegativeAnd("elasticNet", { lambda });
  checkPenalty("elasticNet", "alpha", alpha, alpha >= 0 && alpha <= 1, "in [0, 1]");
  return {
    name: "elasticNet",
    formula: "λ(α‖x‖₁ + (1 − α)/2 ‖x‖₂²)",
    value: (x) => lambda * (alpha * norm1(x) + ((1 - alpha) / 2) * norm(x) ** 2),
    // λ(1 − α)u + (u − x)/s + λα ∂|u| ∋ 0: shrink as l1 does, then divide as squaredL2 does
    prox(x, s, out) {
      const divisor = 1 + s * lambda * (1 - alpha);
      for (let i = 0; i < x.length; i++) out[i] = shrink(x[i]!, s * lambda * alpha) / divisor;
      return out;
    },
  };
}

/**
 * λ Σ_G √|G| ‖x_G‖₂: groups of coordinates that are zero together. √|G| makes groups of any size equally dear.
 *
 * @param groups  coordinates of each group; no coordinate in two of them, and those in none are free
 *
 * Source  Yuan & Lin, J. Royal Statistical Society B 68 (2006) 49–67, eq. 2.1.
 */
export function groupL1(lambda: number, groups: readonly (readonly number[])[]): Penalty {
  nonNegativeAnd("groupL1", { lambda });
  const all = groups.flat();
  const twice = all.find((i, at) => all.indexOf(i) !== at);
  if (twice !== undefined) {
    throw new RangeError(
      `Cannot build groupL1 as groups must not overlap: coordinate ${twice} is in two of them; copy it, or leave it out of one`,
    );
  }
  const normOf = (x: Float64Array, group: readonly number[]) =>
    Math.sqrt(group.reduce((sum, i) => sum + x[i]! ** 2, 0));
  return {
    name: "groupL1",
    formula: "λ Σ √|G| ‖x_G‖₂",
    value: (x) => lambda * groups.reduce((sum, group) => sum + Math.sqrt(group.length) * normOf(x, group), 0),
    // groups do not share coordinates, so each is stepped as l2 is, with λ√|G|
    prox(x, s, out) {
      copyInto(out, x);
      for (const group of groups) {
        const length = normOf(out, group);
        const threshold = s * lambda * Math.sqrt(group.length);
        const kept = length > threshold ? 1 - threshold / length : 0;
        for (const i of group) out[i]! *= kept;
      }
      return out;
    },
  };
}

/** low ≤ xᵢ ≤ high; a number is the same bound for every coordinate, and ±∞ is none. */
export function box(low: number | Float64Array, high: number | Float64Array): Penalty {
  const lowOf = (i: number) => (typeof low === "number" ? low : low[i]!);
  const highOf = (i: number) => (typeof high === "number" ? high : high[i]!);
  const count = Math.max(...[low, high].map((bound) => (typeof bound === "number" ? 1 : bound.length)));
  for (let i = 0; i < count; i++) {
    checkPenalty("box", `low[${i}]`, lowOf(i), lowOf(i) <= highOf(i), `at most high[${i}] = ${highOf(i)}`);
  }
  return {
    name: "box",
    formula: "low ≤ x ≤ high",
    value: (x) => insideOrInfinite(x.every((one, i) => one >= lowOf(i) && one <= highOf(i))),
    prox(x, _, out) {
      for (let i = 0; i < x.length; i++) out[i] = Math.min(highOf(i), Math.max(lowOf(i), x[i]!));
      return out;
    },
  };
}

/** x ≥ 0. */
export const nonNegative = (): Penalty => ({
  ...box(0, Number.POSITIVE_INFINITY),
  name: "nonNegative",
  formula: "x ≥ 0",
});

/**
 * The simplex {x ≥ 0, Σ xᵢ = total}.
 *
 * Source  Held, Wolfe & Crowder 1974; as in Duchi, Shalev-Shwartz, Singer & Chandra, ICML 2008, figure 1.
 */
export function simplex(total = 1): Penalty {
  positive("simplex", "total", total);
  return {
    name: "simplex",
    formula: "x ≥ 0, Σx = total",
    value(x) {
      const sum = x.reduce((all, one) => all + one, 0);
      return insideOrInfinite(
        Math.abs(sum - total) <= ROUNDING * total && x.every((one) => one >= -ROUNDING * total),
      );
    },
    prox(x, _, out) {
      const t = simplexThreshold(x, total);
      for (let i = 0; i < x.length; i++) out[i] = Math.max(x[i]! - t, 0);
      return out;
    },
  };
}

/** The t for which Σ max(xᵢ − t, 0) = total: with x sorted downwards, (x₁ + … + x_k − total)/k for the last k where it lies below x_k. */
function simplexThreshold(x: Float64Array, total: number): number {
  const sorted = Float64Array.from(x).sort().reverse();
  let sum = 0;
  let t = 0;
  for (let k = 0; k < sorted.length; k++) {
    sum += sorted[k]!;
    const next = (sum - total) / (k + 1);
    if (k > 0 && next >= sorted[k]!) break;
    t = next;
  }
  return t;
}

/** ‖x‖₁ ≤ radius: outside, |x| is projected onto the simplex of that total (Duchi et al. 2008, §4). */
export function l1Ball(radius = 1): Penalty {
  positive("l1Ball", "radius", radius);
  return {
    name: "l1Ball",
    formula: "‖x‖₁ ≤ radius",
    value: (x) => insideOrInfinite(norm1(x) <= radius * (1 + ROUNDING)),
    prox(x, _, out) {
      if (norm1(x) <= radius) return copyInto(out, x);
      const t = simplexThreshold(x.map(Math.abs), radius);
      for (let i = 0; i < x.length; i++) out[i] = shrink(x[i]!, t);
      return out;
    },
  };
}

/** ‖x‖₂ ≤ radius: outside, x is shortened. */
export function l2Ball(radius = 1): Penalty {
  positive("l2Ball", "radius", radius);
  return {
    name: "l2Ball",
    formula: "‖x‖₂ ≤ radius",
    value: (x) => insideOrInfinite(norm(x) <= radius * (1 + ROUNDING)),
    prox(x, _, out) {
      const length = norm(x);
      if (length <= radius) return copyInto(out, x);
      for (let i = 0; i < x.length; i++) out[i] = (radius / length) * x[i]!;
      return out;
    },
  };
}

/**
 * λ‖X‖₊, the sum of the singular values of the matrix X that x holds row by row: few of them remain.
 *
 * Shapes  x (rows · columns)
 * Source  Cai, Candès & Shen, arXiv:0810.3286, theorem 2.1. Singular values from ml-matrix (JAMA's).
 */
export function nuclear(lambda: number, rows: number, columns: number): Penalty {
  nonNegativeAnd("nuclear", { lambda });
  for (const [what, value] of Object.entries({ rows, columns })) {
    checkPenalty("nuclear", what, value, Number.isInteger(value) && value > 0, "a whole number above 0");
  }
  const decompose = (x: Float64Array) => {
    checkPenalty(
      "nuclear",
      "the length of x",
      x.length,
      x.length === rows * columns,
      `rows × columns = ${rows * columns}`,
    );
    return new SVD(Matrix.from1DArray(rows, columns, x), { autoTranspose: true });
  };
  return {
    name: "nuclear",
    formula: "λ‖X‖₊",
    value: (x) => lambda * decompose(x).diagonal.reduce((sum, one) => sum + one, 0),
    // X = U Σ Vᵀ  ⇒  U max(Σ − sλ, 0) Vᵀ: the l1 step on the singular values, since the norm does not see U and V
    prox(x, s, out) {
      const { leftSingularVectors: U, rightSingularVectors: V, diagonal } = decompose(x);
      const kept = Matrix.diag(diagonal.map((one) => shrink(one, s * lambda)));
      out.set(U.mmul(kept).mmul(V.transpose()).to1DArray());
      return out;
    },
  };
}
