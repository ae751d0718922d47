import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { flatten, linear, relu, sequential } from "@thalweg/nn";
import { adam, dot, norm } from "@thalweg/optim";
import { stream } from "@thalweg/random";
import { classifier, createRun, openRun } from "@thalweg/train";
import { describe, expect, test } from "vitest";
import { rowModel } from "../evaluate/rows.ts";
import { examplesOf, surfaceOf } from "../evaluate/testing.ts";
import { edgeBand, parseMask, placesOf } from "./mask.ts";
import { trainPattern } from "./train-pattern.ts";
import { axesOf, pullBack } from "./trained-plane.ts";

describe("parseMask", () => {
  test("reads rows from the top, with the middle at (0, 0) and y upwards", () => {
    const mask = parseMask("\n#..\n.?.\n..#\n");
    expect(placesOf(mask, "low")).toEqual([
      [-1, 1],
      [1, -1],
    ]);
    expect(placesOf(mask, "either")).toEqual([[0, 0]]);
  });

  test.each([
    ["##.\n#.", /as long as the first, 3: line 2 has 2/],
    ["#x", /line 1 has "x"/],
    ["##\n##", /of 2 × 2 none is high/],
  ])("refuses %j", (text, says) => {
    expect(() => parseMask(text)).toThrow(says);
  });

  test("edgeBand keeps the cells that have another kind beside them", () => {
    const { rows } = edgeBand(parseMask("#####\n#####\n#####\n....."));
    expect(rows.map((row) => row[2])).toEqual(["either", "either", "low", "high"]);
  });
});

describe("the trained plane", () => {
  const P = 5;
  const draw = (name: string, size = P) => stream(4, name).fillNormal(new Float32Array(size));
  const part = (name: string, size?: number) => Float64Array.from(draw(name, size));
  const parts = { origin: part("o"), right: part("r"), up: part("u"), scale: part("s", 1) };
  const places = [
    [1, 0],
    [-2, 1],
    [0.5, 3],
  ] as const;
  const target = part("t");
  /** Σ over cells k of (k + 1) ‖w − t‖⁴ / 4, in float64. */
  const weightOf = (k: number) => k + 1;
  const cellOf = (at: typeof parts, [x, y]: readonly [number, number]) => {
    const { right, up } = axesOf(at);
    return at.origin.map((o, i) => o + at.scale[0]! * (x * right[i]! + y * up[i]!));
  };
  const square = (w: Float64Array) => w.reduce((sum, value, i) => sum + (value - target[i]!) ** 2, 0);
  const value = (at: typeof parts) =>
    places.reduce((sum, place, k) => sum + (weightOf(k) * square(cellOf(at, place)) ** 2) / 4, 0);

  test("has axes at right angles and of one length", () => {
    const { right, up } = axesOf(parts);
    const product = right.reduce((sum, r, i) => sum + r * up[i]!, 0);
    const length = (v: Float64Array) => Math.sqrt(v.reduce((sum, one) => sum + one * one, 0));
    expect(product).toBeCloseTo(0, 12);
    expect(length(up)).toBeCloseTo(length(right), 12);
  });

  test("pulls gradients back as central differences do", () => {
    const zeros = (size = P) => new Float64Array(size);
    const sums = { plain: zeros(), byX: zeros(), byY: zeros() };
    places.forEach((place, k) => {
      const w = cellOf(parts, place);
      const rest = square(w);
      w.forEach((one, i) => {
        const g = weightOf(k) * rest * (one - target[i]!); // d (ρ⁴ / 4) = ρ² (w − t) dw
        sums.plain[i]! += g;
        sums.byX[i]! += place[0] * g;
        sums.byY[i]! += place[1] * g;
      });
    });
    const found = { origin: zeros(), right: zeros(), up: zeros(), scale: zeros(1) };
    pullBack(parts, axesOf(parts), sums, found);
    const h = 1e-5; // error h² against rounding 1e-16 / h
    for (const name of ["origin", "right", "up", "scale"] as const) {
      found[name].forEach((g, i) => {
        const moved = (by: number) => ({
          ...parts,
          [name]: parts[name].map((one, j) => (j === i ? one + by : one)),
        });
        const difference = (value(moved(h)) - value(moved(-h))) / (2 * h);
        expect(Math.abs(g - difference)).toBeLessThan(1e-6 * Math.max(1, Math.abs(difference)));
      });
    }
  });

  test("refuses axes that point the same way", () => {
    const origin = Float64Array.of(0, 0);
    const right = Float64Array.of(1, 0);
    expect(() => axesOf({ origin, right, up: right, scale: origin })).toThrow(/they are 1 and 0 long/);
  });
});

describe("trainPattern", () => {
  const model = classifier(sequential(flatten(), linear(8, 16), relu(), linear(16, 3)), [8]);
  const examples = examplesOf(96, [8], 3);
  const mask = parseMask(".....\n..#..\n.###.\n..#..\n.....");

  test("finds a plane whose loss shows the picture: every low cell lies below every high one", async () => {
    const rule = { ...adam, hyper: { ...adam.hyper, lr: 0.02 } };
    const { family, result } = await trainPattern({
      ...{ model, mask, examples, rule },
      ...{ batchSize: 96, steps: 200, seed: 2, ceiling: 2 },
    });
    expect(result.end).toBe("finished");
    expect(Math.abs(dot(family.basis[0]!, family.basis[1]!))).toBeLessThan(
      1e-4 * norm(family.basis[0]!) ** 2,
    );
    const axis = { from: -2, to: 2, points: 5 };
    const surface = await surfaceOf({
      ...{ model: rowModel(model, { loss: "softmax-cross-entropy" }), family, examples },
      grid: [axis, axis],
    });
    const heights = surface.mean("loss");
    const heightAt = ([x, y]: readonly [number, number]) => heights[(y + 2) * 5 + (x + 2)]!;
    const low = placesOf(mask, "low").map(heightAt);
    const high = placesOf(mask, "high").map(heightAt);
    expect(Math.max(...low)).toBeLessThan(Math.min(...high));
  });

  test("stopped in the middle goes on from its folder, and ends with the bits of one that was not", async () => {
    const folder = mkdtempSync(join(tmpdir(), "thalweg-pattern-"));
    try {
      const settings = { model, mask, examples, rule: adam, batchSize: 32, steps: 30, seed: 4, cells: 3 };
      const whole = await trainPattern(settings);
      const stop = new AbortController();
      const cut = await trainPattern({
        ...{ ...settings, run: createRun(join(folder, "run"), { kind: "test" }), signal: stop.signal },
        onEvaluation: ({ step }) => step === 12 && stop.abort(),
      });
      expect([cut.result.end, cut.result.step]).toEqual(["interrupted", 12]);
      for (const _ of ["going on", "asked once more"]) {
        const again = await trainPattern({ ...settings, run: openRun(join(folder, "run")) });
        expect(again.result.end).toBe("finished");
        expect(again.family.basis).toEqual(whole.family.basis);
        expect(again.result.evaluations.map(({ lowLoss }) => lowLoss)).toEqual(
          whole.result.evaluations.map(({ lowLoss }) => lowLoss ?? null),
        );
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("refuses settings that cannot work", async () => {
    const settings = { model, mask, examples, rule: adam, batchSize: 96, steps: 1, seed: 1 };
    await expect(trainPattern({ ...settings, ceiling: 0 })).rejects.toThrow(
      /ceiling must be.*current value is 0/,
    );
    await expect(trainPattern({ ...settings, cells: Number.NaN })).rejects.toThrow(/cells must be.*NaN/);
  });
});
