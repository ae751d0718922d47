/**
 * Arbitrary curves for property tests: every kind, every parameter, from the catalogue's own ranges, and trees of them.
 */
import fc from "fast-check";
import type { Curve, SimpleCurve } from "./curve.ts";

const steps = fc.integer({ min: 5, max: 5_000 });
const share = fc.double({ min: 0, max: 1, noNaN: true });
const above = (least: number, most: number) => fc.double({ min: least, max: most, noNaN: true });
const rate = above(1e-3, 1);
const kind = <K extends SimpleCurve["kind"]>(name: K) => fc.constant(name);
const anneal = fc.constantFrom("cos" as const, "linear" as const);
const past = fc.constantFrom("hold" as const, "continue" as const);
const dialect = fc.constantFrom("torch" as const, "optax" as const, "keras" as const);
const shape = fc.constantFrom("sqrt" as const, "linear" as const, "cosine" as const, "square" as const);
const rising = fc.uniqueArray(fc.integer({ min: 1, max: 6_000 }), { minLength: 1, maxLength: 5 });
const sorted = rising.map((list) => list.sort((a, b) => a - b));
const wave = {
  steps,
  up: fc.integer({ min: 1, max: 300 }),
  mode: fc.constantFrom("triangular" as const, "triangular2" as const, "exp_range" as const),
  gamma: rate,
};
const cycle = {
  steps,
  pct: above(0.25, 0.5),
  anneal,
  phases: fc.constantFrom(2 as const, 3 as const),
};

/** `given` always, `left` perhaps. */
function record<G extends object, L extends object>(
  given: { [K in keyof G]: fc.Arbitrary<G[K]> },
  left: { [K in keyof L]: fc.Arbitrary<L[K]> },
): fc.Arbitrary<G & Partial<L>> {
  const requiredKeys = Object.keys(given) as (keyof G)[];
  return fc.record({ ...given, ...left } as { [K in keyof (G & L)]: fc.Arbitrary<(G & L)[K]> }, {
    requiredKeys,
  }) as fc.Arbitrary<G & Partial<L>>;
}

/** What stays in [0, 1] and needs no metric. */
export const simpleCurve: fc.Arbitrary<SimpleCurve> = fc.oneof(
  fc.record({ kind: kind("constant"), steps, factor: share }),
  fc.record({ kind: kind("linear"), steps, from: share, to: share }),
  record(
    { kind: kind("warmup"), steps },
    { from: share, shape: fc.constantFrom("linear" as const, "constant" as const) },
  ),
  record({ kind: kind("cosine"), steps, floor: share }, { exponent: above(0.5, 3), past, dialect }),
  record(
    {
      kind: kind("cosine-restarts"),
      steps,
      first: fc.integer({ min: 1, max: 500 }),
      mult: fc.oneof(fc.constantFrom(1, 2, 3), above(1, 3)),
      floor: share,
      decay: rate,
    },
    { past },
  ),
  record(
    {
      kind: kind("warmup-cosine"),
      steps,
      warmup: fc.nat(4),
      from: share,
      floor: share,
      exponent: above(0.5, 3),
    },
    { dialect: fc.constantFrom("optax" as const, "keras" as const) },
  ),
  fc.record({ kind: kind("onecycle"), ...cycle, div: above(1, 100), finalDiv: above(1, 1e6) }),
  fc.record({ kind: kind("onecycle-momentum"), ...cycle, low: above(0, 0.9), high: above(0.9, 1) }),
  record({ kind: kind("cyclic"), ...wave, low: share }, { past, down: fc.integer({ min: 1, max: 99 }) }),
  record({ kind: kind("cyclic-momentum"), ...wave, low: above(0, 0.8), high: above(0.8, 1) }, { past }),
  record({ kind: kind("step"), steps, every: fc.integer({ min: 1, max: 500 }), gamma: rate }, { past }),
  record({ kind: kind("multistep"), steps, milestones: sorted, gamma: share }, { dialect }),
  record(
    {
      kind: kind("piecewise"),
      steps,
      boundaries: fc.constant([3, 70]),
      values: fc.tuple(share, share, share),
    },
    { dialect },
  ),
  record(
    { kind: kind("exponential"), steps, gamma: rate },
    { every: above(0.5, 50), stairs: fc.constantFrom("no" as const, "yes" as const), floor: share, past },
  ),
  record({ kind: kind("exponential"), steps, rate: above(1e-5, 2) }, { past }),
  record({ kind: kind("polynomial"), steps, power: above(0.1, 5), floor: share }, { past }),
  record({ kind: kind("inverse-time"), steps, rate: above(0, 5), every: above(1, 100) }, { past }),
  record({ kind: kind("inverse-sqrt"), steps, timescale: fc.integer({ min: 1, max: 20_000 }) }, { past }),
  record({ kind: kind("decreasing"), steps, mu: above(0.5, 4) }, { past }),
  fc.record({ kind: kind("rex"), steps, floor: share }),
  fc.record({ kind: kind("wsd"), steps, warmup: fc.nat(2), decay: fc.nat(3), shape, floor: share }),
  fc.record({ kind: kind("trapezoid"), steps, warmup: fc.nat(2), decay: fc.nat(3), floor: share }),
  fc.record({
    kind: kind("cooldown"),
    steps,
    shape: fc.constantFrom("exponential" as const, "sqrt" as const),
    floor: rate,
  }),
);

/** Trees of them, whose leaves end at the same time where they are factors of one product. */
export const anyCurve: fc.Arbitrary<Curve> = fc.letrec<{ curve: Curve }>((tie) => ({
  curve: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    simpleCurve,
    fc.record({
      kind: fc.constant("sequence" as const),
      parts: fc
        .array(tie("curve"), { minLength: 2, maxLength: 4 })
        .map((parts) => parts.flatMap((part) => (part.kind === "sequence" ? part.parts : [part]))), // as text is read
    }),
    fc.record({ kind: fc.constant("product" as const), parts: fc.tuple(tie("curve"), tie("curve")) }),
    fc.record({ kind: fc.constant("scale" as const), factor: share, of: tie("curve") }),
    record(
      { kind: fc.constant("clamp" as const), low: above(0, 0.5), of: tie("curve") },
      { high: above(0.5, 1) },
    ),
    fc.record({ kind: fc.constant("shift" as const), by: fc.integer({ min: 0, max: 90 }), of: tie("curve") }),
    fc.record({
      kind: fc.constant("repeat" as const),
      times: fc.integer({ min: 1, max: 4 }),
      of: tie("curve"),
    }),
    fc.record({ kind: fc.constant("during" as const), steps, of: tie("curve") }),
    fc.record({
      kind: fc.constant("epochs" as const),
      stepsPerEpoch: fc.integer({ min: 1, max: 40 }),
      of: tie("curve"),
    }),
  ),
})).curve;
