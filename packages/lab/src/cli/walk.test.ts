import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runCli } from "./testing.ts";

const walkJson = async (line: string) => JSON.parse((await runCli([...line.split(" "), "--json"])).out);

describe("walk", () => {
  test("takes adagrad's first step on x²+3y²: lr in each coordinate, against the gradient's sign", async () => {
    const { path } = await walkJson(
      "walk --surface x2+3y2 --rule adagrad --set lr=0.25 --start -1.5,2 --steps 1",
    );
    // s = g², so the step is lr · g / (|g| + 1e-10)
    expect(path[0]).toMatchObject({ step: 0, x: -1.5, y: 2, f: 14.25 });
    expect(path[0].gradientNorm).toBeCloseTo(Math.hypot(3, 12), 14);
    expect(path[1].x).toBeCloseTo(-1.25, 9);
    expect(path[1].y).toBeCloseTo(1.75, 9);
  });

  test("looks around before it steps: sam on x²+3y², by hand", async () => {
    // from (1, 0) the gradient is (2, 0); sam asks for the gradient at x = 1 + 0.5 · 2 / (2 + 1e-12) = 1.5, which is 3
    const { path, rule } = await walkJson(
      "walk --surface x2+3y2 --rule sam(radius=0.5)>sgd(lr=0.25) --start 1,0 --steps 1",
    );
    expect(rule).toBe("sam(radius=0.5) > sgd(lr=0.25)");
    expect(path[1].x).toBeCloseTo(0.25, 10);
    expect(path[1].y).toBe(0);
  });

  test("takes a rule from a file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "thalweg-walk-"));
    const file = join(folder, "half.yaml");
    await writeFile(file, "name: half\nhyper: { lr: 0.5 }\nupdate: |\n  u = lr * g\n  theta = theta - u\n");
    const { path, hyper } = await walkJson(`walk --surface x2+3y2 --rule ${file} --start 1,0 --steps 1`);
    expect(hyper).toEqual({ lr: 0.5 });
    expect(path[1]).toMatchObject({ x: 0, y: 0 }); // 1 - ½ · 2
    await writeFile(file, "name: half\nhyper: { lr: 0.5 }\nupdate: |\n  u = lr * g\n  theta = theta - v\n");
    const refused = await runCli(["walk", "--surface", "beale", "--rule", file]);
    expect(refused).toMatchObject({ code: 2, out: "" });
    expect(refused.err).toContain(
      `Cannot read ${file} at line 5, column 19: in the formula of half, found the unknown name "v"`,
    );
    await rm(folder, { recursive: true });
  });

  test.each([
    ["--rule muon", /Cannot walk by muon as it updates matrices/],
    ["--rule sophia-g", /Cannot walk by sophia-g as it asks for gradients of labels/],
    ["--rule adamw(lr", /Cannot read the rule at column 9: found the end/],
  ])("refuses %s with exit 2", async (words, says) => {
    const refused = await runCli(["walk", "--surface", "beale", ...words.split(" ")]);
    expect(refused).toMatchObject({ code: 2, out: "" });
    expect(refused.err).toMatch(says);
  });

  test("follows (1 − ηλ)ᵏ with gradient descent on the quadratic, whatever its condition", async () => {
    const { path } = await walkJson(
      "walk --surface quadratic --condition 100 --rule sgd --set lr=0.0078125 --start 1,1 --steps 40",
    );
    for (const { step, x, y } of path) {
      expect(x).toBeCloseTo((1 - 0.0078125) ** step, 13);
      expect(y).toBeCloseTo((1 - 0.78125) ** step, 13);
    }
    expect(path).toHaveLength(41);
  });

  test("reports where it ended, and the nearest minimum", async () => {
    const result = await walkJson(
      "walk --surface himmelblau --rule sgd --set lr=0.01 --start 4,3 --steps 200",
    );
    expect(result).toMatchObject({
      status: "finished",
      reason: "",
      rule: "sgd",
      engine: "reference",
      schedule: null,
    });
    expect(result.nearestMinimum).toMatchObject({ x: 3, y: 2 });
    expect(result.nearestMinimum.distance).toBeLessThan(1e-8);
  });

  test("reports divergence as a result, exit 0, with the step and the reason", async () => {
    // y is multiplied by 1 − 10 per step: 10y² = 40 · 81ᵏ leaves float64 at k = 161
    const line = "walk --surface quadratic --rule sgd --set lr=1 --start 1,2 --steps 500";
    const result = await walkJson(line);
    expect(result).toMatchObject({ status: "diverged", reason: "f is Infinity" });
    expect(result.end).toMatchObject({ step: 161, f: "Infinity" });
    const { code, out } = await runCli(line.split(" "));
    expect(code).toBe(0);
    expect(out).toMatch(/^# diverged at step 161: f is Infinity$/m);
  });

  test("multiplies the learning rate by the schedule", async () => {
    // linear over 2 steps: factors 1, ½; so −3 + ⅛ · 6 = −2.25, then −2.25 + ⅛ · ½ · 4.5
    const { path, schedule } = await walkJson(
      "walk --surface ellipse --rule sgd --set lr=0.125 --start -3,0 --steps 2 --schedule linear",
    );
    expect(schedule).toBe("linear");
    expect(path.map(({ x }: { x: number }) => x)).toEqual([-3, -2.25, -1.96875]);
  });

  test("gives the same walk on both engines, to float32", async () => {
    const line = "walk --surface beale --rule adam --set lr=0.05 --steps 100";
    const [slow, fast] = [await walkJson(line), await walkJson(`${line} --engine wasm`)];
    expect(fast.engine).toBe("wasm");
    expect(fast.end.x).not.toBe(slow.end.x); // float32 was really used
    expect(fast.end.x).toBeCloseTo(slow.end.x, 4);
    expect(fast.end.y).toBeCloseTo(slow.end.y, 4);
  });

  test("prints columns with comments, and a summary", async () => {
    const { out } = await runCli(
      "walk --surface ellipse --rule sgd --set lr=0.125 --start 1,0 --steps 1".split(" "),
    );
    expect(out.split("\n")).toEqual([
      "# step     x  y       f  |gradient|",
      "     0     1  0       1           2",
      "     1  0.75  0  0.5625         1.5",
      "# sgd (lr 0.125) on ellipse, x² + 3y²",
      "# ended at (0.75, 0) after 1 step: f = 0.5625, 0.75 from the minimum at (0, 0)",
      "",
    ]);
  });

  test("--plot writes the picture beside the result", async () => {
    const folder = await mkdtemp(join(tmpdir(), "thalweg-"));
    try {
      const file = join(folder, "walk.svg");
      const line = `walk --surface rosenbrock --rule adam --set lr=0.1 --set beta1=0.8 --steps 20 --plot ${file}`;
      const { code, err } = await runCli(line.split(" "));
      expect({ code, err }).toEqual({ code: 0, err: `Wrote ${file}\n` });
      const svg = await readFile(file, "utf8");
      expect(svg).toContain(">adam on rosenbrock<");
      expect(svg).toContain("lr 0.1 · beta1 0.8 · 20 steps");
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
