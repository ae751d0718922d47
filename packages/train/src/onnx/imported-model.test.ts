import { readFileSync } from "node:fs";
import { readOnnx } from "@thalweg/graph";
import { describe, expect, test } from "vitest";
import { ParameterVector, segmentOf } from "../parameter-vector.ts";
import { EvaluationProgram, TrainingProgram } from "../program.ts";
import { type ImportOptions, importedModel } from "./imported-model.ts";
import { batchOf, fingerprintOf, modelFixtures, restoreModel } from "./testing.ts";

const fixtures = modelFixtures();

/** A network of the fixtures as a model, with its parameters in a vector. */
function prepared(name: string, options: Partial<ImportOptions> = {}) {
  const fixture = fixtures[name]!;
  const [{ kind, shape }] = Object.values(fixture.inputs) as [(typeof fixture.inputs)[string]];
  const [batchSize, ...rest] = shape as [number, ...number[]];
  const example = { shape: rest, dtype: kind === "token" ? ("int32" as const) : ("float32" as const) };
  const model = importedModel(restoreModel(name, fixture), {
    loss: "softmax-cross-entropy",
    example,
    classes: 10,
    ...options,
  });
  const vector = new ParameterVector(model.module, { stateSlots: 0 });
  vector.initialize(model.module, 0);
  return { fixture, model, vector, batchSize };
}

/** Put the fixture's batch into a program's memory. */
function fill(program: TrainingProgram | EvaluationProgram, name: string): void {
  const [x, labels] = [...batchOf(fixtures[name]!).values()];
  (program.batch.x as Float32Array).set(Array.from(x!.data as ArrayLike<number | bigint>, Number));
  (program.batch.labels as Int32Array).set(Array.from(labels!.data as BigInt64Array, Number));
}

describe("importedModel()", () => {
  test.each([
    "lstm.training",
    "mobilenet_v3_small.training",
  ])("trains %s from its own values, by PyTorch's gradients", async (name) => {
    const { fixture, model, vector, batchSize } = prepared(name);
    const program = await TrainingProgram.create({ model, vector, batchSize, seed: 1 });
    const before = vector.buffers.slice();
    fill(program, name);
    expect(await program.run(0)).toBeCloseTo(fixture.loss, 4);
    const size = (norm: number) => Math.max(norm, 1e-3 * fixture.norm);
    for (const segment of vector.segments) {
      const { gradient } = fixture.tensors[segment.name]!;
      const found = fingerprintOf(`${fixture.prefix}/${segment.name}`, segmentOf(vector.gradients, segment));
      expect(Math.abs(found.norm - gradient!.norm) / size(gradient!.norm), segment.name).toBeLessThan(1e-4);
    }
    const trained = Object.keys(fixture.tensors).filter((tensor) => fixture.tensors[tensor]!.gradient);
    expect(vector.segments.map((segment) => segment.name).sort()).toEqual(trained.sort());
    // running statistics, if there are any, have moved
    expect(vector.buffers.length === 0 || vector.buffers.some((value, i) => value !== before[i])).toBe(true);
    await program.release();
  });

  test("evaluates with running statistics, in batches of any size", async () => {
    const name = "mobilenet_v3_small.inference";
    const { fixture, model, vector, batchSize } = prepared(name);
    const program = await EvaluationProgram.create({ model, vector, batchSize });
    fill(program, name);
    const { loss, accuracy } = await program.run();
    expect(loss).toBeCloseTo(fixture.loss, 4);
    expect(Number.isInteger(accuracy)).toBe(true);
    await program.release();
    const single = await EvaluationProgram.create({ model, vector, batchSize: 1 });
    expect((await single.run()).loss).toBeGreaterThan(0);
    await single.release();
  });

  test("keeps what is frozen out of the vector, and tells weights, biases and scales apart", () => {
    const { model } = prepared("mobilenet_v3_small.training", {
      frozen: (name) => name.startsWith("features."),
    });
    expect(model.module.parameters.map(({ name, kind }) => [name, kind])).toEqual([
      ["classifier.0.weight", "weight"],
      ["classifier.0.bias", "bias"],
      ["classifier.3.weight", "weight"],
      ["classifier.3.bias", "bias"],
    ]);
    expect(model.module.buffers).toEqual([]);
  });

  test.each([
    [{ classes: 11 }, /they tell 11 classes apart: it has 10; choose another output/],
    [{ labelShape: [7] }, /needs labels of shape \[1\]: found \[1,7\]/],
    [{ loss: "mse" }, /needs labels of shape \[1,10\]: found \[1\]/],
    [{ loss: "cross-entropy" }, /it must be one of softmax-cross-entropy/],
    [{ outputs: { hidden: 1 } }, /none of that name: it has logits/],
    [{ example: { shape: [8], dtype: "int32" as const } }, /takes examples of shape \[7\]: they have \[8\]/],
  ])("refuses what does not fit the model, case %#", (options, says) => {
    expect(() => prepared("gru.training", options)).toThrow(says);
  });

  const byHand = (name: string, shape: number[]) => {
    const bytes = readFileSync(new URL(`../../fixtures/models/${name}.onnx`, import.meta.url));
    const example = { shape, dtype: "float32" as const };
    const model = importedModel(readOnnx(bytes), { loss: "softmax-cross-entropy", example });
    const vector = new ParameterVector(model.module, { stateSlots: 0 });
    vector.initialize(model.module, 0);
    return { model, vector };
  };

  test("takes several inputs of one shape from examples that are these, stacked", async () => {
    const { model, vector } = byHand("two-inputs", [2, 3]);
    const program = await TrainingProgram.create({ model, vector, batchSize: 1, seed: 0 });
    (program.batch.x as Float32Array).set([1, 2, 3, 1, 0, 1]); // tokens, then their mask
    // (1, 0, 3) W = (4, 3); label 0: −log softmax = log(1 + e⁻¹), and the gradient of the logits is ±1/(1 + e)
    expect(await program.run(0)).toBeCloseTo(Math.log(1 + Math.exp(-1)), 6);
    const p = 1 / (1 + Math.E);
    const wanted = [-p, p, 0, 0, -3 * p, 3 * p];
    wanted.forEach((g, i) => {
      expect(vector.gradients[i]).toBeCloseTo(g, 6);
    });
    await program.release();
    expect(() => byHand("two-inputs", [3])).toThrow(
      /inputs tokens, mask take examples of shape \[2, length\]: they have \[3\]; stack them, numpy.stack\(\[tokens, mask\], axis=1\)/,
    );
  });

  test("says which node keeps a file to its batch size", () => {
    // a reshape to [1, 8], as exporters write where the batch axis is not declared
    const { model, vector } = byHand("one-example", [4, 2]);
    expect(model).toMatchObject({ onlyBatch: 1 });
    const create = EvaluationProgram.create({ model, vector, batchSize: 3 });
    return expect(create).rejects.toThrow(
      /exported for 1, and takes no other .*Reshape.*dynamic_axes=\{"x"/s,
    );
  });
});
