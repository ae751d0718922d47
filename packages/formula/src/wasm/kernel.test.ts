import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { scheduleStages } from "../stages.ts";
import {
  numbers,
  program,
  randomTensor,
  runFused,
  runReference,
  sizeOf,
  type TestTensor,
} from "../testing/harness.ts";
import { outputBounds } from "../testing/intervals.ts";
import { anyFormula, FORMULA_HYPER, FORMULA_STATE } from "../testing/trees.ts";
import { bindUpdate } from "../update.ts";
import { compiledKernelCount, fused } from "./kernel.ts";
import { FlatMemory } from "./memory.ts";

/** Sizes around the vector (4) and the block (16) of the kernel, and shapes without dimensions. */
const SHAPES = [[0], [1], [2], [3], [4], [5], [3, 5], [4, 4], [17], [31], [7, 9], [64], [10, 10, 10], []];

const HYPER = { lr: 0.125, beta: 0.9, eps: 1e-3, p: 1.7 };

/**
 * Run on the fused engine and compare each element with its bounds, and the reference with them too, so that the bounds
 * are known to be right. Gives how many elements could be bounded, and how many there were.
 */
function compare(
  text: string,
  tensors: readonly TestTensor[],
  hyper: Record<string, number> = HYPER,
  state = ["m"],
) {
  const update = program(text, Object.keys(hyper), state);
  const bounds = outputBounds(update, tensors, hyper);
  const groups = [{ hyper, tensors }];
  const [slow, fast] = [runReference(update, groups)[0]!, runFused(update, groups)[0]!];
  let [bounded, all] = [0, 0];
  tensors.forEach(({ shape }, k) => {
    for (const slot of update.outputs.keys()) {
      for (let i = 0; i < sizeOf(shape); i++) {
        const [low, high] = bounds[k]![slot]![i]!;
        const [exact, found] = [slow[k]![slot]![i]!, fast[k]![slot]![i]!];
        all++;
        if (low === -Infinity) continue;
        bounded++;
        const where = `${slot}[${i}] of shape [${shape}] in\n${text}\n`;
        if (!(exact >= low && exact <= high))
          expect.fail(`reference ${exact} is not in [${low}, ${high}]: ${where}`);
        if (!(found >= low && found <= high))
          expect.fail(`fused ${found}, exact ${exact}, not in [${low}, ${high}]: ${where}`);
      }
    }
  });
  return { bounded, all };
}

