/** Numbers of every type as bytes: by hand, there and back, and as ONNX Runtime reads them. */
import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { InferenceSession } from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { TensorProtoSchema } from "../generated/onnx_pb.js";
import { DTYPE_CODES, type DType, Graph } from "../graph.ts";
import { cast } from "../ops/index.ts";
import { serialize } from "../serialize.ts";
import { noExternal } from "./external.ts";
import { fromHalf, fromRaw, rawBytes, toHalf } from "./numbers.ts";
import { readTensor } from "./tensor.ts";

describe("half precision", () => {
  // sign, 5 bits of the exponent with bias 15, 10 of the fraction
  test.each([
    [0x3c00, 1],
    [0xc000, -2],
    [0x7bff, 65504], // the largest
    [0x0400, 2 ** -14], // the smallest normal number
    [0x0001, 2 ** -24], // the smallest of all
    [0x03ff, 1023 * 2 ** -24],
    [0x7c00, Number.POSITIVE_INFINITY],
    [0x8000, -0],
  ])("%i is %d", (bits, value) => {
    expect(fromHalf(bits)).toBe(value);
    expect(toHalf(value)).toBe(bits);
  });

  test("rounds to the nearest, ties to even", () => {
    expect(toHalf(1 + 2 ** -11)).toBe(0x3c00); // half-way to 1 + 2⁻¹⁰, whose last bit is odd
    expect(toHalf(1 + 3 * 2 ** -11)).toBe(0x3c02);
    expect(toHalf(2 ** -25)).toBe(0);
    expect(toHalf(65519)).toBe(0x7bff);
    expect(toHalf(65520)).toBe(0x7c00);
    expect(fromHalf(toHalf(Number.NaN))).toBeNaN();
  });

  test("all 2¹⁶ numbers come back as they went", () => {
    for (let bits = 0; bits < 2 ** 16; bits++) {
      const value = fromHalf(bits);
      if (!Number.isNaN(value)) expect(toHalf(value)).toBe(bits);
    }
  });
});

describe("bfloat16", () => {
  test("is the upper half of float32, rounded to the nearest, ties to even", () => {
    const bits = (value: number) => Buffer.from(rawBytes("bfloat16", [value])).readUInt16LE();
    expect(bits(1)).toBe(0x3f80);
    expect(bits(1 + 2 ** -8)).toBe(0x3f80); // half-way to 1 + 2⁻⁷
    expect(bits(1 + 3 * 2 ** -8)).toBe(0x3f82);
    expect(Array.from(fromRaw("bfloat16", Uint8Array.of(0x80, 0x3f, 0x40, 0xc0)))).toEqual([1, -3]);
  });
});

const RANGES: Partial<Record<DType, [number, number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-(2 ** 15), 2 ** 15 - 1],
  uint16: [0, 2 ** 16 - 1],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  int64: [-(2 ** 53), 2 ** 53],
  uint64: [0, 2 ** 53],
  bool: [0, 1],
};

describe("whole numbers", () => {
  test.each(Object.entries(RANGES))("%s comes back as it went", (dtype, [min, max]) => {
    fc.assert(
      fc.property(fc.array(fc.maxSafeInteger(), { maxLength: 4 }), (drawn) => {
        const values = [min, max, ...drawn.filter((v) => v >= min && v <= max)];
        expect(Array.from(fromRaw(dtype as DType, rawBytes(dtype as DType, values)))).toEqual(values);
      }),
      { seed: 3 },
    );
  });

  test("the largest and the smallest 64-bit numbers come back, though a double holds only the smallest", () => {
    const largest = Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 127);
    const smallest = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 128);
    for (const bytes of [largest, smallest])
      expect(rawBytes("int64", fromRaw("int64", bytes))).toEqual(bytes);
    const unsigned = new Uint8Array(8).fill(255);
    expect(rawBytes("uint64", fromRaw("uint64", unsigned))).toEqual(unsigned);
  });

  test("64-bit numbers that a double cannot hold are refused", () => {
    expect(() => fromRaw("int64", Uint8Array.of(1, 0, 0, 0, 0, 0, 32, 0))).toThrow(
      "Cannot read the whole number 9007199254740993 as it must lie within ±2^53",
    );
  });
});

test("fields: each type has its own where there is no raw data", () => {
  const read = (dtype: DType, init: object) =>
    Array.from(
      readTensor(
        create(TensorProtoSchema, { dataType: DTYPE_CODES[dtype], dims: [2n], ...init }),
        "w",
        noExternal,
      ).data,
    );
  expect(read("float32", { floatData: [1.5, -2] })).toEqual([1.5, -2]);
  expect(read("float64", { doubleData: [0.1, -2] })).toEqual([0.1, -2]);
  expect(read("int64", { int64Data: [-(2n ** 40n), 3n] })).toEqual([-(2 ** 40), 3]);
  expect(read("uint32", { uint64Data: [4294967295n, 3n] })).toEqual([4294967295, 3]);
  expect(read("int8", { int32Data: [-7, 7] })).toEqual([-7, 7]);
  expect(read("bool", { int32Data: [1, 0] })).toEqual([1, 0]);
  expect(read("float16", { int32Data: [0x3c00, 0xc000] })).toEqual([1, -2]);
  expect(read("bfloat16", { int32Data: [0x3f80, 0xc040] })).toEqual([1, -3]);
});

test("ONNX Runtime reads every type that serialize() writes", async () => {
  const graph = new Graph();
  const dtypes = (Object.keys(DTYPE_CODES) as DType[]).filter(
    (dtype) => dtype !== "bfloat16" && dtype !== "bool",
  );
  const values = [0, 1, 2, 100];
  const outputs = Object.fromEntries(
    dtypes.map((dtype) => [`${dtype}s`, cast(graph.input(dtype, [4], dtype), "float64")]),
  );
  const initializers = new Map(graph.inputs.map((input) => [input, Float64Array.from(values)]));
  const session = await InferenceSession.create(serialize({ outputs, initializers }));
  const results = await session.run({});
  for (const name of Object.keys(outputs))
    expect(Array.from(results[name]!.data as Float64Array)).toEqual(values);
  await session.release();
});
