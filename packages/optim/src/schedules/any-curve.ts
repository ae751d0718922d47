/**
 * Arbitrary curves for property tests: every kind, every parameter, from the catalogue's own ranges.
 */
import fc from "fast-check";
import type { Curve, SimpleCurve } from "./curve.ts";

const steps = fc.integer({ min: 5, max: 5_000 });
const share = fc.double({ min: 0, max: 1, noNaN: true });
const rate = fc.double({ min: 1e-3, max: 1, noNaN: true });
const kind = <K extends SimpleCurve["kind"]>(name: K) => fc.constant(name);

const simpleCurve: fc.Arbitrary<SimpleCurve> = fc.oneof(
  fc.record({ kind: kind("constant"), steps, factor: share }),
  fc.record({ kind: kind("linear"), steps, from: share, to: share }),
  fc.record({ kind: kind("warmup"), steps, from: share }, { requiredKeys: ["kind", "steps"] }),
  fc.record({ kind: kind("cosine"), steps, floor: share }),
  fc.record({
    kind: kind("onecycle"),
    steps,
    pct: fc.double({ min: 0.25, max: 0.5, noNaN: true }),
    div: fc.double({ min: 1, max: 100, noNaN: true }),
    finalDiv: fc.double({ min: 1, max: 1e6, noNaN: true }),
    anneal: fc.constantFrom("cos" as const, "linear" as const),
    phases: fc.constantFrom(2 as const, 3 as const),
  }),
  fc.record({ kind: kind("step"), steps, every: fc.integer({ min: 1, max: 500 }), gamma: rate }),
  fc.record({ kind: kind("exponential"), steps, gamma: rate }),
  fc.record({
    kind: kind("polynomial"),
    steps,
    power: fc.double({ min: 0.1, max: 5, noNaN: true }),
    floor: share,
  }),
  fc.record({ kind: kind("inverse-sqrt"), steps, timescale: fc.integer({ min: 1, max: 20_000 }) }),
  fc.record({
    kind: kind("wsd"),
    steps,
    warmup: fc.nat(2),
    decay: fc.nat(3),
    shape: fc.constantFrom("sqrt" as const, "linear" as const, "cosine" as const),
    floor: share,
  }),
);

export const anyCurve: fc.Arbitrary<Curve> = fc.oneof(
  simpleCurve,
  fc.record({
    kind: fc.constant("sequence" as const),
    parts: fc.array(simpleCurve, { minLength: 2, maxLength: 4 }),
  }),
);
