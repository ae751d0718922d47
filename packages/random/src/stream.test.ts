import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { philox } from "./philox.ts";
import { type Stream, stream } from "./stream.ts";

const take = (s: Stream, n: number) => Array.from({ length: n }, () => s.uint32());

describe("stream()", () => {
  test("is a pure function of seed, purpose and index, whichever index is asked first", () => {
    const forwards = [0, 1, 2, 3].map((i) => take(stream(5, "order", i), 10));
    const backwards = [3, 2, 1, 0].map((i) => take(stream(5, "order", i), 10)).reverse();
    expect(backwards).toEqual(forwards);
  });

  test("gives different words when any of its arguments differs", () => {
    const streams = [
      stream(1, "init"),
      stream(2, "init"),
      stream(1 + 2 ** 32, "init"),
      stream(1, "inits"),
      stream(1, "init\0"),
      stream(1, ""),
      stream(1, "init", 0),
      stream(1, "init", 1),
      stream(1, "init", 0, 0),
      stream(1, "init", 0, 1),
      stream(1, "init", 0, 0, 0),
      stream(1, "a purpose longer than sixteen bytes"),
      stream(1, "a purpose longer than sixteen bytez"),
    ];
    const words = streams.flatMap((s) => take(s, 4));
    expect(new Set(words).size).toBe(words.length);
  });

  test("builds key and counter as documented", () => {
    // Derived by hand from the documented construction: key = two blocks ("init", then length 4, 0 indices) under the seed.
    const mixed = new Uint32Array(4);
    philox(mixed, 0, 0x74696e69, 0, 0, 0, 42, 0); // "init" little-endian
    philox(mixed, 0, 4, 0, 0, 0, mixed[0]!, mixed[1]!);
    const [k0, k1] = [mixed[0]!, mixed[1]!];
    const expected = new Uint32Array(8);
    philox(expected, 0, 0, 0, 0, 0, k0, k1);
    philox(expected, 4, 1, 0, 0, 0, k0, k1);
    expect(take(stream(42, "init"), 8)).toEqual([...expected]);
  });

  test.each([
    [() => stream(-1, "x"), "seed must be a whole number in [0, 2^53): current value is -1"],
    [() => stream(Number.NaN, "x"), "current value is NaN"],
    [() => stream(0.5, "x"), "current value is 0.5"],
    [() => stream(1, "x", 2 ** 32), "index 0 must be a whole number in [0, 2^32)"],
    [() => stream(1, "x", 1, 2, 3, 4), "at most 3 indices: got 4"],
    [() => stream(1, "x").integer(0), "n must be a whole number in [1, 2^32]: current value is 0"],
    [() => stream(1, "x").bernoulli(Number.NaN), "p must be in [0, 1]: current value is NaN"],
    [() => stream(1, "x").fillUniform(new Float32Array(1), 1, 0), "low <= high"],
    [() => stream(1, "x").fillNormal(new Float32Array(1), 0, -1), "std in [0, ∞)"],
    [() => stream(1, "x").permutation(-1), "current value is -1"],
  ])("refuses wrong arguments %#", (action, message) => {
    expect(action).toThrow(RangeError);
    expect(action).toThrow(message);
  });
});

