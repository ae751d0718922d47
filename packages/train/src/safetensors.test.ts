import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseSafetensors, type StoredTensor, serializeSafetensors } from "./safetensors.ts";

/** Bytes of a file with this header text and this many bytes of data. */
function fileOf(header: unknown, dataBytes: number): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

const tensor = (
  begin: number,
  end: number,
  shape: unknown = [(end - begin) / 4],
  dtype: unknown = "F32",
) => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

describe("serializeSafetensors()", () => {
  test("writes the documented layout byte by byte", () => {
    const tensors = new Map<string, StoredTensor>([
      ["b", { shape: [2], data: Uint8Array.of(7, 8) }],
      ["a", { shape: [1, 1], data: Float32Array.of(1) }],
    ]);
    const bytes = serializeSafetensors(tensors, { k: "v" });
    const header =
      '{"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[2],"data_offsets":[4,6]}}';
    const padded = Math.ceil(header.length / 8) * 8;
    expect(new DataView(bytes.buffer).getBigUint64(0, true)).toBe(BigInt(padded));
    expect(new TextDecoder().decode(bytes.subarray(8, 8 + padded))).toBe(header.padEnd(padded));
    expect([...bytes.subarray(8 + padded)]).toEqual([0, 0, 0x80, 0x3f, 7, 8]); // 1 is 0x3f800000
  });

  test("writes the same bytes whatever the order of insertion, and of views as of whole buffers", () => {
    const a = { shape: [2], data: Float32Array.of(0, 1, 2, 3).subarray(1, 3) };
    const b = { shape: [], data: Float64Array.of(9) };
    const forwards = new Map<string, StoredTensor>([
      ["a", a],
      ["b", b],
    ]);
    const backwards = new Map<string, StoredTensor>([
      ["b", b],
      ["a", { shape: [2], data: Float32Array.of(1, 2) }],
    ]);
    expect(serializeSafetensors(forwards)).toEqual(serializeSafetensors(backwards));
  });

  test("refuses a shape that does not fit the data, and the format's own name", () => {
    const one = (name: string, shape: number[]) => new Map([[name, { shape, data: new Float32Array(5) }]]);
    expect(() => serializeSafetensors(one("w", [2, 3]))).toThrow(
      "Cannot write tensor w as shape [2,3] needs 6 elements: its data has 5",
    );
    expect(() => serializeSafetensors(one("__metadata__", [5]))).toThrow("rename the tensor");
  });
});

