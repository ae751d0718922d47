import { describe, expect, test } from "vitest";
import { FlatMemory, SCRATCH_BYTES } from "./memory.ts";

describe("FlatMemory", () => {
  test("gives zeroed vectors at 64-byte boundaries, behind the scratch area, one after the other", () => {
    const memory = new FlatMemory(1_000);
    const [a, b, c] = [memory.allocate(3), memory.allocate(17), memory.allocate(16)];
    expect([a, b, c].map(({ byteOffset }) => byteOffset - SCRATCH_BYTES)).toEqual([0, 64, 192]);
    expect([a, b, c].map(({ length }) => length)).toEqual([3, 17, 16]);
    expect(Array.from(b)).toEqual(Array(17).fill(0));
    expect(new Set([a, b, c].map(({ buffer }) => buffer))).toEqual(new Set([memory.memory.buffer]));
    expect(memory.memory.buffer).toBeInstanceOf(ArrayBuffer); // not shared
  });

  test("bytesFor() counts the padding, so the sum of its values is always enough", () => {
    expect([0, 1, 16, 17].map(FlatMemory.bytesFor)).toEqual([0, 64, 64, 128]);
    const sizes = [1, 100, 16_383, 0, 50_000];
    const memory = new FlatMemory(sizes.reduce((sum, size) => sum + FlatMemory.bytesFor(size), 0));
    for (const size of sizes) expect(memory.allocate(size)).toHaveLength(size);
  });

  test("an empty vector takes no room and moves nothing", () => {
    const memory = new FlatMemory(0);
    const free = memory.bytesFree;
    expect(memory.allocate(0)).toHaveLength(0);
    expect(memory.bytesFree).toBe(free);
    expect(free).toBe(65_536 - SCRATCH_BYTES); // the rest of the first page
  });

  test("can be filled to the last byte, and then names what is free", () => {
    const memory = new FlatMemory(100);
    const free = memory.bytesFree;
    expect(memory.allocate(free / 4).at(-1)).toBe(0);
    expect(memory.bytesFree).toBe(0);
    expect(() => memory.allocate(1)).toThrow(
      new RangeError(
        "Cannot allocate 1 float32 values as only 0 of 65536 bytes are free: reserve more when the memory is made",
      ),
    );
  });

  test("a vector that does not fit leaves the memory as it was", () => {
    const memory = new FlatMemory(100);
    const free = memory.bytesFree;
    expect(() => memory.allocate(free)).toThrow(RangeError);
    expect(memory.bytesFree).toBe(free);
  });

  test.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])("refuses a size of %d", (size) => {
    const memory = new FlatMemory(0);
    expect(() => memory.allocate(size)).toThrow(
      new RangeError(
        `Cannot allocate a vector as its length must be a whole number of float32 values: current value is ${size}`,
      ),
    );
    expect(() => new FlatMemory(size)).toThrow(
      new RangeError(
        `Cannot reserve memory as its size must be a whole number of bytes: current value is ${size}`,
      ),
    );
  });

  test("refuses more than 4 GiB, scratch area included", () => {
    expect(() => new FlatMemory(2 ** 32 - SCRATCH_BYTES + 1)).toThrow(
      /holds at most 4 GiB: use fewer parameters/,
    );
    expect(() => new FlatMemory(2 ** 52)).toThrow(RangeError);
  });
});
