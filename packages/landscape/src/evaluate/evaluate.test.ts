import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { matmul, mul, reshape } from "@thalweg/graph";
import { batchNorm, conv2d, flatten, linear, relu, sequential, tanh } from "@thalweg/nn";
import { classifier, supervised } from "@thalweg/train";
import { afterAll, describe, expect, test } from "vitest";
import { layoutOf } from "../directions/layout.ts";
import { randomDirection } from "../directions/random.ts";
import { affineFamily, pointOf } from "../families/affine.ts";
import { lineBetween } from "../families/models.ts";
import { openTileLog } from "../store/tile-log.ts";
import { Evaluator } from "./evaluator.ts";
import { sampleExamples } from "./examples.ts";
import { chunkSizes, coordinates, type Grid, parseAxis, tilesOf } from "./grid.ts";
import { type RowModel, rowModel } from "./rows.ts";
import { survey } from "./survey.ts";
import { examplesOf, largestRelative, planeAround, startOf, surfaceOf } from "./testing.ts";

const SQUARE: Grid = [parseAxis("-1:1:5"), parseAxis("-1:1:5")];
const CROSS_ENTROPY = { loss: "softmax-cross-entropy" };

describe("a surface", () => {
  // L(θ) = |Xθ + b − y|²/n in float64
  test("acceptance 1: of a linear regression is the quadratic that it should be, to 1e-5", async () => {
    const model = supervised(linear(6, 1), {
      example: { shape: [6], dtype: "float32" },
      labelShape: [1],
      labels: "values",
    });
    const base = examplesOf(90, [6], 2);
    const labels = Float32Array.from({ length: 90 }, (_, i) => Math.sin(i));
    const examples = { ...base, split: { ...base.split, labels, labelShape: [1] } };
    const family = planeAround(model);
    const grid: Grid = [parseAxis("-1:1.5:6"), parseAxis("-2:1:4")];
    const surface = await surfaceOf({ model: rowModel(model, { loss: "mse" }), family, grid, examples });
    const X = examples.split.images;
    const [xs, ys] = [coordinates(grid[0]), coordinates(grid[1]!)];
    const means = surface.mean("loss");
    const errors = surface.standardError();
    ys.forEach((b, row) => {
      xs.forEach((a, column) => {
        const theta = pointOf(family, [a, b]); // weight [1, 6], bias [1]
        const losses = Array.from(labels, (y, i) => {
          let z = theta[6]!;
          for (let k = 0; k < 6; k++) z += theta[k]! * X[6 * i + k]!;
          return (z - y) ** 2;
        });
        const mean = losses.reduce((sum, l) => sum + l, 0) / 90;
        const variance = losses.reduce((sum, l) => sum + (l - mean) ** 2, 0) / 89;
        expect(Math.abs(means[row * 6 + column]! / mean - 1)).toBeLessThan(1e-5);
        expect(Math.abs(errors[row * 6 + column]! / Math.sqrt(variance / 90) - 1)).toBeLessThan(1e-5);
      });
    });
  });

  test("acceptance 3: is the same with what is affine computed ahead, to 2e-6", async () => {
    const models = [
      classifier(sequential(linear(80, 16), tanh(), linear(16, 3)), [80]), // first layer
      classifier(sequential(conv2d(8, 6, 3), relu(), flatten(), linear(96, 3)), [8, 6, 6]), // first convolution
      classifier(linear(100, 3), [100]), // all of the logits
    ];
    for (const model of models) {
      const { shape } = model.inputs(1).x!;
      const options = {
        model: rowModel(model, { ...CROSS_ENTROPY, classes: 3 }),
        family: planeAround(model),
        grid: SQUARE,
        examples: examplesOf(120, shape.slice(1), 3),
      };
      const fast = await surfaceOf(options);
      const plain = await surfaceOf({ ...options, ahead: false });
      expect(largestRelative(fast.mean("loss"), plain.mean("loss"))).toBeLessThan(2e-6);
      const evaluator = await Evaluator.create({ ...options, chunks: [120] });
      // the layer, and the labels as rows of zeros and a one; a convolution that moves is baked instead
      expect(evaluator.cutCount).toBe(shape.length > 2 ? 0 : 2);
      await evaluator.release();
    }
  });

  test("acceptance 3: of a convolutional network is the same with its weights baked in, to 1e-5, under every policy that fits", async () => {
    const net = sequential(conv2d(2, 6, 3), batchNorm(6), relu(), flatten(), linear(96, 3));
    const model = classifier(net, [2, 6, 6]);
    const options = {
      model: rowModel(model, { ...CROSS_ENTROPY, classes: 3 }),
      family: planeAround(model),
      grid: [parseAxis("-1:1:3"), parseAxis("-1:1:3")] as const,
      examples: examplesOf(120, [2, 6, 6], 3),
    };
    for (const batchNorm of ["fixed", "recompute", "batch"] as const) {
      const baked = await surfaceOf({ ...options, batchNorm }); // chunks of 20, 50 and 50: both kinds of programs
      const plain = await surfaceOf({ ...options, batchNorm, ahead: false });
      expect(largestRelative(baked.mean("loss"), plain.mean("loss"))).toBeLessThan(1e-5);
      expect(baked.mean("accuracy")).toEqual(plain.mean("accuracy"));
    }
  });

  test("of a plane in later layers computes the layers before once, and is the same", async () => {
    const model = classifier(sequential(linear(10, 12), tanh(), linear(12, 12), tanh(), linear(12, 3)), [10]);
    const whole = planeAround(model);
    const later = whole.basis.map((direction) => direction.map((value, i) => (i < 132 ? 0 : value))); // 10·12 + 12 in the first
    const family = affineFamily({ ...whole, basis: later });
    const options = {
      model: rowModel(model, CROSS_ENTROPY),
      family,
      grid: SQUARE,
      examples: examplesOf(100, [10], 3),
    };
    const fast = await surfaceOf(options);
    const plain = await surfaceOf({ ...options, ahead: false });
    expect(largestRelative(fast.mean("loss"), plain.mean("loss"))).toBeLessThan(2e-6);
  });

  // ReLU(10 W₁) W₂ / 10 is the same network
  test("acceptance 2: in filter-normalised directions does not see a layer rescaled against the next; without them it does", async () => {
    const model = classifier(sequential(linear(8, 12), relu(), linear(12, 3)), [8]);
    const scaled = (parameters: Float32Array) =>
      parameters.map((value, i) => (i < 108 ? 10 * value : i < 144 ? value / 10 : value)); // 8·12 + 12, then 12·3
    const examples = examplesOf(80, [8], 3);
    const layout = layoutOf(model);
    const heights = async (norm: "filter" | "none", origin: Float32Array) => {
      const basis = [0, 1].map((axis) => randomDirection(origin, layout, { seed: 2, axis, norm }).values);
      const family = affineFamily({
        origin,
        basis,
        labels: ["u", "v"],
        buffers: { origin: new Float32Array(0) },
      });
      return (
        await surfaceOf({ model: rowModel(model, CROSS_ENTROPY), family, grid: SQUARE, examples })
      ).mean("loss");
    };
    const { parameters } = startOf(model);
    expect(
      largestRelative(await heights("filter", scaled(parameters)), await heights("filter", parameters)),
    ).toBeLessThan(1e-4);
    expect(
      largestRelative(await heights("none", scaled(parameters)), await heights("none", parameters)),
    ).toBeGreaterThan(0.1);
  });

  test("acceptance 4: of 31×17 points from 0 with negative heights is complete, and each height is at its place", async () => {
    // a loss of one parameter pair: −(θ₁ + 2 θ₂) x for each example x
    const model: RowModel = {
      module: {
        parameters: [{ name: "w", shape: [2], initialize: (out) => out.fill(0), kind: "weight" }],
        buffers: [],
        forward: (x) => x,
      },
      inputs: (B) => ({ x: { shape: [B, 2], dtype: "float32" }, labels: { shape: [B], dtype: "int32" } }),
      rows: (context, { x, labels }) => {
        const [B] = labels!.shape as [number];
        const slopes = mul(context.parameter("w"), x!.graph.constant([-1, -2]));
        return { loss: reshape(matmul(x!, reshape(slopes, [2, 1])), [B]) };
      },
    };
    const base = examplesOf(40, [2], 2);
    const examples = { ...base, split: { ...base.split, images: new Float32Array(80).fill(1) } };
    const family = affineFamily({
      origin: new Float32Array(2),
      basis: [Float32Array.of(1, 0), Float32Array.of(0, 1)],
      labels: ["x", "y"],
      buffers: { origin: new Float32Array(0) },
    });
    const grid: Grid = [parseAxis("0:1:31"), parseAxis("0:1:17")];
    const surface = await surfaceOf({ model, family, grid, examples });
    expect([...surface.counts()].every((n) => n === 40)).toBe(true);
    const means = surface.mean("loss");
    expect(means).toHaveLength(31 * 17);
    for (let row = 0; row < 17; row++) {
      for (let column = 0; column < 31; column++) {
        expect(means[row * 31 + column]).toBeCloseTo(-(column / 30) - 2 * (row / 16), 5);
      }
    }
  });

  test("has accuracy, entropy and the loss of each class, from the same pass", async () => {
    const model = classifier(sequential(linear(5, 7), tanh(), linear(7, 3)), [5]);
    const examples = examplesOf(90, [5], 3);
    const family = planeAround(model);
    const grid: Grid = [parseAxis("0:1:2"), parseAxis("0:1:2")];
    const chunks = [90];
    const evaluator = await Evaluator.create({
      model: rowModel(model, { ...CROSS_ENTROPY, classes: 3 }),
      family,
      grid,
      examples,
      chunks,
    });
    const { surface } = await survey({
      evaluators: [evaluator],
      form: { grid, chunks, classCounts: [[30, 30, 30]] },
    });
    await evaluator.release();
    // the network by hand, in float64, at the origin
    const { parameters: w } = startOf(model);
    const X = examples.split.images;
    const all = Array.from({ length: 90 }, (_, i) => {
      const h = Array.from({ length: 7 }, (_, j) => {
        let z = w[35 + j]!;
        for (let k = 0; k < 5; k++) z += w[5 * j + k]! * X[5 * i + k]!;
        return Math.tanh(z);
      });
      const z = [0, 1, 2].map((c) =>
        h.reduce((sum, value, j) => sum + value * w[42 + 7 * c + j]!, w[63 + c]!),
      );
      const total = z.reduce((sum, value) => sum + Math.exp(value), 0);
      const p = z.map((value) => Math.exp(value) / total);
      return {
        loss: -Math.log(p[i % 3]!),
        right: p[i % 3] === Math.max(...p),
        entropy: -p.reduce((s, q) => s + q * Math.log(q), 0),
        label: i % 3,
      };
    });
    const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    expect(surface.mean("loss")[0]).toBeCloseTo(mean(all.map(({ loss }) => loss)), 5);
    expect(surface.mean("entropy")[0]).toBeCloseTo(mean(all.map(({ entropy }) => entropy)), 5);
    expect(surface.mean("accuracy")[0]).toBeCloseTo(mean(all.map(({ right }) => Number(right))), 10);
    for (const c of [0, 1, 2]) {
      const mine = all.filter(({ label }) => label === c);
      expect(surface.mean(`loss/${c}`)[0]).toBeCloseTo(mean(mine.map(({ loss }) => loss)), 5);
      expect(surface.mean(`accuracy/${c}`)[0]).toBeCloseTo(mean(mine.map(({ right }) => Number(right))), 10);
    }
    expect(() => surface.mean("margin")).toThrow(
      /Cannot read margin of the surface as it holds loss, lossSquared, accuracy/,
    );
  });

  test("keeps NaN where the network gives it, and nowhere else", async () => {
    const model = classifier(sequential(linear(4, 4), relu(), linear(4, 2)), [4]);
    const { parameters, buffers } = startOf(model);
    const far = parameters.map(() => 1e30);
    const family = affineFamily({
      origin: parameters,
      basis: [far],
      labels: ["far"],
      buffers: { origin: buffers },
    });
    const surface = await surfaceOf({
      model: rowModel(model, CROSS_ENTROPY),
      family,
      grid: [parseAxis("0:1:3")],
      examples: examplesOf(30, [4], 2),
    });
    const [here, ...there] = surface.mean("loss");
    expect(here).toBeCloseTo(0.69, 0);
    expect(there.every((value) => !Number.isFinite(value))).toBe(true);
    expect(surface.brokenCount).toBe(2);
  });
});

