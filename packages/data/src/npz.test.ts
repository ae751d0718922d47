import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type NpyArray, parseNpy, serializeNpy } from "./npy.ts";
import { parseNpz, serializeNpz } from "./npz.ts";

interface Wanted {
  shape: number[];
  values: string[];
}
const fixtures = JSON.parse(readFileSync(new URL("../fixtures/npz.json", import.meta.url), "utf8")) as {
  npy: Record<string, Wanted & { file: string }>;
  npz: Record<string, { file: string; arrays: Record<string, Wanted> }>;
};
const bytesOf = (base64: string) => new Uint8Array(Buffer.from(base64, "base64"));

/** Each element as the fixture's text gives it: whole numbers of any size, floats to the last bit. */
function expectValues({ shape, data }: NpyArray, wanted: Wanted): void {
  expect(shape).toEqual(wanted.shape);
  const isWhole = !(data instanceof Float32Array || data instanceof Float64Array);
  const read = (text: string) => (isWhole ? BigInt(text) : Number(text.replace("inf", "Infinity")));
  expect(Array.from(data as ArrayLike<number | bigint>, (v) => (isWhole ? BigInt(v) : v))).toEqual(
    wanted.values.map(read),
  );
}

describe("parseNpy", () => {
  test.each(Object.entries(fixtures.npy))("reads %s as NumPy wrote it", (name, { file, ...wanted }) => {
    expectValues(parseNpy(bytesOf(file), name), wanted);
  });

  test("reads a part of a larger Buffer as well", () => {
    const { file, ...wanted } = fixtures.npy["<f8"]!;
    const bytes = bytesOf(file);
    expectValues(parseNpy(Buffer.concat([Buffer.alloc(3), bytes]).subarray(3), "x"), wanted);
  });

  test("gives the array's own type", () => {
    expect(parseNpy(bytesOf(fixtures.npy["<f2"]!.file), "x").data).toBeInstanceOf(Float32Array);
    expect(parseNpy(bytesOf(fixtures.npy[">i8"]!.file), "x").data).toBeInstanceOf(BigInt64Array);
    expect(parseNpy(bytesOf(fixtures.npy["|b1"]!.file), "x")).toMatchObject({ isBoolean: true });
  });

  test.each([
    ["no header at all", () => new Uint8Array(64), /begins with \\x93NUMPY/],
    [
      "a header cut short",
      () => serializeNpy({ shape: [1], data: Float32Array.of(1) }).subarray(0, 20),
      /cut short/,
    ],
    [
      "elements cut short",
      () => serializeNpy({ shape: [1], data: Float32Array.of(1) }).subarray(0, -1),
      /needs 4 bytes.*there are 3/,
    ],
    ["Python objects", () => forged("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"), /found \|O/],
    [
      "an absurd shape",
      () => forged("{'descr': '<f4', 'fortran_order': False, 'shape': (999999999, 999999999), }"),
      /needs .* bytes/,
    ],
    ["a header that is no dictionary", () => forged("__import__('os')"), /must give descr/],
  ] as const)("refuses %s", (_, make, says) => {
    expect(() => parseNpy(make(), "x.npy")).toThrow(says);
  });

  test("never fails but by RangeError, whatever the bytes", () => {
    const good = serializeNpy({ shape: [2, 2], data: Float64Array.of(1, 2, 3, 4) });
    fc.assert(
      fc.property(
        fc.nat(good.length - 1),
        fc.integer({ min: 0, max: 255 }),
        fc.nat(good.length),
        (at, byte, end) => {
          const bytes = good.slice(0, end);
          if (at < end) bytes[at] = byte;
          try {
            parseNpy(bytes, "x");
          } catch (error) {
            expect(error).toBeInstanceOf(RangeError);
          }
        },
      ),
      { seed: 1, numRuns: 500 },
    );
  });
});

/** An NPY file with this header, and 4 bytes of elements. */
function forged(header: string): Uint8Array {
  const text = new TextEncoder().encode(header);
  return Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length, 0, ...text, 0, 0, 0, 0);
}

describe("serializeNpy", () => {
  test("writes what NumPy writes, byte for byte", () => {
    const same = [
      "<f8",
      "<f4",
      "<i8",
      "<u8",
      "<i4",
      "<u4",
      "<i2",
      "<u2",
      "|i1",
      "|u1",
      "|b1",
      "a scalar",
      "one axis",
      "empty",
    ];
    for (const name of same) {
      const bytes = bytesOf(fixtures.npy[name]!.file);
      expect(Buffer.from(serializeNpy(parseNpy(bytes, name))).equals(bytes), name).toBe(true);
    }
  });

  test("refuses data that does not fill the shape", () => {
    expect(() => serializeNpy({ shape: [2, 2], data: Float32Array.of(1) })).toThrow(
      /needs 4 elements.*has 1/,
    );
  });
});

describe("parseNpz", () => {
  test.each(Object.entries(fixtures.npz))("reads what numpy.%s wrote", (name, { file, arrays }) => {
    const found = parseNpz(bytesOf(file), name);
    expect([...found.keys()]).toEqual(Object.keys(arrays));
    for (const [array, wanted] of Object.entries(arrays)) expectValues(found.get(array)!, wanted);
  });

  test("reads back what serializeNpz wrote, the same bytes each time", () => {
    const arrays = new Map<string, NpyArray>([
      ["a.b", { shape: [2], data: Float32Array.of(1.5, -0) }],
      ["tokens", { shape: [1, 2], data: BigInt64Array.of(3n, -4n) }],
    ]);
    const bytes = serializeNpz(arrays);
    expect(parseNpz(bytes, "x")).toEqual(arrays);
    expect(serializeNpz(arrays)).toEqual(bytes);
  });

  test("refuses what is no zip file, and says what to do with a single array", () => {
    expect(() => parseNpz(Uint8Array.of(1, 2, 3), "in.npz")).toThrow(
      /Cannot read in.npz as NPZ as it must be a zip file/,
    );
    const single = serializeNpy({ shape: [], data: Float32Array.of(1) });
    expect(() => parseNpz(single, "in.npy")).toThrow(/save it with numpy.savez/);
  });
});