describe("parseSafetensors()", () => {
  test("reads what the format's own library wrote, to the bit", () => {
    const fixture = JSON.parse(
      readFileSync(new URL("../fixtures/safetensors.json", import.meta.url), "utf8"),
    );
    const { tensors, metadata } = parseSafetensors(Buffer.from(fixture.file, "base64"), "fixture");
    expect(metadata).toEqual(fixture.metadata);
    expect([...tensors.keys()].sort()).toEqual(Object.keys(fixture.tensors).sort());
    const arrays: Record<string, string> = {
      float32: "Float32Array",
      float64: "Float64Array",
      int64: "BigInt64Array",
      int32: "Int32Array",
      uint8: "Uint8Array",
    };
    for (const [name, { shape, data }] of tensors) {
      const expected = fixture.tensors[name];
      expect(shape).toEqual(expected.shape);
      expect(data.constructor.name).toBe(arrays[expected.dtype]);
      // Python prints the shortest decimal that reads back to the same number; "inf" is its word for infinity.
      const values = expected.values.map((text: string) => {
        if (expected.dtype === "int64") return BigInt(text);
        const value = Number(text.replace("inf", "Infinity"));
        return expected.dtype === "float32" ? Math.fround(value) : value;
      });
      expect([...data]).toEqual(values);
    }
  });

  test("returns what serializeSafetensors() was given", () => {
    const data = fc.oneof(
      fc.float32Array({ maxLength: 20 }),
      fc.float64Array({ maxLength: 20 }),
      fc.int32Array({ maxLength: 20 }),
      fc.uint8Array({ maxLength: 20 }),
      fc.bigInt64Array({ maxLength: 20 }),
      fc.int16Array({ maxLength: 20 }),
    );
    const name = fc.string({ unit: "binary" }).filter((text) => text !== "__metadata__");
    const entries = fc.uniqueArray(fc.tuple(name, data), { selector: ([key]) => key, maxLength: 8 });
    const metadata = fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true });
    fc.assert(
      fc.property(entries, metadata, (list, extra) => {
        const tensors = new Map<string, StoredTensor>(
          list.map(([key, d]) => [key, { shape: [1, d.length], data: d }]),
        );
        const parsed = parseSafetensors(serializeSafetensors(tensors, extra), "file");
        expect(parsed.metadata).toEqual(extra);
        expect(new Map(parsed.tensors)).toEqual(tensors);
      }),
      { seed: 8 },
    );
  });

  test.each([
    ["a short file", new Uint8Array(5), "it begins with 8 bytes of header length: the file has 5"],
    [
      "an absurd header size",
      new Uint8Array(16).fill(255),
      "at most 100000000 bytes: the first 8 bytes say 18446744073709551615",
    ],
    ["a cut header", fileOf({ w: tensor(0, 4) }, 4).subarray(0, 20), "after the length; it is cut short"],
    ["a header that is no JSON", fileOf("{{", 0), "its header must be JSON in UTF-8"],
    ["a header that is no object", fileOf("[1]", 0), "its header must be a JSON object: found an array"],
    [
      "metadata of numbers",
      fileOf({ __metadata__: { step: 3 } }, 0),
      'must be an object of strings: "step" is a number',
    ],
    [
      "an entry that is no object",
      fileOf({ w: 3 }, 0),
      "tensor w must be described by an object: found a number",
    ],
    ["an unknown dtype", fileOf({ w: tensor(0, 4, [4], "F8_E4M3") }, 4), 'F16: found "F8_E4M3"'],
    ["an inherited dtype", fileOf({ w: tensor(0, 4, [2], "toString") }, 4), 'F16: found "toString"'],
    [
      "a negative extent",
      fileOf({ w: tensor(0, 4, [-1]) }, 4),
      "tensor w must have a shape of whole numbers: found [-1]",
    ],
    ["a fractional extent", fileOf({ w: tensor(0, 4, [0.5, 2]) }, 4), "found [0.5,2]"],
    [
      "reversed offsets",
      fileOf({ w: tensor(4, 0, [1]) }, 4),
      "must have data_offsets [begin, end]: found [4,0]",
    ],
    [
      "three offsets",
      fileOf({ w: { dtype: "F32", shape: [1], data_offsets: [0, 4, 8] } }, 8),
      "found [0,4,8]",
    ],
    [
      "a shape beyond its bytes",
      fileOf({ w: tensor(0, 4, [2]) }, 4),
      "tensor w of F32 [2] needs 8 bytes: data_offsets give it 4",
    ],
    ["a shape that overflows", fileOf({ w: tensor(0, 4, [2 ** 52, 2 ** 52]) }, 4), "data_offsets give it 4"],
    [
      "overlapping tensors",
      fileOf({ a: tensor(0, 8), b: tensor(4, 12) }, 12),
      "tensor b must begin at byte 8 of the data: it begins at 4 and overlaps",
    ],
    ["a gap", fileOf({ a: tensor(0, 4), b: tensor(8, 12) }, 12), "it begins at 8 and leaves a gap"],
    [
      "cut data",
      fileOf({ a: tensor(0, 8) }, 7),
      "its tensors need 8 bytes of data: the file has 7; the file is cut short",
    ],
    ["extra data", fileOf({ a: tensor(0, 8) }, 9), "its tensors need 8 bytes of data: the file has 9"],
  ])("refuses %s and names the file", (_, bytes, message) => {
    expect(() => parseSafetensors(bytes, "run/checkpoint.safetensors")).toThrow(RangeError);
    expect(() => parseSafetensors(bytes, "run/checkpoint.safetensors")).toThrow(
      "Cannot read run/checkpoint.safetensors as safetensors as ",
    );
    expect(() => parseSafetensors(bytes, "run/checkpoint.safetensors")).toThrow(message);
  });

  test("refuses every proper prefix of a file", () => {
    const bytes = serializeSafetensors(new Map([["w", { shape: [2], data: Float32Array.of(1, 2) }]]));
    for (let n = 0; n < bytes.length; n++) {
      expect(() => parseSafetensors(bytes.subarray(0, n), "file")).toThrow(RangeError);
    }
  });
});
