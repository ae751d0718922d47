import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { JSDOM } from "jsdom";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCli } from "./testing.ts";

const root = mkdtempSync(join(tmpdir(), "thalweg-cli-curvature-"));
const [sgd, adam] = [join(root, "sgd"), join(root, "adam")];
const curvature = (line: string) => runCli(["curvature", ...line.split(" ")]);

beforeAll(async () => {
  for (const [folder, rule, lr] of [
    [sgd, "sgd", 0.1],
    [adam, "adam", 0.003],
  ] as const) {
    const schedule = ["--schedule", "linear"];
    const line = `train digits-mlp --rule ${rule} --set lr=${lr} --steps 60 --out ${folder} --export ${folder}.onnx`;
    expect(await runCli([...line.split(" "), ...schedule])).toMatchObject({ code: 0 });
  }
}, 60_000);
afterAll(() => rmSync(root, { recursive: true }));

const FAST = "--samples 200 --effort quick --json";

describe("curvature", () => {
  test("of a run tells eigenvalues, trace, density and stability, the same again for the same seed", async () => {
    const { code, out, err } = await curvature(`${sgd} ${FAST}`);
    expect([code, err]).toEqual([0, ""]);
    const report = JSON.parse(out);
    expect(report).toMatchObject({
      task: "digits-mlp",
      step: 60,
      parameters: 6570,
      samples: 200,
      part: "train",
    });
    const { values, residuals, converged } = report.largest;
    expect(converged).toBe(true);
    expect(values).toHaveLength(5);
    expect(values).toEqual([...values].sort((a, b) => b - a));
    for (const [k, residual] of residuals.entries()) expect(residual).toBeLessThan(2e-3 * values[k]);
    expect(report.smallest.values[0]).toBeLessThan(0); // the network itself bends, too
    expect(report.gradient.curvature).toBeLessThanOrEqual(values[0]);
    const shares = report.gradient.shares;
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares[4]).toBeLessThanOrEqual(1);
    const { keskar, worst, average } = report.sharpness;
    expect(keskar).toBeGreaterThan(0);
    // within so small a box the loss is nearly linear: the rise is 0.002 Σ |w g|, at most 0.002 ‖w‖ ‖g‖
    expect(worst).toBeGreaterThan(0);
    expect(worst).toBeLessThan(0.002 * 20 * report.gradientNorm);
    expect(average.value).toBeGreaterThan(0);
    expect(average.standardError).toBeLessThan(average.value);
    // two estimates of one number, from different vectors
    const { runs, dimension } = report.density;
    const traces = runs.map(({ nodes, weights }: { nodes: number[]; weights: number[] }) =>
      nodes.reduce((sum, node, k) => sum + weights[k]! * node * dimension, 0),
    );
    const mean = (traces[0] + traces[1]) / 2;
    expect(Math.abs(mean - report.trace.value)).toBeLessThan(0.4 * report.trace.value);
    expect((await curvature(`${sgd} ${FAST}`)).out).toBe(out);
  });

  test("of a checkpoint alone is the same, without what belongs to a run", async () => {
    const { edge, step, place: _, ...ofRun } = JSON.parse((await curvature(`${sgd} ${FAST}`)).out);
    const file = join(sgd, "checkpoint.safetensors");
    const { place, ...alone } = JSON.parse((await curvature(`${file} --task digits-mlp ${FAST}`)).out);
    expect([place, step]).toEqual([file, 60]);
    expect(edge).toBeDefined();
    expect(alone).toEqual(ofRun);
  });

  test.each(["hessian", "gauss-newton"])("of an exported model is that of its run: %s", async (matrix) => {
    const options = `${FAST} --part test --matrix ${matrix} --top 3`;
    const ofRun = JSON.parse((await curvature(`${sgd} ${options}`)).out);
    const { code, out } = await curvature(`${sgd}.onnx --data digits ${options}`);
    expect(code).toBe(0);
    const ofFile = JSON.parse(out);
    expect(ofFile.loss / ofRun.loss).toBeCloseTo(1, 5);
    ofFile.largest.values.forEach((value: number, k: number) => {
      expect(value / ofRun.largest.values[k]).toBeCloseTo(1, 4);
    });
  });

  test("takes the learning rate of the last step: linear to zero leaves 1/60 of 0.1", async () => {
    const { edge, largest } = JSON.parse((await curvature(`${sgd} ${FAST}`)).out);
    expect(edge).toMatchObject({ rule: "sgd", formula: "2/η", scaled: false, sharpness: largest.values[0] });
    expect(edge.threshold).toBeCloseTo(2 / (0.1 / 60), 6);
    expect(edge.ratio).toBeCloseTo(edge.sharpness / edge.threshold, 12);
  });

  test("of adam's run scales the curvature by its state; Gauss–Newton's is nowhere negative", async () => {
    const { edge, largest, smallest, density } = JSON.parse(
      (await curvature(`${adam} ${FAST} --matrix gauss-newton`)).out,
    );
    expect(edge).toMatchObject({ rule: "adam", scaled: true });
    expect(edge.sharpness).toBeGreaterThan(2 * largest.values[0]); // √v̂ is far below ½ here
    const floor = -1e-5 * largest.values[0];
    expect(smallest.values[0]).toBeGreaterThan(floor);
    for (const { nodes } of density.runs) expect(Math.min(...nodes)).toBeGreaterThan(floor);
  });

  test("of a task's start, where only the last layer moves, is its block: Gauss–Newton and Hessian agree there", async () => {
    const block = (matrix: string) =>
      curvature(`digits-mlp ${FAST} --top 3 --tensors 5.* --matrix ${matrix}`);
    const hessian = JSON.parse((await block("hessian")).out);
    const gaussNewton = JSON.parse((await block("gauss-newton")).out);
    expect(hessian.tensors).toEqual(["5.weight", "5.bias"]);
    expect(hessian.parameters).toBe(330);
    expect(hessian).not.toHaveProperty("edge");
    // logits are linear in the last layer, so the network adds no curvature of its own
    hessian.largest.values.forEach((value: number, k: number) => {
      expect(value / gaussNewton.largest.values[k]).toBeCloseTo(1, 4);
    });
  });

  test("prints a table, and draws the spectrum with the edge", async () => {
    const file = join(root, "spectrum.svg");
    const { code, out, err } = await curvature(`${sgd} --samples 100 --effort quick --top 2 --plot ${file}`);
    expect([code, err]).toEqual([0, `Wrote ${file}\n`]);
    const lines = out.split("\n");
    expect(lines[0]).toBe(
      `Curvature of sgd, digits-mlp by sgd, step 60 · hessian of 6570 parameters · 100 train examples, seed 0`,
    );
    expect(lines[3]).toMatch(/^λ1 +\d+\.\d+ +\d\.\de-\d +\d+\.\d %$/);
    expect(out).toMatch(/\ntrace +\d+\.\d+ ± \d+/);
    expect(out).toMatch(/\nrise on average, each weight by 10 % +\d\.\d+ ± /);
    expect(out).toMatch(/\nsgd is stable below 2\/η = 1200; λ1 is \d+\.\d+, 0\.\d %/);
    const svg = readFileSync(file, "utf8");
    const { document } = new JSDOM(svg.replace(/^<\?xml[^>]*>/, "")).window;
    expect(document.querySelectorAll('g[aria-label="tick"] line')).toHaveLength(3); // two largest, one smallest
    expect(svg).toContain("stable below 2/η = 1200, beyond the right edge");
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  test("with --map goes over a plane, in whose middle both ends of the spectrum are those of the place", async () => {
    const report = JSON.parse((await curvature(`${sgd} ${FAST}`)).out);
    const file = join(root, "map.svg");
    const { code, out, err } = await curvature(
      `${sgd} --samples 200 --map -0.5:0.5:3 --json --plot ${file} --workers 0 --out ${join(root, "map")}`,
    );
    expect([code, err]).toEqual([0, `Wrote ${file}\n`]);
    const map = JSON.parse(out);
    expect(map).toMatchObject({ x: [-0.5, 0, 0.5], y: [-0.5, 0, 0.5], columns: 3, rows: 3 });
    expect(map.largest[4] / report.largest.values[0]).toBeCloseTo(1, 2);
    expect(Math.abs(map.smallest[4] - report.smallest.values[0])).toBeLessThan(0.01 * map.largest[4]);
    // asked for once more it is found, and threads find the same
    const again = await curvature(`${sgd} --samples 200 --map -0.5:0.5:3 --json --out ${join(root, "map")}`);
    expect(JSON.parse(again.out)).toMatchObject({ evaluated: 0, kept: 3, largest: map.largest });
    const threads = await curvature(
      `${sgd} --samples 200 --map -0.5:0.5:3 --json --workers 2 --out ${join(root, "threads")}`,
    );
    expect(JSON.parse(threads.out)).toMatchObject({ smallest: map.smallest, largest: map.largest });
    const below = map.smallest.filter(
      (low: number, k: number) => low < -0.01 * Math.max(-low, map.largest[k]),
    );
    expect(map.nonConvex).toBe(below.length / 9);
    const { document } = new JSDOM(readFileSync(file, "utf8").replace(/^<\?xml[^>]*>/, "")).window;
    const cells = [...document.querySelectorAll("text")].map(({ textContent }) => textContent);
    const ratio = Math.max(0, -map.smallest[4]) / map.largest[4];
    expect(cells).toContain(ratio.toFixed(2));
    expect(document.querySelectorAll('g[aria-label="rect"] rect')).toHaveLength(9);
  });

  test("with a rule follows λ₁ while it trains, from what it is at the start", async () => {
    const start = JSON.parse((await curvature(`digits-mlp --samples 200 --effort quick --json`)).out);
    const line = "digits-mlp --rule gd --set lr=0.2 --batch full --steps 40 --every 20 --samples 200 --json";
    const { code, out } = await runCli(["curvature", ...line.split(" "), "--schedule", "linear"]);
    expect(code).toBe(0);
    const { points, ...facts } = JSON.parse(out);
    expect(facts).toMatchObject({
      rule: "gd",
      batchSize: 1237,
      end: "finished",
      step: 40,
      formula: "2/η",
      scaled: false,
    });
    expect(points.map(({ step }: { step: number }) => step)).toEqual([0, 20, 40]);
    const [first, second, last] = points;
    expect(first.sharpness / start.largest.values[0]).toBeCloseTo(1, 3);
    expect(first.loss).toBeCloseTo(start.loss, 5);
    expect(last.loss).toBeLessThan(first.loss);
    expect(second.sharpness).toBeGreaterThan(first.sharpness); // as Cohen et al. find it
    expect([first, second, last].map(({ threshold }) => threshold)).toEqual([
      2 / 0.2,
      expect.closeTo(2 / (0.2 * (21 / 40)), 9), // step 19 of 40, a linear fall to zero
      expect.closeTo(2 / (0.2 / 40), 9),
    ]);
    expect(first).not.toHaveProperty("turned");
    expect(last.turned).toBeLessThanOrEqual(1.000001);
  });

  test("tells the sharpness that small batches of sgd meet beside λ₁, and of no other rule", async () => {
    const line = "--set lr=0.1 --steps 4 --every 2 --samples 100 --json";
    const { points } = JSON.parse((await curvature(`digits-mlp --rule sgd --batch 25 ${line}`)).out);
    for (const { ofBatches, sharpness } of points) {
      expect(Math.abs(ofBatches.value)).toBeLessThan(3 * sharpness); // 25 samples bend more than 100, but not out of all bounds
      expect(ofBatches.standardError).toBeGreaterThan(0);
      expect(ofBatches.standardError).toBeLessThan(sharpness);
    }
    const others = JSON.parse((await curvature(`digits-mlp --rule momentum --batch 25 ${line}`)).out);
    expect(others.points[0]).not.toHaveProperty("ofBatches");
    const table = (await curvature("digits-mlp --rule sgd --batch 25 --steps 2 --every 2 --samples 100")).out;
    expect(table).toMatch(/last +of batches\n +0 .* \d+\.\d+ ± \d/);
  });

  test("draws the way to the edge, tells a divergence, and begins after the first step where state scales", async () => {
    const file = join(root, "edge.svg");
    const line = `digits-mlp --rule adam --steps 6 --every 2 --samples 100 --plot ${file}`;
    const { code, out } = await curvature(line);
    expect(code).toBe(0);
    expect(out).toMatch(/^ {2}step +loss +sharpness +stable below +ratio +\|cos\| to last\n +2 /);
    expect(out).toContain("of (2 + 2β₁)/((1 − β₁)η), in the rule's scaled coordinates.");
    const svg = readFileSync(file, "utf8");
    expect(svg.match(/<circle/g)).toHaveLength(3);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    const far = await curvature("digits-mlp --rule sgd --set lr=1e30 --steps 6 --every 2 --samples 100");
    expect(far).toMatchObject({ code: 0, out: expect.stringMatching(/\nDiverged at step \d+: /) });
  });

  test.each([
    ["digts-mlp", "digits-mlp"],
    ["digits-mlp --samples 5000", "train of digits has 1237: give --samples 1237, or fewer"],
    ["digits-mlp --part tset", "--part as it must be one of train, validation, test: current value is tset"],
    ["digits-mlp --tensors conv*", "conv*"],
    ["digits-mlp --loss mse", "--loss"],
    [join(root, "nothing.safetensors"), "nothing.safetensors"],
    [`${sgd} --data digits`, "as a run has its own"],
    ["digits-mlp --top 0", "--top"],
    ["digits-mlp --plane hessian", "give --map"],
    ["digits-mlp --map -1:1:3 --top 2", "--top with --map"],
    ["digits-mlp --map -1:1", "from:to:points"],
    ["digits-mlp --map -1:1:3 --matrix gauss-newton", "--matrix gauss-newton with --map"],
    ["digits-mlp --steps 5", "--steps as they are for training: give --rule"],
    ["digits-mlp --rule sgd --top 3", "--top with --rule"],
    ["digits-mlp --rule lion", "no condition is known for it"],
    ["digits-mlp --rule sgd --batch 2000", "--batch 2000 as digits has 1237 examples to train on"],
    ["digits-mlp --rule sgd --batch all", "--batch"],
    [`${sgd} --rule sgd`, "a run that has its rule"],
  ])("refuses %s with exit 2", async (line, message) => {
    const { code, out, err } = await curvature(line);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain(message);
  });
});
