/**
 * Curvature against exact decompositions: of small matrices by hand, and of two networks' Hessians in float64 by PyTorch and numpy
 * (fixtures/curvature.json). Kernels are float32, so what comes from them agrees to some 1e-6 of the largest eigenvalue.
 */
import { reduceSum } from "@thalweg/graph";
import { linear } from "@thalweg/nn";
import { dot } from "@thalweg/optim";
import { stream } from "@thalweg/random";
import { classifier as classifierModel, type Model, ParameterVector, supervised } from "@thalweg/train";
import { afterAll, describe, expect, test } from "vitest";
import { spectralDensity } from "./density.ts";
import { confirmResiduals, eigenpairs } from "./eigenpairs.ts";
import { denseOperator, preconditioned, restrictedTo } from "./operator.ts";
import { gradientOverlap } from "./overlap.ts";
import { SampledLoss, samplesOf } from "./sampled-loss.ts";
import { exactNetworks, lossOf, matrixWith } from "./testing.ts";
import { trace } from "./trace.ts";

const { classifier, regression } = exactNetworks;
const losses = { classifier: lossOf(classifier), regression: lossOf(regression) };
afterAll(async () => {
  await losses.classifier.release();
  await losses.regression.release();
});

const reversed = (values: readonly number[]) => [...values].reverse();
const largestError = (found: ArrayLike<number>, exact: readonly number[]) =>
  Math.max(...Array.from(found, (value, i) => Math.abs(value - exact[i]!)));

describe("SampledLoss", () => {
  test.each([
    "classifier",
    "regression",
  ] as const)("gives PyTorch's loss and gradient of the %s", async (name) => {
    const gradient = new Float64Array(losses[name].vector.size);
    expect(await losses[name].gradient(gradient)).toBeCloseTo(exactNetworks[name].value, 5);
    expect(largestError(gradient, exactNetworks[name].gradient)).toBeLessThan(2e-6);
    expect(await losses[name].value()).toBeCloseTo(exactNetworks[name].value, 5);
  });

  test.each([
    "classifier",
    "regression",
  ] as const)("multiplies by both curvatures of the %s", async (name) => {
    const { direction, product, gaussNewton } = exactNetworks[name];
    const into = new Float64Array(direction.length);
    await losses[name].hessian().apply(Float32Array.from(direction), into);
    expect(largestError(into, product)).toBeLessThan(2e-6);
    await losses[name].gaussNewton().apply(Float32Array.from(direction), into);
    expect(largestError(into, gaussNewton.product)).toBeLessThan(2e-6);
    expect(largestError(product, gaussNewton.product)).toBeGreaterThan(0.05); // they are not the same matrix
  });

  test("is the mean over samples, whatever the chunk: 23 samples in chunks of 9 as in one", async () => {
    const whole = lossOf(classifier, 100);
    const [chunked, once] = [new Float64Array(whole.vector.size), new Float64Array(whole.vector.size)];
    const v = Float32Array.from(classifier.direction);
    await losses.classifier.hessian().apply(v, chunked);
    await whole.hessian().apply(v, once);
    await whole.release();
    expect(largestError(chunked, Array.from(once))).toBeLessThan(1e-6);
  });

  test("says what a model must name for Gauss–Newton products", async () => {
    const { vector, samples } = losses.regression;
    const module = linear(74, 1, { bias: false });
    const model: Model = {
      module,
      inputs: () => ({}),
      measure: (context) => ({ loss: reduceSum(context.parameter("weight")) }),
    };
    const loss = new SampledLoss({ model, vector, samples });
    const into = new Float64Array(vector.size);
    await expect(loss.gaussNewton().apply(new Float32Array(vector.size), into)).rejects.toThrow(
      "the model must say what its loss is a function of",
    );
  });

  test("refuses no samples, and unequal ones", () => {
    const { vector, samples } = losses.regression;
    const model = classifierModel(linear(1, 1), [1]);
    expect(() => new SampledLoss({ model, vector, samples: { ...samples, count: 0 } })).toThrow(
      "the number of samples must be a whole number, at least 1: current value is 0",
    );
    expect(() => new SampledLoss({ model, vector, samples, chunk: Number.NaN })).toThrow("chunk must be");
    expect(() => samplesOf({ x: new Float32Array(7) }, 2)).toThrow("equally many numbers: x has 7");
  });
});

