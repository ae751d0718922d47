import { linear, sequential, tanh } from "@thalweg/nn";
import { classifier, ParameterVector, supervised } from "@thalweg/train";
import { expect, test } from "vitest";
import { type Grid, parseAxis } from "../evaluate/grid.ts";
import { rowModel } from "../evaluate/rows.ts";
import { examplesOf, planeAround, surfaceOf } from "../evaluate/testing.ts";
import { SampledLoss, samplesFrom } from "./sampled-loss.ts";
import { nonQuadraticity, taylorHeights, taylorPlane } from "./taylor.ts";

const grid: Grid = [parseAxis("-1:1.5:6"), parseAxis("-2:1:4")];

test("acceptance 1: taylorPlane() of a linear regression is its surface, to 1e-5", async () => {
  const model = supervised(linear(6, 1), {
    example: { shape: [6], dtype: "float32" },
    labelShape: [1],
    labels: "values",
  });
  const base = examplesOf(90, [6], 2);
  const labels = Float32Array.from({ length: 90 }, (_, i) => Math.sin(i));
  const examples = { ...base, split: { ...base.split, labels, labelShape: [1] } };
  const family = planeAround(model);
  const surface = await surfaceOf({ model: rowModel(model, { loss: "mse" }), family, grid, examples });
  const vector = new ParameterVector(model.module, { stateSlots: 0 });
  const loss = new SampledLoss({ model, vector, samples: samplesFrom(examples), chunk: 50 });
  const plane = await taylorPlane(loss, family);
  await loss.release();
  const [heights, parabola] = [surface.mean("loss"), taylorHeights(plane, grid)];
  for (const [point, height] of heights.entries()) {
    expect(Math.abs(parabola[point]! / height - 1)).toBeLessThan(1e-5);
  }
  expect(nonQuadraticity(heights, parabola, plane.value)).toBeLessThan(1e-5);
  expect(vector.parameters.every((value) => value === 0)).toBe(true); // θ is what it was
});

test("taylorPlane() of a network is its surface near the centre, and less and less so farther away", async () => {
  const model = classifier(sequential(linear(6, 10), tanh(), linear(10, 3)), [6]);
  const examples = examplesOf(60, [6], 3);
  const family = planeAround(model);
  const vector = new ParameterVector(model.module, { stateSlots: 0 });
  const loss = new SampledLoss({ model, vector, samples: samplesFrom(examples) });
  const plane = await taylorPlane(loss, family);
  await loss.release();
  const off = async (reach: number) => {
    const axis = { from: -reach, to: reach, points: 5 };
    const rows = rowModel(model, { loss: "softmax-cross-entropy", measures: [] });
    const surface = await surfaceOf({ model: rows, family, grid: [axis, axis], examples });
    return nonQuadraticity(surface.mean("loss"), taylorHeights(plane, [axis, axis]), plane.value);
  };
  const [near, middle, far] = [await off(0.05), await off(0.3), await off(1)];
  expect(near).toBeLessThan(0.02);
  expect(middle).toBeGreaterThan(near);
  expect(far).toBeGreaterThan(middle);
});
