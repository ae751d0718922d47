/** Weights from PyTorch answer as they do there, and go back to it (fixtures/weights.make.py). */
import { readFileSync } from "node:fs";
import { add, evaluate, type Tensor } from "@thalweg/graph";
import * as nn from "@thalweg/nn";
import { describe, expect, test } from "vitest";
import { ParameterVector, segmentOf } from "./parameter-vector.ts";
import { parseSafetensors, serializeSafetensors } from "./safetensors.ts";
import { loadWeights, saveWeights } from "./weights.ts";

const fixtures = new URL("../fixtures/", import.meta.url);
const recorded = JSON.parse(readFileSync(new URL("weights.json", fixtures), "utf8")) as {
  readonly convolutional: { readonly x: number[]; readonly y: number[] };
  readonly tied: { readonly x: number[]; readonly y: number[] };
  readonly float16: Readonly<Record<string, number[]>>;
  readonly bfloat16: Readonly<Record<string, number[]>>;
};
const bytesOf = (name: string) => readFileSync(new URL(`weights/${name}.safetensors`, fixtures));

const convolutional = nn.sequential(
  nn.conv2d(2, 3, 3, { padding: 1 }),
  nn.batchNorm(3),
  nn.prelu(),
  nn.flatten(),
  nn.linear(48, 4),
);
const tied = nn.network(
  { embed: nn.embedding(5, 4), norm: nn.layerNorm(4), attention: nn.multiHeadAttention(4, 2) },
  (tokens: Tensor, { embed, norm, attention }, context) => {
    const x = norm(embed(tokens));
    return nn.affine(add(x, attention(x)), context.parameter("embed.weight"));
  },
  { alsoStored: [{ name: "head.weight", repeats: "embed.weight" }, { name: "mask" }] },
);

function loaded(module: nn.Module, name: string): ParameterVector {
  const vector = new ParameterVector(module, { stateSlots: 0 });
  loadWeights(vector, module, bytesOf(name), { file: `${name}.safetensors` });
  return vector;
}

/** What the module with the vector's values gives, not training. */
function answer(module: nn.Module, vector: ParameterVector, x: { shape: number[]; data: number[] }) {
  const context = nn.tracing(module, { training: false });
  const input = context.graph.input("x", x.shape, module === tied ? "int32" : "float32");
  const feeds = Object.fromEntries([
    ["x", x.data],
    ...vector.segments.map((one) => [one.name, segmentOf(vector.parameters, one)]),
    ...vector.bufferSegments.map((one) => [one.name, segmentOf(vector.buffers, one)]),
  ]);
  return evaluate([module.forward(input, context)], feeds)[0]!;
}

const cases = [
  ["convolutional", convolutional, [2, 2, 4, 4]],
  ["tied", tied, [2, 3]],
] as const;

