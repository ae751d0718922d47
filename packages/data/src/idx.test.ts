import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { gunzipIfNeeded, parseIdx } from "./idx.ts";

/** Two images of 2×3 pixels, written out byte by byte. */
const SMALL = Uint8Array.of(
  0,
  0,
  8,
  3,
  0,
  0,
  0,
  2,
  0,
  0,
  0,
  2,
  0,
  0,
  0,
  3,
  1,
  2,
  3,
  4,
  5,
  6,
  7,
  8,
  9,
  10,
  11,
  255,
);

describe("parseIdx()", () => {
  test("reads shape and elements", () => {
    const { shape, data } = parseIdx(SMALL, "small");
    expect(shape).toEqual([2, 2, 3]);
    expect([...data]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 255]);
  });

  test("reads gzipped bytes after gunzipIfNeeded(), which leaves plain ones alone", () => {
    expect(parseIdx(gunzipIfNeeded(gzipSync(SMALL), "small.gz"), "small.gz")).toEqual(
      parseIdx(Buffer.from(SMALL), "small"),
    );
    expect(gunzipIfNeeded(SMALL, "small")).toBe(SMALL);
  });

  test.each([
    ["an empty file", SMALL.subarray(0, 0), "its header has at least 4 bytes: the file has 0"],
    ["a text file", new TextEncoder().encode("PK is not IDX"), "begins with two zero bytes: found 504b2069"],
    ["float elements", SMALL.with(2, 0x0d), "only type 08 (unsigned byte) is supported: found type 0d"],
    ["no dimensions", SMALL.with(3, 0), "1 to 8 dimensions: the header says 0"],
    ["a cut header", SMALL.subarray(0, 10), "a header of 3 dimensions has 16 bytes: the file has 10"],
    [
      "a cut body",
      SMALL.subarray(0, 27),
      "shape 2×2×3 needs 12 bytes after the header: the file has 11: it is cut short",
    ],
    ["a long body", new Uint8Array([...SMALL, 0]), "the file has 13: it is too long"],
    ["an absurd shape", SMALL.with(4, 255), "needs 25669140492 bytes after the header"],
  ])("refuses %s and names the file", (_, bytes, message) => {
    expect(() => parseIdx(bytes, "train-images")).toThrow(RangeError);
    expect(() => parseIdx(bytes, "train-images")).toThrow("Cannot read train-images as IDX as ");
    expect(() => parseIdx(bytes, "train-images")).toThrow(message);
  });

  test("gunzipIfNeeded() refuses a gzip file that was cut short", () => {
    expect(() => gunzipIfNeeded(gzipSync(SMALL).subarray(0, 20), "small.gz")).toThrow(
      "Cannot read small.gz as it begins as gzip but does not decompress",
    );
  });

  test("meets arbitrary bytes with an array or a RangeError, nothing else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          const { shape, data } = parseIdx(bytes, "x");
          expect(data.length).toBe(shape.reduce((a, b) => a * b, 1));
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
      { seed: 1998 },
    );
  });
});
