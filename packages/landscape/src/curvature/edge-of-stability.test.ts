/** The thresholds against the rules themselves: each is run on a parabola just below and just above its own. */
import { Optimizer, type Rule, referenceBackend, rules, withHyper } from "@thalweg/optim";
import { afterAll, describe, expect, test } from "vitest";
import { edgeOperator, SharpnessTracker, stabilityEdge } from "./edge-of-stability.ts";
import { denseOperator } from "./operator.ts";
import { exactNetworks, lossOf } from "./testing.ts";

const loss = lossOf(exactNetworks.classifier);
afterAll(() => loss.release());

/** |θ| after so many steps on ½λθ² from 1; the gradient is λθ. */
function walkParabola(rule: Rule, curvature: number, steps: number): number {
  const [parameters, gradients] = [Float64Array.of(1), Float64Array.of(0)];
  const segments = [{ name: "x", shape: [1], offset: 0, size: 1 }];
  const optimizer = new Optimizer({ backend: referenceBackend, segments, parameters, gradients, rule });
  let largest = 0;
  for (let step = 0; step < steps; step++) {
    gradients[0] = curvature * parameters[0]!;
    optimizer.step();
    if (step > steps - 20) largest = Math.max(largest, Math.abs(parameters[0]!));
  }
  return largest;
}

describe("stabilityEdge()", () => {
  test.each([
    ["sgd", { lr: 0.3 }, 2 / 0.3],
    ["momentum", { lr: 0.1, momentum: 0.9 }, 38],
    ["momentum", { lr: 0.1, momentum: 0.5, dampening: 0.5 }, 60],
    ["nesterov", { lr: 0.1, momentum: 0.9 }, 38 / 2.8],
  ])("of %s at %j is where it begins to diverge: %d", (name, hyper, threshold) => {
    const rule = withHyper(rules[name]!, hyper);
    const edge = stabilityEdge(rule)!;
    expect(edge.threshold(rule.hyper)).toBeCloseTo(threshold, 10);
    expect(walkParabola(rule, 0.99 * threshold, 400)).toBeLessThan(0.1);
    expect(walkParabola(rule, 1.01 * threshold, 400)).toBeGreaterThan(10);
  });

  test("of rmsprop is 2/η in coordinates scaled by √v + ε: a still v lets it be seen", () => {
    const rule = withHyper(rules.rmsprop!, { lr: 0.1, alpha: 1 - 1e-12, eps: 0.5 });
    const edge = stabilityEdge(rule)!;
    expect(edge.threshold(rule.hyper)).toBeCloseTo(20, 10);
    const state = { rule: "rmsprop", step: 1, shape: [2], slots: { v: Float32Array.of(4, 0) }, scalars: {} };
    expect([...edge.diagonal!(rule.hyper, state)]).toEqual([2.5, 0.5]);
    // where v stays at zero D is ε, and the parabola's own curvature may be 20 ε
    expect(walkParabola(rule, 0.99 * 20 * 0.5, 400)).toBeLessThan(0.1);
    expect(walkParabola(rule, 1.01 * 20 * 0.5, 400)).toBeGreaterThan(10);
  });

  test("of adam is 38/η, and scales the coordinates by √v̂ + ε", () => {
    const rule = withHyper(rules.adam!, { lr: 1e-3 });
    const edge = stabilityEdge(rule)!;
    expect(edge.threshold(rule.hyper)).toBeCloseTo(38_000, 6);
    const slots = { m: Float32Array.of(0, 0), v: Float32Array.of(0.0019, 0) };
    const state = { rule: "adam", step: 2, shape: [2], slots, scalars: {} };
    const D = edge.diagonal!(rule.hyper, state); // v̂ = 0.0019 / (1 − 0.999²)
    expect(D[0]).toBeCloseTo(Math.sqrt(0.0019 / 0.001999), 6);
    expect(D[1]).toBe(1e-8);
  });

  test("is undefined for rules and forms of which no condition is known", () => {
    expect(stabilityEdge(rules.lion!)).toBeUndefined();
    expect(stabilityEdge({ name: "momentum", hyper: { lr: 0.1, momentum: 0.9 } })).toBeUndefined(); // the averaged form
    expect(stabilityEdge({ name: "toString", hyper: {} })).toBeUndefined();
  });
});

describe("edgeOperator()", () => {
  const segments = [{ name: "x", shape: [2], offset: 0, size: 2 }];
  const operator = denseOperator([8, 0, 0, 1], segments);
  const adam = stabilityEdge(rules.adam!)!;
  const hyper = { ...rules.adam!.hyper, beta2: 0, eps: 0 };

  test("by hand: diag(8, 1) by D = √(16, 4) has 2 and ½", async () => {
    const slots = { m: Float32Array.of(0, 0), v: Float32Array.of(16, 4) };
    const state = { x: { rule: "adam", step: 1, shape: [2], slots, scalars: {} } };
    const { sharpness } = await new SharpnessTracker(adam).measure(
      edgeOperator(operator, adam, hyper, state),
      hyper,
    );
    expect(sharpness).toBeCloseTo(2, 5);
  });

  test("says which tensor has no state", () => {
    expect(() => edgeOperator(operator, adam, hyper, {})).toThrow("x must have a mean square of 2 numbers");
    expect(edgeOperator(operator, stabilityEdge(rules.sgd!)!, hyper, {})).toBe(operator);
  });
});

describe("SharpnessTracker", () => {
  test("follows λ₁ while parameters move, with fewer products from the second time on", async () => {
    const rule = withHyper(rules.sgd!, { lr: 0.5 });
    const tracker = new SharpnessTracker(stabilityEdge(rule)!, { tolerance: 1e-3 });
    const { vector } = loss;
    const first = await tracker.measure(loss.hessian(), rule.hyper);
    expect(first.sharpness).toBeCloseTo(exactNetworks.classifier.eigenvalues.at(-1)!, 4);
    expect(first).toMatchObject({ threshold: 4, turned: Number.NaN });
    expect(first.ratio).toBeCloseTo(first.sharpness / 4, 12);
    vector.parameters.forEach((value, i) => {
      vector.parameters[i] = value * 1.001;
    });
    const second = await tracker.measure(loss.hessian(), rule.hyper);
    vector.parameters.set(exactNetworks.classifier.parameters);
    expect(second.products).toBeLessThan(first.products);
    expect(second.turned).toBeGreaterThan(0.99);
    expect(Math.abs(second.sharpness - first.sharpness)).toBeLessThan(0.05 * first.sharpness);
    expect(second.sharpness).not.toBe(first.sharpness);
  });
});
