/** Trace and density, which are drawn: against exact values, and against their own error bars over many seeds. */
import { stream } from "@thalweg/random";
import { afterAll, describe, expect, test } from "vitest";
import { defaultDeviation, densityAt, moment, nodeRange, shareBelow, spectralDensity } from "./density.ts";
import { denseOperator } from "./operator.ts";
import { exactNetworks, lossOf, matrixWith } from "./testing.ts";
import { trace } from "./trace.ts";

const { classifier } = exactNetworks;
const loss = lossOf(classifier);
afterAll(() => loss.release());

/** A dense matrix with the spectrum of the classifier's Hessian: a product of it takes no kernel. */
const random = stream(1, "test");
const hessian = denseOperator(matrixWith(classifier.eigenvalues, () => random.normal()));
const exactTrace = classifier.eigenvalues.reduce((sum, value) => sum + value, 0);
const P = classifier.eigenvalues.length;

describe("trace()", () => {
  test.each([
    ["classifier", 10],
    ["regression", 0],
  ] as const)("acceptance 7: lies within three standard errors in 95 of 100 seeds: %s, sketch %i", async (name, sketch) => {
    const { eigenvalues } = exactNetworks[name];
    const hessian = denseOperator(matrixWith(eigenvalues, () => random.normal()));
    const exactTrace = eigenvalues.reduce((sum, value) => sum + value, 0);
    let within = 0;
    let squares = 0;
    for (let seed = 0; seed < 100; seed++) {
      const { value, standardError } = await trace(hessian, { seed, sketch, products: 50, tolerance: 1e-3 });
      if (Math.abs(value - exactTrace) <= 3 * standardError) within++;
      squares += ((value - exactTrace) / standardError) ** 2;
    }
    expect(within).toBeGreaterThanOrEqual(95);
    // bars that were far too long would pass that: deviations are about as large as the bars say
    expect(Math.sqrt(squares / 100)).toBeGreaterThan(0.7);
    expect(Math.sqrt(squares / 100)).toBeLessThan(1.3);
  });

  test("of every tensor lies within its error, too, and they add up", async () => {
    const { value, tensors, products, standardError } = await trace(loss.hessian(), {
      products: 120,
      tolerance: 1e-3,
    });
    expect(products).toBe(120);
    const estimates = Object.values(tensors);
    expect(Object.keys(tensors)).toEqual(["0.weight", "0.bias", "2.weight", "2.bias", "4.weight", "4.bias"]);
    estimates.forEach((estimate, k) => {
      expect(Math.abs(estimate.value - classifier.tensorTraces[k]!)).toBeLessThan(4 * estimate.standardError);
    });
    expect(estimates.reduce((sum, estimate) => sum + estimate.value, 0)).toBeCloseTo(value, 4);
    expect(Math.abs(value - exactTrace)).toBeLessThan(4 * standardError);
  });

  test("is exact where the sketch spans the matrix: rank 3 in 30 dimensions", async () => {
    const eigenvalues = Array.from({ length: 30 }, (_, k) => [7, -2, 1][k] ?? 0);
    const low = denseOperator(matrixWith(eigenvalues, () => random.normal()));
    const { value, standardError, converged } = await trace(low, { sketch: 6 });
    expect(value).toBeCloseTo(6, 4);
    expect(standardError).toBeLessThan(1e-4);
    expect(converged).toBe(true);
  });

  test("goes on until the error is small enough, and says so where products are spent first", async () => {
    const wide = await trace(hessian, { tolerance: 0.3, products: 400 });
    const close = await trace(hessian, { tolerance: 0.1, products: 400 });
    expect(wide.converged && close.converged).toBe(true);
    expect(close.products).toBeGreaterThan(wide.products);
    expect(close.standardError).toBeLessThanOrEqual(0.1 * Math.abs(close.value));
    expect((await trace(hessian, { tolerance: 1e-4, products: 30 })).converged).toBe(false);
  });

  test.each([
    [{ sketch: -1 }, "sketch must be a whole number, at least 0: current value is -1"],
    [{ tolerance: 0 }, "tolerance must be above 0: current value is 0"],
    [{ products: 24 }, "products must be a whole number, at least 2·sketch + 5, 25: current value is 24"],
  ])("refuses %j", async (options, message) => {
    await expect(trace(hessian, options)).rejects.toThrow(message);
  });
});

describe("spectralDensity()", () => {
  test("acceptance 7: integrates to 1, and its moments match tr H / P and tr H² / P within three standard errors", async () => {
    const density = await spectralDensity(loss.hessian(), { steps: 30, runs: 12 });
    expect(density.products).toBe(360);
    const [low, high] = nodeRange(density);
    const deviation = defaultDeviation(density);
    const step = (high - low + 12 * deviation) / 4000;
    const points = Array.from({ length: 4001 }, (_, k) => low - 6 * deviation + k * step);
    const integral = densityAt(density, points, deviation).reduce((sum, value) => sum + value * step, 0);
    expect(Math.abs(integral - 1)).toBeLessThan(1e-3);

    const [first, second] = [moment(density, 1), moment(density, 2)];
    expect(Math.abs(first.value - exactTrace / P)).toBeLessThan(3 * first.standardError);
    expect(Math.abs(second.value - classifier.squaredNorm / P)).toBeLessThan(3 * second.standardError);
    expect(second.standardError).toBeLessThan(0.1 * second.value);
  });

  test("finds the ends of the spectrum, and how much of it is negative", async () => {
    const density = await spectralDensity(loss.hessian(), { steps: 40, runs: 8 });
    const [low, high] = nodeRange(density);
    expect(low).toBeCloseTo(classifier.eigenvalues[0]!, 3);
    expect(high).toBeCloseTo(classifier.eigenvalues.at(-1)!, 3);
    const bound = -0.05; // clear of the many that are nearly zero
    const exact = classifier.eigenvalues.filter((value) => value < bound).length / P;
    expect(Math.abs(shareBelow(density, bound).value - exact)).toBeLessThan(0.06);
  });

  test("ends where a vector sees no more: two nodes for the two distinct eigenvalues of eight", async () => {
    const matrix = denseOperator(matrixWith([4, 4, 1, 1, 1, 1, 1, 1], () => random.normal()));
    const { runs } = await spectralDensity(matrix, { steps: 8, runs: 3 });
    for (const { nodes, weights } of runs) {
      expect(nodes).toHaveLength(2);
      expect(nodes[0]).toBeCloseTo(1, 5);
      expect(nodes[1]).toBeCloseTo(4, 5);
      expect(weights[0]! + weights[1]!).toBeCloseTo(1, 12);
    }
  });

  test("refuses no steps", async () => {
    await expect(spectralDensity(hessian, { steps: 0 })).rejects.toThrow(
      "steps must be a whole number, at least 1",
    );
  });
});
