import { batchNorm, conv2d, flatten, linear, relu, sequential, tanh } from "@thalweg/nn";
import { dot } from "@thalweg/optim";
import { stream } from "@thalweg/random";
import { classifier, type Model, ParameterVector } from "@thalweg/train";
import { describe, expect, test } from "vitest";
import { FlatProgram } from "../curvature/flat-program.ts";
import { SampledLoss, samplesFrom } from "../curvature/sampled-loss.ts";
import { rowModel } from "../evaluate/rows.ts";
import { examplesOf } from "../evaluate/testing.ts";
import { forwardSlopes } from "./forward-slopes.ts";

const models: readonly (readonly [string, Model, number[]])[] = [
  ["an MLP", classifier(sequential(linear(20, 24), tanh(), linear(24, 4)), [20]), [20]],
  [
    "a convolutional network",
    classifier(sequential(conv2d(1, 6, 3), tanh(), flatten(), linear(6 * 36, 4)), [1, 8, 8]),
    [1, 8, 8],
  ],
  [
    "a network with batch normalisation, as it is evaluated",
    classifier(
      sequential(conv2d(1, 6, 3), batchNorm(6), tanh(), flatten(), linear(6 * 36, 4), relu()),
      [1, 8, 8],
    ),
    [1, 8, 8],
  ],
];

describe("forwardSlopes()", () => {
  test.each(
    models,
  )("acceptance 10: of %s are those of single gradients, to 1e-3 of their size", async (_, model, shape) => {
    const examples = examplesOf(40, shape, 4);
    const vector = new ParameterVector(model.module, { stateSlots: 0 });
    vector.initialize(model.module, 3);
    const { parameters, buffers } = vector;
    const direction = stream(2, "direction").fillNormal(new Float32Array(parameters.length));
    const found = await forwardSlopes({
      model: rowModel(model, { loss: "softmax-cross-entropy", measures: [] }),
      ...{ parameters: parameters.slice(), buffers: buffers.slice(), direction, examples },
    });

    const program = await FlatProgram.create({ model, vector, batchSize: 1, derivative: "gradient" });
    const samples = samplesFrom(examples);
    let [off, size] = [0, 0];
    for (let i = 0; i < 40; i++) {
      samples.fill(i, 1, program.batch);
      const exact = dot(await program.run(), direction);
      off += (found.slopes[i]! - exact) ** 2;
      size += exact ** 2;
      expect(found.losses[i]).toBeCloseTo(program.loss, 5);
    }
    await program.release();
    expect(Math.sqrt(off / size)).toBeLessThan(1e-3);

    const loss = new SampledLoss({ model, vector, samples });
    const product = new Float64Array(parameters.length);
    await loss.hessian().apply(direction, product);
    await loss.release();
    const curvature = product.reduce((sum, value, i) => sum + value * direction[i]!, 0);
    expect(Math.abs(found.curvature - curvature)).toBeLessThan(0.15 * Math.abs(curvature)); // a second difference in float32
  });
});