describe("loadWeights()", () => {
  for (const [name, module, shape] of cases) {
    test(`${name}: gives PyTorch's output`, () => {
      const { x, y } = recorded[name];
      const found = answer(module, loaded(module, name), { shape: [...shape], data: x });
      // PyTorch computes in float32: a few roundings of 6e-8 of values near 1
      y.forEach((wanted, i) => {
        expect(found[i]).toBeCloseTo(wanted, 5);
      });
    });

    test(`${name}: saveWeights() writes the same tensors under the same names`, () => {
      const back = parseSafetensors(saveWeights(loaded(module, name), module), "back").tensors;
      const there = parseSafetensors(bytesOf(name), name).tensors;
      const names = [...there.keys()].filter((one) => !/mask|num_batches_tracked/.test(one));
      expect([...back.keys()].sort()).toEqual(names.sort());
      for (const one of names) expect(back.get(one), one).toEqual(there.get(one));
    });
  }

  test("widens half precision exactly", () => {
    for (const name of ["float16", "bfloat16"] as const) {
      const { tensors } = parseSafetensors(bytesOf(name), name);
      for (const [one, values] of Object.entries(recorded[name])) {
        expect(Array.from(tensors.get(one)!.data, Number), one).toEqual(values);
      }
    }
  });

  test("widens the ends of half precision: subnormal, largest, infinite, not a number", () => {
    // 2⁻²⁴, 65504, ∞, −∞, NaN, −0 in IEEE 754 binary16
    const bits = Uint16Array.of(0x0001, 0x7bff, 0x7c00, 0xfc00, 0x7e00, 0x8000);
    const bytes = serializeSafetensors(new Map([["h", { shape: [6], data: bits }]]));
    const text = Buffer.from(bytes).toString("latin1").replace('"U16"', '"F16"');
    const half = parseSafetensors(Buffer.from(text, "latin1"), "half").tensors.get("h")!;
    expect(Array.from(half.data, Number)).toEqual([2 ** -24, 65504, Infinity, -Infinity, Number.NaN, -0]);
  });

  test("names the file, and all that is missing, unexpected or of another shape", () => {
    const other = nn.sequential(
      nn.conv2d(2, 3, 3),
      nn.layerNorm(3),
      nn.relu(),
      nn.flatten(),
      nn.linear(12, 4),
    );
    expect(() => loaded(other, "convolutional")).toThrow(
      "convolutional.safetensors: Cannot read weights as they must be the module's: 1.num_batches_tracked is unexpected; 1.running_mean is unexpected; 1.running_var is unexpected; 2.weight is unexpected; 4.weight must be [4, 12] and is [4, 48]. Build",
    );
    expect(() =>
      loaded(nn.sequential(nn.conv2d(2, 3, 3), nn.batchNorm(3), nn.prelu(3)), "convolutional"),
    ).toThrow(/4\.bias is unexpected; 4\.weight is unexpected; 2\.weight must be \[3\] and is \[1\]/);
    expect(() => loaded(nn.named({ stem: nn.linear(1, 1) }), "tied")).toThrow(
      /stem\.weight \[1, 1\] is missing; stem\.bias \[1\] is missing; .* is unexpected/,
    );
  });

  test("with partial reads what fits, leaves the rest as it was, and tells both", () => {
    const other = nn.sequential(
      nn.conv2d(2, 3, 3),
      nn.batchNorm(3),
      nn.identity(),
      nn.linear(3, 2),
      nn.relu(),
    );
    const vector = new ParameterVector(other, { stateSlots: 0 });
    vector.parameters.fill(7);
    const { missing, unexpected } = loadWeights(vector, other, bytesOf("convolutional"), {
      file: "f",
      partial: true,
    });
    expect(missing).toEqual(["3.weight", "3.bias"]);
    expect(unexpected.toSorted()).toEqual(["2.weight", "4.bias", "4.weight"]);
    const there = parseSafetensors(bytesOf("convolutional"), "f").tensors;
    const read = (name: string) =>
      segmentOf(vector.parameters, vector.segments.find((one) => one.name === name)!);
    expect(read("0.weight")).toEqual(there.get("0.weight")!.data);
    expect(Array.from(read("3.bias"))).toEqual([7, 7]);
  });

  test("takes a prefix off, reads a tied weight under either name, and refuses two that differ", () => {
    const tensors = new Map(parseSafetensors(bytesOf("tied"), "tied").tensors);
    const table = tensors.get("embed.weight")!;
    tensors.delete("embed.weight");
    const prefixed = new Map([...tensors].map(([name, tensor]) => [`module.${name}`, tensor]));
    const { parameters } = nn.readWeights(tied, prefixed, { prefix: "module." });
    expect(parameters.get("embed.weight")).toEqual(table.data);

    const twice = new Map(tensors).set("embed.weight", {
      ...table,
      data: Float32Array.from({ length: 20 }, () => 1),
    });
    expect(() => nn.readWeights(tied, twice)).toThrow(
      /head\.weight and embed\.weight are one parameter here and must agree: their values differ/,
    );
  });
});
