import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runCli } from "./testing.ts";

const words = (line: string) => line.split(" ");
const minimizeJson = async (line: string) => JSON.parse((await runCli([...words(line), "--json"])).out);

describe("minimize", () => {
  test("ends a quadratic by newton in one step: point, value, evaluations, reason", async () => {
    const result = await minimizeJson("minimize --problem quadratic(kappa=100) --method newton --start 2,1");
    expect(result).toMatchObject({
      problem: { written: "quadratic(kappa=100)", name: "quadratic", least: 0, minima: [[0, 0]] },
      method: { written: "newton", options: { decrease: 1e-4, shrink: 0.5 } },
      start: [2, 1],
      reason: "gradient below tolerance",
      iterations: 1,
      evaluations: { value: 1, gradient: 2, hessian: 1, product: 0, residuals: 0, component: 0 },
      spent: 4,
    });
    expect(result.value).toBeLessThan(1e-28);
    // 2 + 50 = ½(4 + 100); the gradient is (2, 100)
    expect(result.trace[0]).toMatchObject({ iteration: 0, point: [2, 1], value: 52, gradientNorm: 100 });
    expect(result.trace[1].stepLength).toBeCloseTo(Math.sqrt(5), 12);
  });

  test("passes options, target and iterations on", async () => {
    const line = "minimize --problem rosenbrock(n=4) --method lbfgs(history=3,search=more-thuente)";
    const few = await minimizeJson(`${line} --iterations 5`);
    expect(few).toMatchObject({
      method: { options: { history: 3, search: "more-thuente" } },
      reason: "iterations spent",
      iterations: 5,
    });
    expect(few.trace).toHaveLength(6);
    const target = await minimizeJson(`${line} --target 0.5`);
    expect(target).toMatchObject({ reason: "target reached" });
    expect(target.value).toBeLessThanOrEqual(0.5);
  });

  test("a budget of zero evaluates nothing, and says so", async () => {
    const line = "minimize --problem beale --method bfgs --budget 0";
    expect(await minimizeJson(line)).toMatchObject({
      reason: "budget spent",
      value: "NaN",
      point: [1, 1],
      spent: 0,
      trace: [],
    });
    expect((await runCli(words(line))).out).toContain("Nothing was evaluated.");
  });

  test("draws by its seed: the same again, another with another", async () => {
    const line = "minimize --problem logistic-regression --method svrg --budget 20";
    const [one, same, other] = await Promise.all(
      [1, 1, 2].map(async (seed) => (await minimizeJson(`${line} --seed ${seed}`)).value),
    );
    expect(same).toBe(one);
    expect(other).not.toBe(one);
  });

  test("tells the story: rows, the end, the minimum that is near", async () => {
    const { code, out } = await runCli(words("minimize --problem himmelblau --method bfgs"));
    expect(code).toBe(0);
    expect(out).toContain("bfgs on himmelblau: (x² + y − 11)² + (x + y² − 7)², from (-0.5, -1)");
    expect(out).toMatch(/^iteration +evaluations +value +\|gradient\| +step +point$/m);
    expect(out).toMatch(/^ +0 +1 +180\.3125 +\S+ +\(-0\.5, -1\)$/m); // 11.75² + 6.5²
    expect(out).toContain("the minimum at (-3.77931, -3.28319)");
    expect(out).toMatch(/Stopped by: gradient below tolerance/);
  });

  test("thins a long table, and shows how far it fell", async () => {
    const { out } = await runCli(words("minimize --problem rosenbrock(n=6) --method conjugate-gradient"));
    const rows = out.split("\n").filter((line) => /^ *\d+ +\d+ /.test(line));
    expect(rows).toHaveLength(24);
    expect(out).toContain("…");
    expect(out).toMatch(/[\u2801-\u28ff]/); // Braille dots
  });

  test("draws the path over contours in two dimensions, the convergence in more", async () => {
    const folder = await mkdtemp(join(tmpdir(), "thalweg-minimize-"));
    const [plane, curve] = ["plane.svg", "curve.svg"].map((name) => join(folder, name));
    await runCli(words(`minimize --problem beale --method newton --plot ${plane}`));
    await runCli(words(`minimize --problem sphere(n=5) --method gradient-descent --plot ${curve}`));
    expect(await readFile(plane!, "utf8")).toContain('aria-label="contour"');
    expect(await readFile(curve!, "utf8")).toContain(">value above its least<");
    await rm(folder, { recursive: true });
  });

  test("a problem without a bottom is a result", async () => {
    const { code, out } = await runCli(words("minimize --problem saddle --method gradient-descent"));
    expect(code).toBe(0);
    expect(out).toContain("there is no minimum");
    expect(out).toContain("Stopped by: unbounded below");
  });

  test.each([
    ["--problem rosenbrok --method bfgs", 'did you mean "rosenbrock"'],
    ["--problem beale --method bgfs", 'did you mean "bfgs"'],
    ["--method bfgs", "Cannot go on without --problem"],
    ["--problem beale", "Cannot go on without --method"],
    ["--problem rosenbrock(n=1) --method bfgs", "n must be a whole number >= 2: current value is 1"],
    ["--problem rosenbrock(n --method bfgs", "Cannot read the problem"],
    ["--problem rosenbrock(n=2,n=3) --method bfgs", "n is given twice"],
    ["--problem beale --method bfgs(c3=1)", 'it has no option "c3"'],
    ["--problem beale --method bfgs(c1=0.95)", "c1 must be less than c2"],
    ["--problem lasso --method bfgs", "use a proximal method"],
    ["--problem branin --method gauss-newton", "it needs residuals and their Jacobian"],
    ["--problem beale --method bfgs --start 1,2,3", "the start must have 2 entries"],
    ["--problem beale --method bfgs --start 1,b", "--start must be finite numbers"],
    ["--problem beale --method bfgs --budget -1", "--budget"],
  ])("refuses %s with exit 2", async (line, says) => {
    const refused = await runCli(["minimize", ...words(line)]);
    expect(refused).toMatchObject({ code: 2, out: "" });
    expect(refused.err).toContain(says);
  });
});