describe("eigenpairs()", () => {
  test("by hand: [[2, 1], [1, 2]] has 3 along (1, 1) and 1 along (1, −1)", async () => {
    const found = await eigenpairs(denseOperator([2, 1, 1, 2]), { count: 2 });
    expect(found.values[0]).toBeCloseTo(3, 6);
    expect(found.values[1]).toBeCloseTo(1, 6);
    expect(Math.abs(found.vectors[0]![0]! + found.vectors[0]![1]!)).toBeCloseTo(Math.SQRT2, 6);
    expect(found).toMatchObject({ converged: true, products: 2 });
  });

  test.each([
    "largest",
    "smallest",
    "magnitude",
  ] as const)("acceptance 7: finds the five %s of a Hessian to 1e-4, with residuals that hold", async (which) => {
    const { eigenvalues } = classifier;
    const exact = {
      largest: reversed(eigenvalues),
      smallest: eigenvalues,
      magnitude: [...eigenvalues].sort((a, b) => Math.abs(b) - Math.abs(a)),
    }[which];
    const operator = losses.classifier.hessian();
    const found = await eigenpairs(operator, { count: 5, which, tolerance: 1e-3, products: 150 });
    expect(found.converged).toBe(true);
    found.values.forEach((value, k) => {
      expect(Math.abs(value - exact[k]!)).toBeLessThan(1e-4 * Math.abs(exact[k]!));
    });
    const confirmed = await confirmResiduals(operator, found);
    confirmed.forEach((residual, k) => {
      expect(Math.abs(residual - found.residuals[k]!)).toBeLessThan(1e-5);
      expect(residual).toBeLessThan(1.1e-3 * Math.abs(found.values[k]!));
    });
  });

  test("finds those of the Gauss–Newton matrix, none of them negative", async () => {
    const operator = losses.regression.gaussNewton();
    const { values } = await eigenpairs(operator, { count: 3 });
    const exact = reversed(regression.gaussNewton.eigenvalues);
    expect(largestError(values, exact)).toBeLessThan(1e-4);
    const [least] = (await eigenpairs(operator, { which: "smallest", products: 70 })).values;
    expect(least).toBeGreaterThan(-1e-5);
  });

  test("gives the same with a basis so small that it must restart", async () => {
    const operator = losses.classifier.hessian();
    const { values, converged, products } = await eigenpairs(operator, { count: 3, basis: 9, products: 300 });
    expect(converged).toBe(true);
    expect(products).toBeGreaterThan(20);
    expect(largestError(values, reversed(classifier.eigenvalues).slice(0, 3))).toBeLessThan(3e-4);
  });

  test("needs fewer products from the vector that it found before", async () => {
    const operator = losses.classifier.hessian();
    const cold = await eigenpairs(operator, { tolerance: 1e-3 });
    const warm = await eigenpairs(operator, { tolerance: 1e-3, start: cold.vectors });
    expect(warm.products).toBeLessThan(cold.products / 3);
    expect(warm.values[0]).toBeCloseTo(cold.values[0]!, 4);
  });

  test("finds an eigenvalue as often as it is there, and all of a matrix", async () => {
    const eigenvalues = [5, 5, 5, 2, 0, 0, -1];
    const random = stream(4, "test");
    const found = await eigenpairs(denseOperator(matrixWith(eigenvalues, () => random.normal())), {
      count: 7,
    });
    expect(largestError(found.values, eigenvalues)).toBeLessThan(1e-5);
    for (const [i, u] of found.vectors.entries()) {
      for (const [k, v] of found.vectors.entries()) expect(dot(u, v)).toBeCloseTo(i === k ? 1 : 0, 5);
    }
  });

  test("says how far it got where products are spent", async () => {
    const found = await eigenpairs(losses.classifier.hessian(), { count: 5, products: 8 });
    expect(found).toMatchObject({ converged: false, products: 8 });
    expect(found.residuals[4]).toBeGreaterThan(1e-2);
  });

  test.each([
    [{ count: 0 }, "count must be a whole number from 1 to the dimension, 2: current value is 0"],
    [{ count: 3 }, "count must be a whole number from 1 to the dimension, 2: current value is 3"],
    [{ tolerance: 0 }, "tolerance must be in (0, 1): current value is 0"],
    [{ tolerance: Number.NaN }, "tolerance must be in (0, 1): current value is NaN"],
    [{ products: 0.5 }, "products must be a whole number, at least count, 1: current value is 0.5"],
    [{ basis: 2 }, "basis must be a whole number, at least count + 2, 3: current value is 2"],
    [{ start: [new Float32Array(3)] }, "one number for each of 2 parameters: found 3"],
  ])("refuses %j", async (options, message) => {
    await expect(eigenpairs(denseOperator([2, 1, 1, 2]), options)).rejects.toThrow(message);
  });

  test("says so where products are not finite", async () => {
    await expect(eigenpairs(denseOperator([Number.NaN, 0, 0, 1]))).rejects.toThrow(
      "must be finite: product 1 is not",
    );
  });
});

