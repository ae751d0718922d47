import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { batchOf, fingerprintOf, modelFixtures, restoreModel } from "./testing.ts";
import { trainingGraph } from "./training-graph.ts";

const fixtures = modelFixtures();
/** It warns that parameters which can be overruled are not folded. */
const QUIET = { intraOpNumThreads: 1, logSeverityLevel: 3 } as const;

describe("trainingGraph()", () => {
  // an LSTM in both directions, and normalisation with running statistics
  test.each([
    "lstm.training",
    "mobilenet_v3_small.training",
  ])("of %s runs in ONNX Runtime, and gives PyTorch's gradients", async (name) => {
    const fixture = fixtures[name]!;
    const model = restoreModel(name, fixture);
    const arrays = batchOf(fixture);
    const [batch] = Object.values(fixture.inputs)[0]!.shape as [number];
    const bytes = await trainingGraph(model, { loss: "softmax-cross-entropy", sizes: { batch } });
    const session = await InferenceSession.create(bytes, QUIET);
    const feeds = Object.fromEntries(
      [...arrays].map(([input, { shape, data }]) => {
        const dtype = data instanceof BigInt64Array ? "int64" : "float32";
        return [input, new Tensor(dtype as "float32", data as Float32Array, [...shape])];
      }),
    );
    const results = await session.run(feeds);
    expect(Number(results.loss!.data[0])).toBeCloseTo(fixture.loss, 5);
    for (const [tensor, { gradient, shape }] of Object.entries(fixture.tensors)) {
      if (gradient === undefined) {
        // statistics move, whatever they are of
        expect(results[`update/${tensor}`]!.dims).toEqual(shape);
        continue;
      }
      const { data } = results[`gradient/${tensor}`]!;
      const found = fingerprintOf(`${fixture.prefix}/${tensor}`, data as Float32Array);
      const size = Math.max(gradient.norm, 1e-3 * fixture.norm);
      const errors = gradient.sums.map((sum, k) => Math.abs(found.sums[k]! - sum) / size);
      expect(Math.max(...errors), tensor).toBeLessThan(4e-4); // 1e-4, and a sum's sign may favour an error by 4
    }
    await session.release();
  });

  test("takes parameters as plain inputs where that is wanted", async () => {
    const fixture = fixtures["gru.training"]!;
    const model = restoreModel("gru.training", fixture);
    const bytes = await trainingGraph(model, {
      loss: "softmax-cross-entropy",
      sizes: { batch: 3 },
      plainInputs: true,
    });
    const session = await InferenceSession.create(bytes, QUIET);
    expect(session.inputNames).toEqual(["tokens", "labels", ...Object.keys(fixture.tensors)]);
    // without weights in the head all classes are as likely
    const parameters = Object.entries(fixture.tensors).map(([name, { shape }]) => {
      const data = Float32Array.from(model.initializers.get(name)!.data, (v) => (/^head/.test(name) ? 0 : v));
      return [name, new Tensor("float32", data, [...shape])] as const;
    });
    const wholes = [...batchOf(fixture)].map(([name, { shape, data }]) => {
      return [name, new Tensor("int64", data as BigInt64Array, [...shape])] as const;
    });
    const { loss } = await session.run(Object.fromEntries([...wholes, ...parameters]), ["loss"]);
    expect(Number(loss!.data[0])).toBeCloseTo(Math.log(10), 5);
    await session.release();
  });

  test("has no inputs for labels where the loss is of the output alone, and none for what is frozen", async () => {
    const fixture = fixtures["gru.inference"]!;
    const model = restoreModel("gru.inference", fixture);
    const bytes = await trainingGraph(model, {
      loss: "mean",
      sizes: { batch: 2 },
      parameters: (name) => name === "head.bias",
    });
    const session = await InferenceSession.create(bytes, QUIET);
    expect(session.outputNames).toEqual(["loss", "gradient/head.bias"]);
    const tokens = new Tensor("int64", new BigInt64Array(14), [2, 7]);
    const results = await session.run({ tokens });
    // d mean(Wh + b) / db = 1/10 for each class
    expect([...(results["gradient/head.bias"]!.data as Float32Array)].map((g) => g.toFixed(6))).toEqual(
      Array(10).fill("0.100000"),
    );
    await session.release();
  });
});