describe("the fused kernel equals the reference, element by element, in float32", () => {
  const ELEMENTWISE_CASES = [
    "theta + g",
    "theta - g",
    "theta * g",
    "theta / (g + 3)",
    "(g + 3) ^ theta",
    "(g + 3) ^ p",
    "g ^ 2 + g ^ 3 + g ^ 4",
    "-g",
    "abs(g)",
    "sign(g)",
    "sqrt(g + 2)",
    "exp(g)",
    "log(g + 3)",
    "tanh(g)",
    "floor(g)",
    "min(theta, g)",
    "max(theta, g)",
    "where(theta < g, 1, 2)",
    "where(theta <= g, theta, g)",
    "where(theta > g, theta, lr)",
    "where(theta >= g, theta, g)",
    "where(theta == theta, theta, g)",
    "where(theta != theta, theta, g)",
    "where(theta < 0 and g < 0, 1, 2)",
    "where(theta < 0 or g < 0, 1, 2)",
    "where(not theta < 0, 1, 2)",
    "where(lr < 1, theta, g)",
    "where(lr > 1 or theta < 0, theta, g)",
    "g * lr / beta * t",
    "lr",
    "3",
  ];
  const REDUCTION_CASES = [
    "sum(g)",
    "mean(g + 3)",
    "dot(theta, g)",
    "norm(g)",
    "norm1(g)",
    "normInf(g)",
    "size(g) + rows(g) * lr + cols(g) * beta",
    "sumAll(g)",
    "dotAll(theta, g)",
    "normAll(g)",
    "countAll(g)",
    "tensorsAll(g)",
    "sum(where(g < 0, 1, 0))",
    "sum(lr * g)",
    "sumAll(abs(g) * tanh(theta))",
    "normInf(theta - g) + norm1(exp(g)) + norm(theta * g)",
  ];

  test.each([
    ...ELEMENTWISE_CASES,
    ...REDUCTION_CASES.flatMap((text) => [text, `theta - ${text} * g`]),
  ])("%s", (text) => {
    const tensors = SHAPES.map((shape, k) => randomTensor(shape, k, ["theta", "g", "m"]));
    const { bounded, all } = compare(`theta = ${text}\nm = g`, tensors);
    expect(bounded / all).toBeGreaterThan(0.99);
    // also with each tensor alone, for global reductions
    for (const tensor of tensors) compare(`theta = ${text}\nm = g`, [tensor]);
  });

  const RULES: [name: string, text: string, state: string[]][] = [
    [
      "AdamW",
      `theta = theta * (1 - lr * 0.01)
       m = beta * m + (1 - beta) * g
       v = 0.999 * v + (1 - 0.999) * g^2
       theta = theta - lr * (m / (1 - beta^t)) / (sqrt(v / (1 - 0.999^t)) + eps)`,
      ["m", "v"],
    ],
    [
      "LAMB after a clip by global norm",
      `g = g * min(1, p / normAll(g))
       m = beta * m + (1 - beta) * g
       u = m / (abs(m) + eps) + eps * theta
       theta = theta - lr * norm(theta) / norm(u) * u`,
      ["m"],
    ],
    ["slots made from each other", "a = theta\ntheta = m + g\nm = a - g", ["m"]],
    [
      "slots made from each other through a norm",
      "a = theta\ntheta = m * norm(theta)\nm = a * normAll(m)",
      ["m"],
    ],
  ];
  test.each(RULES)("%s, in place", (_, text, state) => {
    const tensors = SHAPES.map((shape, k) => randomTensor(shape, k + 50, ["theta", "g", "m"]));
    for (const tensor of tensors) tensor.slots.v = numbers(sizeOf(tensor.shape), 5, 0.1, 2);
    const { bounded, all } = compare(text, tensors, HYPER, state);
    expect(bounded / all).toBeGreaterThan(0.99);
  });

  test("random formulas", () => {
    const tensors = [[3, 5], [17], []].map((shape, k) => randomTensor(shape, k + 20, ["theta", "g", "m"]));
    let [bounded, all] = [0, 0];
    fc.assert(
      fc.property(anyFormula, (text) => {
        const counts = compare(text, tensors, FORMULA_HYPER, FORMULA_STATE);
        bounded += counts.bounded;
        all += counts.all;
      }),
      { seed: 4, numRuns: 250 },
    );
    expect(bounded / all).toBeGreaterThan(0.5); // the rest is infinite, NaN, or near a pole
  });
});