describe("linear regression", () => {
  // X = rows (1, 0, 1), (0, 2, 0), (1, 0, −1), (0, 0, 0): XᵀX = diag(2, 4, 2), and H = 2XᵀX/n = diag(1, 2, 1)
  const X = [1, 0, 1, 0, 2, 0, 1, 0, -1, 0, 0, 0];
  const model = supervised(linear(3, 1, { bias: false }), {
    example: { shape: [3], dtype: "float32" },
    labels: "values",
    labelShape: [1],
  });
  const vector = new ParameterVector(model.module, { stateSlots: 0 });
  const samples = samplesOf({ x: Float32Array.from(X), labels: new Float32Array(4) }, 4);
  const loss = new SampledLoss({ model, vector, samples, chunk: 3 });
  afterAll(() => loss.release());

  test("has the eigenvalues, the trace and the density of 2XᵀX/n, everywhere, and its Gauss–Newton matrix too", async () => {
    for (const place of [
      [0, 0, 0],
      [5, -3, 2],
    ]) {
      vector.parameters.set(place);
      for (const operator of [loss.hessian(), loss.gaussNewton()]) {
        const { values } = await eigenpairs(operator, { count: 3 });
        expect(largestError(values, [2, 1, 1])).toBeLessThan(1e-5);
        const { value, standardError } = await trace(operator, { sketch: 2 });
        expect(Math.abs(value - 4)).toBeLessThan(4 * standardError + 1e-5);
        const { runs } = await spectralDensity(operator, { steps: 3, runs: 2 });
        for (const { nodes } of runs) expect(largestError(nodes, [1, 2])).toBeLessThan(1e-5);
      }
    }
  });
});

describe("preconditioned()", () => {
  test("has the largest eigenvalue of D^-½ H D^-½", async () => {
    const operator = preconditioned(losses.classifier.hessian(), classifier.diagonal);
    const [largest] = (await eigenpairs(operator, { tolerance: 1e-4 })).values;
    expect(largest).toBeCloseTo(classifier.preconditionedLargest, 3);
  });

  test("refuses a diagonal that is none", () => {
    const operator = denseOperator([1, 0, 0, 1]);
    expect(() => preconditioned(operator, [1])).toThrow("one number for each of 2 parameters: found 1");
    expect(() => preconditioned(operator, [1, 0])).toThrow("entry 1 is 0");
  });
});

describe("restrictedTo()", () => {
  test("by hand: the block of the second tensor of diag(4, 2, 1) has 2 and 1", async () => {
    const segments = [
      { name: "a", shape: [1], offset: 0, size: 1 },
      { name: "b", shape: [2], offset: 1, size: 2 },
    ];
    const whole = denseOperator([4, 0, 0, 0, 2, 0, 0, 0, 1], segments);
    const block = restrictedTo(whole, ({ name }) => name === "b");
    const { values } = await eigenpairs(block, { count: 2 });
    expect(largestError(values, [2, 1])).toBeLessThan(1e-6);
    expect(block.segments).toEqual([{ ...segments[1], offset: 0 }]);
    expect(Array.from(block.pack(Float32Array.of(7, 8, 9)))).toEqual([8, 9]);
    expect(() => restrictedTo(whole, () => false)).toThrow("none of a, b does");
  });
});

describe("gradientOverlap()", () => {
  test("gives the gradient's share in the leading directions, and the curvature along it", async () => {
    const operator = losses.classifier.hessian();
    const gradient = new Float64Array(operator.dimension);
    await losses.classifier.gradient(gradient);
    const { vectors } = await eigenpairs(operator, { count: 5, tolerance: 1e-4, products: 300 });
    const overlap = await gradientOverlap(operator, gradient, vectors);
    expect(largestError(overlap.shares, classifier.overlap)).toBeLessThan(1e-3);
    expect(overlap.curvature).toBeCloseTo(classifier.gradientCurvature, 5);
  });

  test("by hand: of g = (3, 4) in diag(2, 1), 9/25 lie along the first; curvature 34/25, cosine 34/(5√52)", async () => {
    const overlap = await gradientOverlap(denseOperator([2, 0, 0, 1]), Float32Array.of(3, 4), [
      Float32Array.of(1, 0),
    ]);
    expect(overlap.shares[0]).toBeCloseTo(9 / 25, 6);
    expect(overlap.curvature).toBeCloseTo(34 / 25, 6);
    expect(overlap.cosine).toBeCloseTo(34 / (5 * Math.sqrt(52)), 6);
  });
});
