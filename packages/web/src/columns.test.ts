import { describe, expect, test } from "vitest";
import { decodeColumns, replaceRows } from "./columns.ts";

describe("decodeColumns()", () => {
  test("takes numbers from where they lie, by hand", () => {
    const head = '{"columns":[["step",2],["é",1]]}';
    const text = new TextEncoder().encode(head.padEnd(36)); // 4 + 37 bytes, as é has two, and then three more to a multiple of eight
    const bytes = new ArrayBuffer(64);
    new DataView(bytes).setUint32(0, 36, true);
    new Uint8Array(bytes).set(text.subarray(0, 36), 4);
    new Float64Array(bytes, 40).set([1, 2, -0.5]);
    expect([...decodeColumns(bytes)].map(([name, values]) => [name, [...values]])).toEqual([
      ["step", [1, 2]],
      ["é", [-0.5]],
    ]);
  });

  test("refuses bytes that are none", () => {
    expect(() => decodeColumns(new ArrayBuffer(2))).toThrow(/within 2 bytes/);
    const long = new ArrayBuffer(8);
    new DataView(long).setUint32(0, 100, true);
    expect(() => decodeColumns(long)).toThrow(RangeError);
  });
});

describe("replaceRows()", () => {
  const before = new Map([["step", Float64Array.of(0, 10, 20)]]);

  test("appends, with NaN for what was not measured", () => {
    const after = replaceRows(before, 3, { step: [30], loss: [null] });
    expect([...after.get("step")!]).toEqual([0, 10, 20, 30]);
    expect([...after.get("loss")!]).toEqual([Number.NaN, Number.NaN, Number.NaN, Number.NaN]);
  });

  test("forgets what a resumed run writes again", () => {
    expect([...replaceRows(before, 1, { step: [10, 15] }).get("step")!]).toEqual([0, 10, 15]);
  });
});
