import { linear, sequential, tanh } from "@thalweg/nn";
import { classifier } from "@thalweg/train";
import { describe, expect, test } from "vitest";
import { Evaluator, type TileEvaluator } from "./evaluator.ts";
import { chunkSizes, type Grid, parseAxis, placeOf, pointsOf } from "./grid.ts";
import { levelsOf } from "./levels.ts";
import { Refiner } from "./refine.ts";
import { rowModel } from "./rows.ts";
import { survey } from "./survey.ts";
import { examplesOf, planeAround } from "./testing.ts";

const GRID: Grid = [parseAxis("-1:1:51"), parseAxis("-1:1:51")];
const WIDTH = 51;

/** A formula instead of a network: examples of chunk k lie shift·k above it, and spread by so much. */
function formula(
  f: (x: number, y: number) => number,
  {
    chunks,
    spread = 0,
    shift = 0,
    grid = GRID,
  }: { chunks: number[]; spread?: number; shift?: number; grid?: Grid },
): TileEvaluator {
  return {
    columns: ["loss", "lossSquared"],
    evaluate: async ({ chunk, row, columns }) =>
      Float64Array.from(
        columns.flatMap((column) => {
          const [x, y = 0] = placeOf(grid, row, column) as [number, number?];
          const [n, mean] = [chunks[chunk]!, f(x, y) + shift * chunk];
          return [n * mean, n * (mean * mean + spread * spread)];
        }),
      ),
    release: async () => {},
  };
}

/** The true heights, and how far others are from them, in contours. */
function errorsOf(f: (x: number, y: number) => number, found: Float64Array, grid = GRID): Float64Array {
  const truth = found.map((_, point) => {
    const [x, y = 0] = placeOf(grid, Math.floor(point / WIDTH), point % WIDTH) as [number, number?];
    return f(x, y);
  });
  const { toLevel } = levelsOf(truth);
  return found.map((value, point) => Math.abs(toLevel(value) - toLevel(truth[point]!)));
}

async function refine(evaluator: TileEvaluator, chunks: number[], tolerance = 0.5, grid = GRID) {
  const { surface } = await survey({
    evaluators: [evaluator],
    form: { grid, chunks },
    rounds: (growing) => new Refiner(growing, { tolerance }).rounds(),
  });
  return Refiner.of(surface, { tolerance });
}