describe("batch normalisation", () => {
  const model = classifier(sequential(linear(6, 8), batchNorm(8), relu(), linear(8, 3)), [6]);
  const rows = rowModel(model, CROSS_ENTROPY);
  const examples = examplesOf(100, [6], 3);
  const grid: Grid = [parseAxis("0:1:3")];
  /** Running statistics of the examples at these parameters: Σ over channels by hand, in float64, in chunks of `size`. */
  const statistics = (w: Float32Array, size: number) => {
    const X = examples.split.images;
    const out = new Float32Array(16);
    for (let c = 0; c < 8; c++) {
      const z = Array.from({ length: 100 }, (_, i) => {
        let value = w[48 + c]!;
        for (let k = 0; k < 6; k++) value += w[6 * c + k]! * X[6 * i + k]!;
        return value;
      });
      let [mean, variance] = [0, 0];
      for (let at = 0; at < 100; at += size) {
        const part = z.slice(at, at + size);
        const m = part.reduce((a, b) => a + b, 0) / size;
        mean += (m * size) / 100;
        variance += (part.reduce((a, b) => a + (b - m) ** 2, 0) / (size - 1)) * (size / 100);
      }
      out[c] = mean;
      out[8 + c] = variance;
    }
    return out;
  };
  const [a, b] = [startOf(model, 1), startOf(model, 2)];
  const own = (point: { parameters: Float32Array }) => ({
    ...point,
    buffers: statistics(point.parameters, 100),
  });

  test("acceptance 6: recomputed between two models gives each model's own loss at its end; fixed does not", async () => {
    const { family } = lineBetween({ ...own(a), name: "a" }, { ...own(b), name: "b" });
    const heights = async (policy: "fixed" | "recompute" | "interpolate") =>
      (await surfaceOf({ model: rows, family, grid, examples, batchNorm: policy, statisticsOf: 100 })).mean(
        "loss",
      );
    const ends = await Promise.all(
      [a, b].map(async (point) => {
        const { parameters, buffers } = own(point);
        const alone = affineFamily({
          origin: parameters,
          basis: [family.basis[0]!],
          labels: ["t"],
          buffers: { origin: buffers },
        });
        return (await surfaceOf({ model: rows, family: alone, grid, examples })).mean("loss")[0]!;
      }),
    );
    const recomputed = await heights("recompute");
    expect(Math.abs(recomputed[0]! / ends[0]! - 1)).toBeLessThan(1e-4);
    expect(Math.abs(recomputed[2]! / ends[1]! - 1)).toBeLessThan(1e-4);
    const interpolated = await heights("interpolate");
    expect(Math.abs(interpolated[2]! / ends[1]! - 1)).toBeLessThan(1e-4);
    const fixed = await heights("fixed");
    expect(Math.abs(fixed[2]! / ends[1]! - 1)).toBeGreaterThan(1e-2);
    expect(recomputed[1]).not.toBeCloseTo(interpolated[1]!, 4);
  });

  test("by batches has each chunk's own statistics", async () => {
    const { family } = lineBetween({ ...own(a), name: "a" }, { ...own(b), name: "b" });
    const evaluator = await Evaluator.create({
      model: rows,
      family,
      grid,
      examples,
      chunks: [100],
      batchNorm: "batch",
    });
    const { surface } = await survey({ evaluators: [evaluator], form: { grid, chunks: [100] } });
    await evaluator.release();
    // the same as fixed statistics of these very examples, but for n / (n − 1) in the variance
    const biased = own(a);
    for (let c = 8; c < 16; c++) biased.buffers[c]! *= 99 / 100;
    const alone = affineFamily({
      origin: a.parameters,
      basis: family.basis,
      labels: ["t"],
      buffers: { origin: biased.buffers },
    });
    const fixed = await surfaceOf({ model: rows, family: alone, grid, examples });
    expect(surface.mean("loss")[0]).toBeCloseTo(fixed.mean("loss")[0]!, 5);
  });

  test("refuses to interpolate what does not say how it moves", async () => {
    const family = affineFamily({
      origin: a.parameters,
      basis: [b.parameters],
      labels: ["t"],
      buffers: { origin: a.buffers },
    });
    await expect(
      surfaceOf({ model: rows, family, grid, examples, batchNorm: "interpolate" }),
    ).rejects.toThrow(/only families through models do/);
  });
});

