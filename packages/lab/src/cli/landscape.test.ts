import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type NpyArray, parseNpz, serializeNpz } from "@thalweg/data";
import { levelsOf } from "@thalweg/landscape";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCli } from "./testing.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "thalweg-"));
});
afterAll(() => rm(folder, { recursive: true }));

const show = (line: string) => runCli(["landscape", ...line.split(" ")]);
const SMALL = "digits-mlp --workers 0 --examples 300";

describe("landscape", () => {
  test("evaluates a plane, writes its files, and finds it again when asked once more", async () => {
    const file = (name: string) => join(folder, name);
    const line = `${SMALL} --range -1:1:7 --range-y 0:1:5 --out ${file("plane")} --plot ${file("a.svg")} --export ${file("a.csv")} --export ${file("a.npz")} --json`;
    const { code, out, err } = await show(line);
    expect(err).toContain("Evaluating 7 × 5 points on 300 examples");
    expect(code).toBe(0);
    const found = JSON.parse(out);
    expect(found).toMatchObject({
      task: "digits-mlp",
      parameters: 6570,
      examples: 300,
      end: "finished",
      kept: 0,
      grid: ["-1:1:7", "0:1:5"],
      markers: [{ name: "digits-mlp", coordinates: [0, 0] }],
    });
    expect(found.x).toHaveLength(7);
    expect(found.values).toHaveLength(35);
    expect(found.values[3]).toBeCloseTo(Math.log(10), 1); // untrained, at (0, 0): ten classes
    expect(await readFile(file("a.svg"), "utf8")).toContain("digits train, 300 examples, seed 1");
    expect((await readFile(file("a.csv"), "utf8")).split("\n")).toHaveLength(35 + 2);
    const arrays = parseNpz(await readFile(file("a.npz")), "a.npz");
    expect(arrays.get("loss")!.shape).toEqual([5, 7]);
    expect(arrays.get("dir_1")!.shape).toEqual([6570]);

    const again = JSON.parse((await show(line)).out);
    expect(again).toMatchObject({ evaluated: 0, kept: found.evaluated, values: found.values });
  });

  test("reads surfaces, its own and others', and writes them in other forms", async () => {
    const [h5, csv] = [join(folder, "b.h5"), join(folder, "b.csv")];
    const own = await show(`${join(folder, "plane", "surface.npz")} --export ${h5}`);
    expect({ code: own.code, lines: own.out.trimEnd().split("\n").length }).toEqual({ code: 0, lines: 3 });
    const svg = join(folder, "again.svg");
    await show(`${join(folder, "plane", "surface.npz")} --plot ${svg}`);
    expect(await readFile(svg, "utf8")).toContain("digits train, 300 examples, seed 1"); // what it is of goes with it
    expect((await show(`${h5} --export ${csv}`)).code).toBe(0);
    const [a, b] = await Promise.all(
      [join(folder, "plane", "surface.npz"), csv].map(async (path) =>
        JSON.parse((await show(`${path} --json`)).out),
      ),
    );
    expect(b.fields.loss).toEqual(a.fields.loss);
    expect(b.x).toEqual(a.x);
    const none = await show(`${csv} --field entropy`);
    expect({ code: none.code, err: none.err }).toEqual({
      code: 2,
      err: expect.stringMatching(/Cannot find entropy/),
    });
  });

  test("corrected by a coarse grid is nearer to all examples than the few are, and says by how much", async () => {
    const heights = async (line: string, out: string) =>
      JSON.parse(
        (await show(`digits-mlp --workers 0 --range -1:1:12 --out ${join(folder, out)} --json ${line}`)).out,
      );
    const all = await heights("--examples 1200", "all");
    const few = await heights("--examples 100", "few");
    const corrected = await heights("--examples 100 --correct 1200", "corrected");
    const off = ({ values }: { values: number[] }) =>
      Math.sqrt(values.reduce((sum, value, i) => sum + (value - all.values[i]) ** 2, 0) / values.length);
    expect(off(corrected)).toBeLessThan(off(few) / 3);
    expect(off(corrected)).toBeLessThan(corrected.correctionBar);
    expect(corrected).toMatchObject({ wholeGridOn: 100, examples: 1200 });
  });

  test("refined is the whole picture within its contours for less work, and goes on where it was", async () => {
    const ask = async (line: string, out: string) =>
      JSON.parse(
        (
          await show(
            `digits-mlp --workers 0 --range -1:1:29 --examples 400 --out ${join(folder, out)} --json ${line}`,
          )
        ).out,
      );
    const [all, some] = [await ask("--seed 1", "whole"), await ask("--refine", "refined")];
    expect(some.refined.share).toBeLessThan(0.75);
    const { toLevel } = levelsOf(Float64Array.from(all.values));
    const off = some.values.map((value: number, i: number) =>
      Math.abs(toLevel(value) - toLevel(all.values[i])),
    );
    expect(Math.max(...off)).toBeLessThan(1);
    expect(await ask("--refine", "refined")).toMatchObject({
      evaluated: 0,
      kept: some.evaluated,
      values: some.values,
    });
  });

  test("tells how far the loss is from its parabola, and what valleys it has", async () => {
    const line = "digits-mlp --workers 0 --examples 300 --taylor --json";
    const ask = async (range: string, out: string) =>
      JSON.parse((await show(`${line} --range ${range} --out ${join(folder, out)}`)).out);
    const [near, far] = [await ask("-0.01:0.01:5", "near"), await ask("-1:1:5", "far")];
    expect(near.taylor.values[12]).toBeCloseTo(near.values[12], 5); // both at the centre
    expect(near.taylor.nonQuadraticity).toBeLessThan(0.3 * far.taylor.nonQuadraticity);
    expect(near.taylor.curvatures[0][1]).toBeCloseTo(near.taylor.curvatures[1][0], 4);
    expect(far.valleys[0]).toMatchObject({ height: Math.min(...far.values) });
    const told = await show(
      `digits-mlp --workers 0 --examples 300 --range -1:1:5 --out ${join(folder, "far")}`,
    );
    expect(told.out).toMatch(/valley/);
  });

  test("subtracts another model's landscape, with the error of paired differences, and tells the rise above the centre", async () => {
    const run = join(folder, "trained");
    await runCli(["train", "digits-mlp", "--rule", "sgd", "--set", "lr=0.1", "--steps", "30", "--out", run]);
    const line = `--range -1:1:3 --examples 300`;
    const png = join(folder, "difference.png");
    const minus = await show(
      `${run} --minus digits-mlp ${line} --out ${join(folder, "m")} --plot ${png} --json`,
    );
    expect({ code: minus.code, err: minus.err }).toEqual({ code: 0, err: expect.stringContaining("Wrote") });
    const found = JSON.parse(minus.out);
    const [a, b] = await Promise.all(
      [run, "digits-mlp"].map(async (model, k) =>
        JSON.parse((await show(`${model} ${line} --workers 0 --out ${join(folder, `m${k}`)} --json`)).out),
      ),
    );
    expect(found).toMatchObject({ field: "difference", minus: "digits-mlp" });
    for (const [i, value] of found.values.entries()) expect(value).toBeCloseTo(a.values[i] - b.values[i], 5);
    expect([a.difference[4], a.differenceError[4]]).toEqual([0, 0]); // the centre above itself
    expect(a.difference[0]).toBeCloseTo(a.values[0] - a.values[4], 5);
    const bytes = await readFile(png);
    expect(bytes.subarray(1, 4).toString("latin1")).toBe("PNG");
    expect(bytes.toString("utf8")).toContain("minus digits-mlp (");
  }, 180_000);

  test("in a thread gives the same bits as in the command itself", async () => {
    const line = "digits-mlp --examples 300 --line --range -1:1:5 --entropy --json";
    const [own, thread] = await Promise.all(
      [0, 2].map((workers) => show(`${line} --workers ${workers} --out ${join(folder, `w${workers}`)}`)),
    );
    expect(thread!.code).toBe(0);
    const [a, b] = [own!, thread!].map(({ out }) => JSON.parse(out));
    expect(b.values).toEqual(a.values);
    expect(b.standardError).toEqual(a.standardError);
  });

  test("draws the line between two models, with both at their places", async () => {
    const other = join(folder, "other");
    expect(
      (
        await runCli([
          "train",
          "digits-mlp",
          "--rule",
          "sgd",
          "--set",
          "lr=0.1",
          "--steps",
          "60",
          "--out",
          other,
        ])
      ).code,
    ).toBe(0);
    const { out, code } = await show(
      `${other} --with digits-mlp --line --workers 0 --examples 200 --range 0:1:5 --out ${join(folder, "line")} --json`,
    );
    expect(code).toBe(0);
    const { values, markers, x } = JSON.parse(out);
    expect(x).toEqual([0, 0.25, 0.5, 0.75, 1]);
    expect(markers.map(({ name }: { name: string }) => name)).toEqual(["other", "digits-mlp"]);
    expect(values[0]).toBeLessThan(1.2); // sixty steps
    expect(values[4]).toBeCloseTo(Math.log(10), 1);
  });

  test("takes a checkpoint's weights, and the state of the optimizer that they came with", async () => {
    const run = join(folder, "adam");
    await runCli([
      "train",
      "digits-mlp",
      "--rule",
      "adam",
      "--set",
      "lr=0.003",
      "--steps",
      "60",
      "--out",
      run,
    ]);
    const own = await show(
      `${run} --plane state --workers 0 --examples 200 --range -0.5:0.5:3 --out ${join(folder, "s")} --json`,
    );
    const found = JSON.parse(own.out);
    expect(found.axes).toEqual(["state m", "state v"]);
    const weights = join(run, "checkpoint.safetensors");
    const alone = await show(
      `${weights} --task digits-mlp --plane state --workers 0 --examples 200 --range -0.5:0.5:3 --out ${join(folder, "t")} --json`,
    );
    expect(JSON.parse(alone.out).values).toEqual(found.values);
    const none = await show(`digits-mlp --plane state --workers 0 --out ${join(folder, "n")}`);
    expect({ code: none.code, err: none.err }).toEqual({
      code: 2,
      err: expect.stringMatching(/must have one.*found none/),
    });
  });

  test("takes an ONNX file with arrays of the user's own, and refuses arrays of another shape", async () => {
    const model = fileURLToPath(new URL("../../fixtures/onnx/digits-cnn.onnx", import.meta.url));
    const arrays = (shape: number[]): Map<string, NpyArray> =>
      new Map<string, NpyArray>([
        [
          "x",
          {
            shape,
            data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i)),
          },
        ],
        [
          "y",
          { shape: [shape[0]!], data: BigInt64Array.from({ length: shape[0]! }, (_, i) => BigInt(i % 10)) },
        ],
      ]);
    const [good, bad] = [join(folder, "good.npz"), join(folder, "bad.npz")];
    await writeFile(good, serializeNpz(arrays([120, 1, 8, 8])));
    await writeFile(bad, serializeNpz(arrays([120, 3, 3])));
    const { out, code } = await show(
      `${model} --data ${good} --line --workers 0 --range 0:1:3 --examples 60 --out ${join(folder, "o")} --json`,
    );
    expect(code).toBe(0);
    const { values, batchNorm } = JSON.parse(out);
    // the same loss at the centre as `thalweg gradient` would give: uninformed about sines, near ln 10
    expect(values[0]).toBeGreaterThan(2);
    expect(values[0]).toBeLessThan(4);
    expect(batchNorm).toBe("fixed");
    const refused = await show(`${model} --data ${bad} --workers 0`);
    expect({ code: refused.code, err: refused.err }).toEqual({
      code: 2,
      err: expect.stringMatching(/takes examples of shape \[1, 8, 8\]: they have \[3, 3\]/),
    });
  });

  test("knows the sharpest direction: there the loss rises more than in random ones", async () => {
    const curvature = async (plane: string) => {
      const { out } = await show(
        `${SMALL} --plane ${plane} --norm none --line --range -0.2:0.2:3 --out ${join(folder, plane)} --json`,
      );
      const [before, here, after] = JSON.parse(out).values;
      return before - 2 * here + after;
    };
    const random = async () => {
      const { out } = await show(
        `${SMALL} --plane filter --norm global --line --range -0.02:0.02:3 --out ${join(folder, "r")} --json`,
      );
      const [before, here, after] = JSON.parse(out).values;
      return before - 2 * here + after;
    };
    expect(await curvature("hessian")).toBeGreaterThan(0);
    expect(Math.abs(await random())).toBeLessThan(await curvature("hessian"));
  });

  test.each([
    ["digits-mlp --plane filtr", /filtr.*filter/],
    [
      "digits-mlp --range 1:-1:5",
      /Cannot use the range 1:-1:5 as its bounds must be finite and ascend: they are 1 and -1/,
    ],
    ["digits-mlp --range 0:1:1", /2 to 10000 points: current value is 1/],
    ["digits-mlp --line --range-y 0:1:3", /as a line has one axis/],
    ["digits-mlp --plane models", /there must be one or two others: there are 0; give them by --with/],
    ["digits-mlp --with digits-mlp --line", /must have a length: it is 0.*are the two models the same/],
    ["digits-mlp --examples 1000000", /must be in \[1, 1237\]: current value is 1000000/],
    ["digits-mlp --only layer9.*", /Cannot find parameters by "layer9\.\*" as none has such a name/],
    ["digits-mlp --examples 500 --correct 400", /by 400 as those must be more: raise --correct/],
    ["digits-mlp --plot a.jpg", /pictures are \.svg or \.png: it is \.jpg/],
    ["digits-mlp --range 0::5", /must have both ends: its upper one is empty/],
    ["digits-mlp --refine 0", /must be above 0 contours: current value is 0/],
    ["digits-mlp --refine --examples 100 --correct 400", /Cannot use --correct with --refine/],
    [
      "digits-mlp --minus digits-mlp --with digits-mlp",
      /Cannot subtract digits-mlp on the plane models.*choose --plane filter/,
    ],
    ["digits-mlp --minus mnist-logistic", /same data: it is digits .* and mnist/],
    [
      "digits-mlp --export a.obj",
      /its extension must be one of \.csv, \.h5, \.vtp, \.stl, \.glb, \.npz: it is \.obj/,
    ],
    ["mnist-nothing", /mnist-nothing/],
  ])("refuses %s", async (line, says) => {
    const { code, err } = await show(`${line} --workers 0 --out ${join(folder, "refused")}`);
    expect({ code, err }).toEqual({ code: 2, err: expect.stringMatching(says) });
    expect(existsSync(join(folder, "refused", "tiles.bin"))).toBe(false);
  });

  test("refuses a folder that holds another survey, and weights of another model", async () => {
    const out = join(folder, "plane");
    const { code, err } = await show(`${SMALL} --range -1:1:3 --out ${out}`);
    expect({ code, err }).toEqual({ code: 2, err: expect.stringMatching(/must be the log of this survey/) });
    const weights = join(folder, "other", "checkpoint.safetensors");
    const alone = await show(`${weights} --workers 0`);
    expect(alone.err).toMatch(/weights alone are no model: give its task or file with --task/);
    const wrong = await show(`${weights} --task mnist-logistic --workers 0 --out ${join(folder, "x")}`);
    expect(wrong.code).not.toBe(0);
  });
});
