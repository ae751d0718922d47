/**
 * How far the loss rises within reach:
 *
 *   max L(θ + δ) − L(θ)    over ‖δ / c‖_p ≤ ρ,   p = 2 or ∞
 *
 * by projected gradient ascent with momentum, whose step halves itself when it stops paying (Auto-PGD). What it finds
 * is a maximum, maybe not the highest: a lower bound, which more steps and starts raise. The worst δ of a few samples
 * is worse for them than that of all; `meanWorstCase` averages over such sets, as sharpness-aware minimization does.
 *
 * Source  Croce & Hein, arXiv:2003.01690, Algorithm 1; Andriushchenko et al., arXiv:2302.07011, who measure sharpness by it.
 * Differs There the first point is drawn; here it is δ = 0, unless the gradient there is exactly zero; `starts` adds drawn ones.
 */

import { norm } from "@thalweg/optim";
import { stream } from "@thalweg/random";
import type { SampledLoss } from "../curvature/sampled-loss.ts";
import type { Estimate } from "../curvature/trace.ts";
import { fromHere, type NeighbourhoodOptions, scaleOf } from "./neighbourhood.ts";

export interface WorstCaseOptions extends NeighbourhoodOptions {
  /** p; ∞ by default. */
  readonly norm?: "2" | "infinity";
  /** Gradients to spend; 20 by default. */
  readonly steps?: number;
  /** How often to climb: from δ = 0, and further times from random points. 1 by default. */
  readonly starts?: number;
  readonly seed?: number;
}

export interface WorstCase {
  /** L(θ) */
  readonly loss: number;
  /** The highest L(θ + δ) that was found. */
  readonly highest: number;
  /** highest − loss */
  readonly rise: number;
}

/** Share of the last step that the new one keeps. */
const KEPT = 0.25; // 1 − α, α = 0.75
/** A step is right while the loss rises in this share of steps. */
const RISING = 0.75;

/** By norm: the direction of steepest ascent for a slope, of length one; and a point brought back to length ρ, in coordinates u = δ/c. */
const NORMS = {
  "2": {
    steepest: (slope: Float64Array) => {
      const size = norm(slope);
      return slope.map((value) => (size > 0 ? value / size : 0));
    },
    project: (u: Float64Array, radius: number) => {
      const size = norm(u);
      if (size > radius) for (let i = 0; i < u.length; i++) u[i]! *= radius / size;
    },
  },
  infinity: {
    steepest: (slope: Float64Array) => slope.map(Math.sign),
    project: (u: Float64Array, radius: number) => {
      for (let i = 0; i < u.length; i++) u[i] = Math.min(radius, Math.max(-radius, u[i]!));
    },
  },
};

/** Find it. θ is afterwards what it was. Raises RangeError for options that cannot be. */
export function worstCase(loss: SampledLoss, options: WorstCaseOptions): Promise<WorstCase> {
  const { radius, norm = "infinity", steps = 20, starts = 1, seed = 0 } = options;
  for (const [name, value] of Object.entries({ steps, starts })) {
    if (Number.isSafeInteger(value) && value >= 1) continue;
    throw new RangeError(
      `Cannot measure sharpness as ${name} must be a whole number, at least 1: current value is ${value}`,
    );
  }
  const c = scaleOf(loss, options);
  const gradient = new Float64Array(c.length);
  return fromHere(loss, async (write) => {
    /** L at u, and its slope in u. */
    const look = async (u: Float64Array): Promise<Height> => {
      write(u.map((value, i) => value * c[i]!));
      const value = await loss.gradient(gradient);
      return { u, value, slope: gradient.map((g, i) => g * c[i]!) };
    };
    const here = await look(new Float64Array(c.length));
    let highest = here.value;
    for (let start = 0; start < starts; start++) {
      const flat = start === 0 && here.slope.every((value) => value === 0);
      const first = start === 0 && !flat ? here : await look(drawn(c, seed, start, radius, norm));
      highest = Math.max(highest, first.value, await ascend(first, look, { radius, norm, steps }));
    }
    return { loss: here.value, highest, rise: highest - here.value };
  });
}

interface Height {
  readonly u: Float64Array;
  readonly value: number;
  readonly slope: Float64Array;
}

