import { describe, expect, test } from "vitest";
import { parseCifar } from "./cifar.ts";

/** Records with these labels; record r's pixels are r, but for the first of each plane. */
const file = (...labels: number[]) => {
  const bytes = new Uint8Array(labels.length * 3073);
  labels.forEach((label, r) => {
    bytes.fill(r, r * 3073, (r + 1) * 3073);
    bytes[r * 3073] = label;
    for (const plane of [0, 1, 2]) bytes[r * 3073 + 1 + plane * 1024] = 100 + plane;
  });
  return bytes;
};

describe("parseCifar()", () => {
  test("puts the records of all files one after the other, planes first", () => {
    const split = parseCifar([file(3, 9), file(0)], 10, "small");
    expect(split).toMatchObject({ count: 3, shape: [3, 32, 32] });
    expect([...split.labels]).toEqual([3, 9, 0]);
    const second = split.images.subarray(3072, 6144);
    expect([second[0], second[1], second[1024], second[2048], second[3071]]).toEqual([100, 1, 101, 102, 1]);
  });

  test("refuses a file that was cut, and labels that are none", () => {
    expect(() => parseCifar([file(1), file(1, 2).subarray(1)], 10, "small")).toThrow(
      "Cannot build small as file 1 must hold records of 3073 bytes: it has 6145",
    );
    expect(() => parseCifar([file(1, 10)], 10, "small")).toThrow("label 1 is 10");
  });
});