describe("problems", () => {
  test("lists all of them", async () => {
    const { out } = await runCli(["problems"]);
    for (const name of ["quadratic(kappa=10", "reddi(C=3)", "mds(", "quadratic-deep(", "monkey-saddle"]) {
      expect(out).toContain(name);
    }
  });

  test("explains one: minima, options, and the methods that can run on it", async () => {
    const { out } = await runCli(["problems", "himmelblau"]);
    expect(out).toContain("Minima");
    expect(out).toContain("(3.58443, -1.84813)");
    expect(out).toContain("gauss-newton");
    const lasso = JSON.parse((await runCli(["problems", "lasso(n=30, rows=20, support=4)", "--json"])).out);
    expect(lasso).toMatchObject({ name: "lasso", dimension: 30, options: { n: { default: 400 } } });
    expect(lasso.methods).toContain("fista");
    expect(lasso.methods).not.toContain("bfgs");
  });

  test("refuses what does not exist", async () => {
    expect(await runCli(["problems", "bral"])).toMatchObject({ code: 2, out: "" });
    expect((await runCli(["problems", "beale(n=3)"])).err).toContain('it has no option "n"');
  });
});

describe("minimizers", () => {
  test("lists all by family, and explains one", async () => {
    const { out } = await runCli(["minimizers"]);
    for (const name of ["first-order", "lbfgs", "nelder-mead", "cma-es", "fista"])
      expect(out).toContain(name);
    const one = await runCli(["minimizers", "lbfgs"]);
    expect(one.out).toContain("strong-wolfe");
    const json = JSON.parse((await runCli(["minimizers", "bfgs", "--json"])).out);
    expect(json).toMatchObject({ name: "bfgs", family: "second-order", needs: ["gradient"] });
    expect(await runCli(["minimizers", "bgfs"])).toMatchObject({ code: 2, out: "" });
  });
});