describe("survey", () => {
  const folder = mkdtempSync(join(tmpdir(), "thalweg-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const model = classifier(sequential(linear(5, 6), tanh(), linear(6, 2)), [5]);
  const grid: Grid = [parseAxis("-1:1:6"), parseAxis("-1:1:4")];
  const chunks = chunkSizes(100, { first: 10, size: 45 });
  const form = { grid, chunks };
  const evaluator = () =>
    Evaluator.create({
      model: rowModel(model, CROSS_ENTROPY),
      family: planeAround(model),
      grid,
      examples: examplesOf(100, [5], 2),
      chunks,
    });
  const identity = "ab".repeat(32);

  // with a kill wherever it may fall; a real one is in the command's tests
  test("acceptance 12: goes on after a kill at any byte: no kept tile is done again, and the bits are those of a survey in one go", async () => {
    const whole = await survey({
      evaluators: [await evaluator()],
      form,
      log: openTileLog(join(folder, "whole"), identity),
    });
    expect(whole).toMatchObject({ end: "finished", kept: 0, evaluated: tilesOf(grid, chunks.length).length });
    const bytes = readFileSync(join(folder, "whole"));
    const path = join(folder, "cut");
    for (const length of [20, 41, 700, bytes.length - 1]) {
      writeFileSync(path, bytes.subarray(0, length));
      const log = openTileLog(path, identity);
      const held = [...log.read()].length;
      const again = await survey({ evaluators: [await evaluator(), await evaluator()], form, log });
      expect(again).toMatchObject({ end: "finished", kept: held, evaluated: whole.evaluated - held });
      expect(again.surface.total("loss")).toEqual(whole.surface.total("loss"));
      expect(again.surface.standardError()).toEqual(whole.surface.standardError());
    }
  });

  test("stops at a signal, after the tile at hand", async () => {
    const stop = new AbortController();
    const result = await survey({
      evaluators: [await evaluator()],
      form,
      signal: stop.signal,
      onTile: ({ done }) => done === 3 && stop.abort(),
    });
    expect(result).toMatchObject({ end: "interrupted", evaluated: 3 });
    expect(result.surface.counts().some((n) => n === 0)).toBe(true);
  });

  test("refuses the log of another survey, and damage in the middle ends the log there", async () => {
    const path = join(folder, "whole");
    expect(() => openTileLog(path, "cd".repeat(32))).toThrow(
      /must be the log of this survey, cdcd.*it is that of abab/,
    );
    const bytes = readFileSync(path);
    const before = [...openTileLog(path, identity).read()].length;
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(path, bytes);
    const left = [...openTileLog(path, identity).read()].length;
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(before);
    truncateSync(path, 0);
    expect([...openTileLog(path, identity).read()]).toEqual([]);
  });

  test("refuses a centre, ranges and chunks that do not fit, with numbers", async () => {
    const family = planeAround(model);
    const good = {
      model: rowModel(model, CROSS_ENTROPY),
      family,
      grid,
      examples: examplesOf(100, [5], 2),
      chunks,
    };
    const attempt = (wrong: object) => Evaluator.create({ ...good, ...wrong });
    await expect(attempt({ family: { ...family, origin: new Float32Array(7) } })).rejects.toThrow(
      /has 50 parameters: it has 7/,
    );
    await expect(attempt({ grid: [grid[0]] })).rejects.toThrow(/each of the 2 directions: there are 1/);
    await expect(attempt({ chunks: [10] })).rejects.toThrow(/all 100 examples: they hold 10/);
    await expect(attempt({ examples: examplesOf(100, [4], 2) })).rejects.toThrow(/10×4 = 40.*they hold 50/);
  });
});

describe("grid", () => {
  test("covers every point of every chunk once, from coarse to fine", () => {
    const grid: Grid = [parseAxis("0:1:30"), parseAxis("0:1:17")];
    const tiles = tilesOf(grid, 2);
    const seen = new Map<string, number>();
    for (const { chunk, row, columns } of tiles) {
      for (const column of columns)
        seen.set(`${chunk} ${row} ${column}`, (seen.get(`${chunk} ${row} ${column}`) ?? 0) + 1);
    }
    expect(seen.size).toBe(2 * 30 * 17);
    expect(Math.max(...seen.values())).toBe(1);
    expect(tiles[0]!.columns.length).toBeLessThan(15);
    const line = tilesOf([parseAxis("0:1:51")], 1).flatMap(({ columns }) => columns);
    expect([...line].sort((a, b) => a - b)).toEqual(Array.from({ length: 51 }, (_, i) => i));
  });

  test.each([
    ["-1:1", /from:to:points, for example -1:1:51: current value is -1:1/],
    ["1:1:5", /must be finite and ascend: they are 1 and 1/],
    ["0:1:1", /2 to 10000 points: current value is 1/],
    ["0::5", /must have both ends: its upper one is empty; a range to one side of the model is 0:1:26/],
    [":1:5", /must have both ends: its lower one is empty/],
    ["0:x:5", /finite and ascend: they are 0 and NaN/],
  ])("refuses the range %s", (text, says) => {
    expect(() => parseAxis(text)).toThrow(says);
  });
});

describe("sampleExamples", () => {
  test("has all classes in equal shares, in every beginning of the order", () => {
    const { split } = examplesOf(300, [1], 3);
    const chosen = sampleExamples(split, { count: 150, seed: 1 });
    expect(new Set(chosen).size).toBe(150);
    for (const length of [30, 75, 150]) {
      const counts = [0, 0, 0];
      for (const i of chosen.subarray(0, length)) counts[i % 3]!++;
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    }
    expect(sampleExamples(split, { count: 150, seed: 1 })).toEqual(chosen);
    expect(sampleExamples(split, { count: 150, seed: 2 })).not.toEqual(chosen);
    expect(() => sampleExamples(split, { count: 301, seed: 1 })).toThrow(
      /in \[1, 300\]: current value is 301/,
    );
  });
});