/** The highest value on the way up from a point. */
async function ascend(
  first: Height,
  look: (u: Float64Array) => Promise<Height>,
  { radius, norm, steps }: Required<Pick<WorstCaseOptions, "radius" | "norm" | "steps">>,
): Promise<number> {
  const { steepest, project } = NORMS[norm];
  const checkpoints = new Set(checkpointsOf(steps));
  let [here, before, best] = [first, first.u, first];
  let size = 2 * radius;
  /** Since the last checkpoint: rises, steps, whether the size was halved there, and the highest value then. */
  let [rises, since, halved, highestThen] = [0, 0, true, first.value];
  for (let step = 1; step <= steps; step++) {
    const { u, slope } = here;
    const target = steepest(slope).map((a, i) => u[i]! + size * a);
    project(target, radius);
    const next = target.map((z, i) =>
      step === 1 ? z : u[i]! + (1 - KEPT) * (z - u[i]!) + KEPT * (u[i]! - before[i]!),
    );
    project(next, radius);
    before = u;
    const reached = await look(next);
    if (reached.value > here.value) rises++;
    if (reached.value > best.value) best = reached;
    here = reached;
    since++;
    if (!checkpoints.has(step)) continue;
    halved = rises < RISING * since || (!halved && best.value === highestThen);
    if (halved) {
      size /= 2;
      here = best;
      before = best.u;
    }
    [rises, since, highestThen] = [0, 0, best.value];
  }
  return best.value;
}

/** A random point of the neighbourhood, halfway out, in coordinates u = δ/c. */
function drawn(
  c: Float64Array,
  seed: number,
  start: number,
  radius: number,
  norm: "2" | "infinity",
): Float64Array {
  const z = stream(seed, "sharpness/start", start).fillNormal(new Float32Array(c.length));
  const u = NORMS[norm].steepest(c.map((scale, i) => (scale > 0 ? z[i]! : 0)));
  return u.map((value) => 0.5 * radius * value);
}

/** The mean of the rises on several sample sets of one network, each with a worst case of its own. */
export async function meanWorstCase(
  losses: readonly SampledLoss[],
  options: WorstCaseOptions,
): Promise<Estimate> {
  if (losses.length < 2) {
    throw new RangeError(
      `Cannot average worst cases as a standard error needs at least 2 sample sets: found ${losses.length}`,
    );
  }
  const rises: number[] = [];
  for (const loss of losses) rises.push((await worstCase(loss, options)).rise);
  const n = rises.length;
  const value = rises.reduce((sum, rise) => sum + rise, 0) / n;
  const squares = rises.reduce((sum, rise) => sum + (rise - value) ** 2, 0);
  return { value, standardError: Math.sqrt(squares / (n * (n - 1))) };
}

/**
 * Keskar's sharpness, the rise within a small box in percent:
 *
 *   φ = 100 (max f(θ + y) − f(θ)) / (1 + f(θ))      over |yᵢ| ≤ ε (|θᵢ| + 1)
 *
 * Source  Keskar et al., arXiv:1609.04836, Metric 2.1 in the full space; ε is `radius`, 10⁻³ where it is left out.
 * Differs The maximum is Auto-PGD's, not that of ten iterations of L-BFGS-B: on boxes so small both end in the same corner.
 */
export async function keskarSharpness(
  loss: SampledLoss,
  options: Omit<WorstCaseOptions, "scale" | "norm" | "radius"> & { readonly radius?: number } = {},
): Promise<number> {
  const found = await worstCase(loss, { radius: 1e-3, ...options, scale: "keskar", norm: "infinity" });
  return (100 * found.rise) / (1 + found.loss);
}

/** Steps after which the size is judged: shares p of all, p₀ = 0, p₁ = 0.22, each gap 0.03 shorter than the last and at least 0.06. */
function checkpointsOf(steps: number): number[] {
  const shares = [0, 0.22];
  while (shares.at(-1)! < 1) {
    const [before, last] = shares.slice(-2) as [number, number];
    shares.push(last + Math.max(last - before - 0.03, 0.06));
  }
  return shares.slice(1).map((share) => Math.ceil(share * steps));
}