describe("Refiner", () => {
  test.each([
    ["a bowl", (x: number, y: number) => x * x + 0.5 * y * y + 0.1, 0.35],
    ["Rosenbrock's valley", (x: number, y: number) => (1 - x) ** 2 + 100 * (y - x * x) ** 2 + 0.01, 0.75],
    [
      "a sharp ridge on a plain",
      (x: number, y: number) => 2 - 0.1 * y + Math.exp(-(((x - 0.3) / 0.08) ** 2)),
      0.75,
    ],
  ])("measures part of %s, and is right within its tolerance", async (_, f, share) => {
    const refiner = await refine(formula(f, { chunks: [10] }), [10]);
    expect(refiner.cost / 10).toBeLessThan(share * pointsOf(GRID));
    expect(refiner.cost / 10).toBeGreaterThan(196); // two levels are measured whatever they show
    const errors = errorsOf(f, refiner.mean("loss"));
    expect(errors.reduce((most, error) => Math.max(most, error), 0)).toBeLessThan(0.5);
  });

  test("puts what it left out to the test: its bar is near the true error of points that are not measured", async () => {
    const f = (x: number, y: number) => 1 + Math.sin(3 * x) * Math.cos(2 * y);
    const refiner = await refine(formula(f, { chunks: [10] }), [10]);
    const found = refiner.mean("loss");
    let [squares, count] = [0, 0];
    found.forEach((value, point) => {
      const [x, y] = placeOf(GRID, Math.floor(point / WIDTH), point % WIDTH) as [number, number];
      if (value === f(x, y)) return;
      squares += (value - f(x, y)) ** 2;
      count++;
    });
    const error = Math.sqrt(squares / count);
    expect(refiner.bar / error).toBeGreaterThan(0.5);
    expect(refiner.bar / error).toBeLessThan(2.5);
  });

  test("takes further examples only as long as the standard error is seen, and their shift enters everywhere", async () => {
    const f = (x: number, y: number) => x * x + y * y + 1;
    const chunks = [100, 300];
    const still = await refine(formula(f, { chunks, spread: 0.01 }), chunks);
    expect(still.mean("loss")[25 * WIDTH + 25]).toBeCloseTo(1, 12);
    const shift = 0.2;
    const noisy = await refine(formula(f, { chunks, spread: 5, shift }), chunks);
    expect(noisy.cost).toBeGreaterThan(still.cost);
    expect(noisy.cost).toBeLessThan(still.cost + 300 * 0.25 * pointsOf(GRID)); // a shift is smooth: a coarse grid holds it
    const errors = errorsOf((x, y) => f(x, y) + 0.75 * shift, noisy.mean("loss")); // 300 of 400 lie 0.2 higher
    expect(errors.reduce((most, error) => Math.max(most, error), 0)).toBeLessThan(0.5);
    expect(noisy.standardError()[7]).toBeCloseTo(5 / 20, 2); // σ / √400
  });

  test("leaves NaN where the function has it, and measures all around", async () => {
    const f = (x: number, y: number) => (Math.hypot(x - 0.5, y) < 0.3 ? Number.NaN : 1 + x * x);
    const found = (await refine(formula(f, { chunks: [10] }), [10])).mean("loss");
    const wrong = [...found].filter((value, point) => {
      const [x, y] = placeOf(GRID, Math.floor(point / WIDTH), point % WIDTH) as [number, number];
      return Number.isNaN(value) !== Number.isNaN(f(x, y));
    });
    expect(wrong).toEqual([]);
  });

  test("works along a line, and refuses a tolerance that is none", async () => {
    const line: Grid = [parseAxis("-1:1:101")];
    const f = (x: number) => (x - 0.2) ** 2 + 0.5;
    const refiner = await refine(formula(f, { chunks: [10], grid: line }), [10], 0.5, line);
    expect(refiner.cost / 10).toBeLessThan(60);
    const errors = refiner.mean("loss").map((value, k) => Math.abs(value - f(-1 + 0.02 * k)));
    expect(errors.reduce((most, error) => Math.max(most, error), 0)).toBeLessThan(0.05);
    await expect(refine(formula(f, { chunks: [10] }), [10], 0)).rejects.toThrow(
      /above 0 contours.*value is 0/,
    );
  });

  const model = classifier(sequential(linear(8, 12), tanh(), linear(12, 3)), [8]);
  const chunks = chunkSizes(400, { first: 100, size: 150 });
  const evaluator = () =>
    Evaluator.create({
      model: rowModel(model, { loss: "softmax-cross-entropy", classes: 3, measures: ["accuracy"] }),
      ...{ family: planeAround(model), grid: GRID, examples: examplesOf(400, [8], 3), chunks },
    });
  const options = { tolerance: 0.5, widest: 8 };
  const rounds = (surface: Parameters<typeof Refiner.of>[0]) => new Refiner(surface, options).rounds();

  test("of a network is the whole plane within its tolerance, for less", async () => {
    const form = { grid: GRID, chunks };
    const whole = await survey({ evaluators: [await evaluator()], form });
    const { surface } = await survey({ evaluators: [await evaluator()], form, rounds });
    const refiner = Refiner.of(surface, options);
    expect(refiner.cost).toBeLessThan(0.5 * 400 * pointsOf(GRID));
    const truth = whole.surface.mean("loss");
    const { toLevel } = levelsOf(truth);
    const errors = refiner
      .mean("loss")
      .map((value, point) => Math.abs(toLevel(value) - toLevel(truth[point]!)));
    expect(errors.filter((error) => error > 0.5).length).toBeLessThan(0.01 * errors.length);
  }, 60_000);

  test("goes on after a stop with the same tiles, and ends with the same bits, whatever the number of threads", async () => {
    const form = { grid: GRID, chunks };
    const records: [number, Float64Array][] = [];
    const log = {
      read: () => records,
      append: (tile: number, sums: Float64Array) => void records.push([tile, sums]),
    };
    const one = await survey({ evaluators: [await evaluator()], form, rounds, log });
    for (const kept of [3, 40, records.length - 2]) {
      const again = await survey({
        ...{ form, rounds },
        evaluators: [await evaluator(), await evaluator()],
        log: { read: () => records.slice(0, kept), append: () => {} },
      });
      expect(again).toMatchObject({ end: "finished", kept, evaluated: one.evaluated - kept });
      expect(Refiner.of(again.surface, options).mean("loss")).toEqual(
        Refiner.of(one.surface, options).mean("loss"),
      );
    }
    const stop = new AbortController();
    const cut = await survey({
      ...{ form, rounds, signal: stop.signal },
      evaluators: [await evaluator()],
      onTile: ({ done }) => done === 30 && stop.abort(),
    });
    expect(cut.end).toBe("interrupted");
    const coarse = Refiner.of(cut.surface, options).mean("loss");
    expect(coarse.every(Number.isFinite)).toBe(true); // the first level is done: a whole picture, coarser
  }, 60_000);
});