describe("Stream", () => {
  test("uniform() joins 27 and 26 bits of two words", () => {
    const [high, low] = take(stream(3, "u"), 2) as [number, number];
    const bits = (BigInt(high >>> 5) << 26n) | BigInt(low >>> 6);
    expect(stream(3, "u").uniform()).toBe(Number(bits) / 2 ** 53);
  });

  test("fillUniform() takes one word per element and its upper 24 bits, whatever was drawn before", () => {
    for (const skip of [0, 1, 63, 64, 65]) {
      const reference = stream(9, "fill");
      const filled = stream(9, "fill");
      take(reference, skip);
      take(filled, skip);
      const out = filled.fillUniform(new Float32Array(200), -1, 3);
      const expected = take(reference, 200).map((w) => Math.fround(-1 + (4 * (w >>> 8)) / 2 ** 24));
      expect([...out]).toEqual(expected);
      expect(filled.uint32()).toBe(reference.uint32());
    }
  });

  test("fillNormal() gives the values of normal()", () => {
    const reference = stream(4, "n");
    const expected = Array.from({ length: 101 }, () => Math.fround(2 + 3 * reference.normal()));
    expect([...stream(4, "n").fillNormal(new Float32Array(101), 2, 3)]).toEqual(expected);
  });

  // Bounds are 4.5 standard errors of the stated estimate; the seeds are fixed, so a pass is permanent.
  const n = 200_000;
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;

  test("uniform() has mean 1/2 and variance 1/12", () => {
    const s = stream(1, "moments");
    const u = Array.from({ length: n }, () => s.uniform());
    expect(Math.abs(mean(u) - 1 / 2)).toBeLessThan(4.5 * Math.sqrt(1 / 12 / n));
    // Var((u − ½)²) = 1/80 − 1/144
    const variance = mean(u.map((x) => (x - 1 / 2) ** 2));
    expect(Math.abs(variance - 1 / 12)).toBeLessThan(4.5 * Math.sqrt((1 / 80 - 1 / 144) / n));
    expect(Math.max(...u.slice(0, 50_000))).toBeLessThan(1);
  });

  test("normal() has moments 0, 1, 0, 3 and no correlation between neighbours", () => {
    const s = stream(2, "moments");
    const z = Array.from({ length: n }, () => s.normal());
    // Standard errors of the raw moments of N(0, 1): Var z = 1, Var z² = 2, Var z³ = 15, Var z⁴ = 96.
    expect(Math.abs(mean(z))).toBeLessThan(4.5 * Math.sqrt(1 / n));
    expect(Math.abs(mean(z.map((x) => x ** 2)) - 1)).toBeLessThan(4.5 * Math.sqrt(2 / n));
    expect(Math.abs(mean(z.map((x) => x ** 3)))).toBeLessThan(4.5 * Math.sqrt(15 / n));
    expect(Math.abs(mean(z.map((x) => x ** 4)) - 3)).toBeLessThan(4.5 * Math.sqrt(96 / n));
    expect(Math.abs(mean(z.slice(1).map((x, i) => x * z[i]!)))).toBeLessThan(4.5 * Math.sqrt(1 / n));
  });

  test("bernoulli() is true with probability p", () => {
    const s = stream(3, "moments");
    const share = mean(Array.from({ length: n }, () => Number(s.bernoulli(0.2))));
    expect(Math.abs(share - 0.2)).toBeLessThan(4.5 * Math.sqrt((0.2 * 0.8) / n));
    expect(stream(3, "p").bernoulli(0)).toBe(false);
    expect(stream(3, "p").bernoulli(1)).toBe(true);
  });

  test("integer() is unbiased by a chi-square test", () => {
    for (const k of [2, 3, 10, 47]) {
      const s = stream(6, "chi-square", k);
      const counts = new Float64Array(k);
      for (let i = 0; i < n; i++) counts[s.integer(k)]!++;
      const chi2 = counts.reduce((sum, c) => sum + (c - n / k) ** 2 / (n / k), 0);
      // χ² with k − 1 degrees of freedom has mean k − 1 and variance 2(k − 1).
      expect(chi2).toBeLessThan(k - 1 + 5 * Math.sqrt(2 * (k - 1)));
    }
  });

  test("integer() has no modulo bias where n is a large part of 2^32", () => {
    // With plain `word % n` and n = 3·2³⁰, values below 2³⁰ would come up with probability 1/2 instead of 1/3.
    const s = stream(8, "bias");
    const m = 30_000;
    let low = 0;
    for (let i = 0; i < m; i++) if (s.integer(3 * 2 ** 30) < 2 ** 30) low++;
    expect(Math.abs(low / m - 1 / 3)).toBeLessThan(4.5 * Math.sqrt((1 / 3) * (2 / 3) * (1 / m)));
  });

  test("skip() passes over words as if they had been drawn, from any place", () => {
    fc.assert(
      fc.property(fc.nat(150), fc.nat(400), (before, skipped) => {
        const [one, other] = [stream(3, "skip"), stream(3, "skip")];
        take(one, before + skipped);
        take(other, before);
        other.skip(skipped);
        expect(take(other, 70)).toEqual(take(one, 70));
      }),
      { seed: 20111113 },
    );
    expect(() => stream(3, "skip").skip(-1)).toThrow(
      "Cannot skip words of a random stream as their number must be a whole number from 0: current value is -1",
    );
  });

  test("permutation() holds each number once", () => {
    fc.assert(
      fc.property(fc.nat(300), fc.nat(), fc.nat(1000), (size, seed, epoch) => {
        const order = stream(seed, "order", epoch).permutation(size);
        expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: size }, (_, i) => i));
      }),
      { seed: 20111112 },
    );
  });

  test("permutation() gives each of the 24 orders of four equally often", () => {
    const counts = new Map<string, number>();
    const rounds = 24_000;
    for (let i = 0; i < rounds; i++) {
      const key = stream(1, "orders", i).permutation(4).join("");
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    const chi2 = [...counts.values()].reduce((sum, c) => sum + (c - 1000) ** 2 / 1000, 0);
    expect(counts.size).toBe(24);
    expect(chi2).toBeLessThan(23 + 5 * Math.sqrt(46));
  });
});
