import { describe, expect, test } from "vitest";
import { EXAMPLES, loadExamples } from "./examples.ts";
import { planeThrough, pointOf, shadowOf } from "./plane.ts";

const plane = Object.keys(EXAMPLES).filter((name) => name !== "digits");

describe("loadExamples()", () => {
  test.each(
    plane,
  )("%s: classes of equal size, the same from the same seed, others from another", async (name) => {
    const [a, again, other] = await Promise.all([1, 1, 2].map((seed) => loadExamples(name, 0.1, seed)));
    expect([...a!.train.x]).toEqual([...again!.train.x]);
    expect([...a!.train.x]).not.toEqual([...other!.train.x]);
    expect([...a!.train.x]).not.toEqual([...a!.test.x]);
    const counts = new Array(a!.classes).fill(0);
    for (const label of a!.train.labels) counts[label]++;
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    expect(Math.max(...a!.train.x.map(Math.abs))).toBeLessThanOrEqual(a!.reach);
  });

  test("spiral without noise lies on its arms: r = 5u, t = 1.75 · 2πu + π·[class 0]", async () => {
    const { x, labels, count } = (await loadExamples("spiral", 0, 3)).train;
    for (let i = 0; i < count; i++) {
      const r = Math.hypot(x[2 * i]!, x[2 * i + 1]!);
      const t = 1.75 * (r / 5) * 2 * Math.PI + (labels[i] === 1 ? 0 : Math.PI);
      expect(r * Math.sin(t)).toBeCloseTo(x[2 * i]!, 4);
      expect(r * Math.cos(t)).toBeCloseTo(x[2 * i + 1]!, 4);
    }
  });

  test("refuses what it does not have", async () => {
    await expect(loadExamples("constructor", 0, 1)).rejects.toThrow('Cannot find the examples "constructor"');
  });
});

describe("planes", () => {
  const start = Float32Array.of(1, 1, 1);
  test("hold the start at (0, 0), the first at (1, 0), and the second", () => {
    const [first, second] = [Float32Array.of(3, 1, 1), Float32Array.of(2, 5, 1)];
    const found = planeThrough(start, first, second, 0)!;
    expect(shadowOf(found, start)).toEqual([0, 0]);
    expect(shadowOf(found, first)).toEqual([1, 0]);
    expect(shadowOf(found, second)).toEqual([0.5, 2]); // (1, 4, 0) over a unit of 2
    expect([...pointOf(found, 0.5, 2, new Float32Array(3))]).toEqual([...second]);
  });

  test("with one learner take a perpendicular drawn from the seed, and none where it has not moved", () => {
    const one = planeThrough(start, Float32Array.of(3, 1, 1), undefined, 7)!;
    expect(one.u.reduce((sum, x, i) => sum + x * one.v[i]!, 0)).toBeCloseTo(0, 5);
    expect(Math.hypot(...one.v)).toBeCloseTo(2, 5);
    expect(planeThrough(start, start, undefined, 7)).toBeUndefined();
  });
});