describe("the fused engine", () => {
  test("NaN and infinities pass through reductions as in the reference", () => {
    const text = "theta = sum(g) + where(g == g, normInf(g), 0)";
    for (const bad of [Number.NaN, Infinity, -Infinity]) {
      for (const [size, at] of [
        [5, 4],
        [16, 3],
        [17, 16],
        [40, 21],
      ] as const) {
        const g = numbers(size, 1).map((x, i) => (i === at ? bad : x));
        const groups = [{ hyper: {}, tensors: [{ shape: [size], slots: { g, theta: g } }] }];
        expect(runFused(program(text), groups)[0]![0]!.theta).toEqual(
          runReference(program(text), groups)[0]![0]!.theta,
        );
      }
    }
  });

  test("what an earlier call left in the scratch area does not reach the lanes beyond the end", () => {
    const g = (size: number, value: number) => ({
      shape: [size],
      slots: { theta: Array(size).fill(0), g: Array(size).fill(value) },
    });
    const groups = [{ hyper: {}, tensors: [g(15, Number.NaN), g(3, 2), g(1, -1), g(0, 1)] }];
    const after = runFused(program("theta = norm(g) + normInf(g) + sum(1 / g)"), groups)[0]!;
    expect(after[1]!.theta![0]).toBeCloseTo(Math.sqrt(12) + 2 + 1.5, 6);
    expect(after[2]!.theta).toEqual([1 + 1 - 1]);
  });

  test("squares in a norm neither overflow nor vanish", () => {
    for (const unit of [2 ** 100, 2 ** -100]) {
      const groups = [{ hyper: {}, tensors: [{ shape: [1], slots: { theta: [3 * unit], g: [4 * unit] } }] }];
      expect(runFused(program("theta = norm(theta) / norm(g)"), groups)[0]![0]!.theta).toEqual([0.75]);
    }
  });

  test("sums are kept in float64: 2²⁴ + 1 + … + 1", () => {
    const g = [2 ** 24, ...Array(999).fill(1)];
    const groups = [{ hyper: {}, tensors: [{ shape: [1_000], slots: { theta: g, g } }] }];
    expect(runFused(program("theta = sum(g) - 16777216"), groups)[0]![0]!.theta![7]).toBe(999);
  });

  test("compiles one kernel per stage of a new formula, and none for one it knows", () => {
    const text = "u = tanh(g - 0.123456); w = floor(theta + u / norm(u)); theta = theta - u / normAll(w)";
    const run = () =>
      runFused(program(text), [{ hyper: {}, tensors: [randomTensor([20], 1), randomTensor([3], 2)] }]);
    const before = compiledKernelCount();
    run();
    expect(compiledKernelCount() - before).toBe(3);
    expect(scheduleStages(program(text))).toHaveLength(3);
    run();
    expect(compiledKernelCount() - before).toBe(3);
  });

  test("shares a kernel between rules that mean the same, whatever they are called", () => {
    const run = (text: string, hyper: Record<string, number>) =>
      runFused(program(text, Object.keys(hyper)), [{ hyper, tensors: [randomTensor([20], 1)] }]);
    run("theta = theta - lr * (g * 0.654321)", { lr: 1 });
    const before = compiledKernelCount();
    run("step = 0.654321 * g; theta = theta - eta * step # written otherwise", { eta: 1 });
    expect(compiledKernelCount()).toBe(before);
  });

  const tensorIn = (memory: FlatMemory, size: number) => ({
    theta: memory.allocate(size),
    g: memory.allocate(size),
  });

  test.each([
    ["of another length", (memory: FlatMemory) => ({ ...tensorIn(memory, 4), g: memory.allocate(5) })],
    ["in another memory", (memory: FlatMemory) => ({ ...tensorIn(memory, 4), g: new Float32Array(4) })],
    ["that is missing", (memory: FlatMemory) => ({ theta: memory.allocate(4) })],
  ])("refuses a slot %s, whether or not tensors are merged", (_, slotsIn) => {
    for (const text of ["theta = theta - g", "theta = theta - g / norm(g)"]) {
      const memory = new FlatMemory(1_000);
      const slots: Record<string, Float32Array> = slotsIn(memory);
      const group = { hyper: {}, t: 1, tensors: [{ name: "0.weight", shape: [4], size: 4, slots }] };
      expect(() => bindUpdate(program(text), [group], fused(memory))).toThrow(
        new TypeError(
          `Cannot bind 0.weight as its slot "g" must be a view of 4 float32 values in the kernel's memory`,
        ),
      );
    }
  });

  test("runs a formula of nearly a thousand operations, one upon the other", () => {
    const text = `a = g\n${"a = tanh(a) + theta\n".repeat(490)}theta = a`;
    const groups = [{ hyper: {}, tensors: [randomTensor([19], 1)] }];
    const [slow, fast] = [runReference, runFused].map((run) => run(program(text), groups)[0]![0]!.theta!);
    // a ← tanh(a) + θ forgets: its errors shrink by 1 − tanh² each time, so what remains is a few units of |a| < 3
    slow!.forEach((exact, i) => {
      expect(Math.abs(fast![i]! - exact)).toBeLessThan(100 * 2 ** -22);
    });
  });

  test("refuses a formula that is too large for one kernel", () => {
    const hyper = Array.from({ length: 497 }, (_, i) => `h${i}`);
    const text = `a = g\n${hyper.map((name) => `a = min(a, ${name})`).join("\n")}\ntheta = a`;
    const values = Object.fromEntries(hyper.map((name) => [name, 1]));
    const groups = [{ hyper: values, tensors: [randomTensor([4], 1)] }];
    expect(() => runFused(program(text, hyper), groups)).toThrow(/at most 496 scalars: it has 497/);
    expect(() => runReference(program(text, hyper), groups)).not.toThrow();
  });

  test("stays with the reference over many steps", () => {
    const text = "m = beta * m + (1 - beta) * g\ntheta = theta - lr * m / (1 - beta^t)";
    const hyper = { lr: 0.01, beta: 0.9 };
    const update = program(text, Object.keys(hyper), ["m"]);
    const groups = [{ hyper, tensors: [randomTensor([37], 9)] }];
    const [a, b] = [runReference(update, groups, { steps: 50 }), runFused(update, groups, { steps: 50 })];
    // 50 steps of size 0.02 at most, each rounded to half a unit of |theta| ≤ 4: 50 · 2⁻²³
    a[0]![0]!.theta!.forEach((exact, i) => {
      expect(Math.abs(b[0]![0]!.theta![i]! - exact)).toBeLessThan(50 * 2 ** -23);
    });
  });
});
