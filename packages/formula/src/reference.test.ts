import { describe, expect, test } from "vitest";
import { numbers, program, randomTensor, runReference, type TestTensor } from "./testing/harness.ts";

/** theta after one step from the given theta and g. */
const theta = (text: string, tensors: TestTensor[], hyper: Record<string, number> = {}) =>
  runReference(program(`theta = ${text}`, Object.keys(hyper)), [{ hyper, tensors }])[0]!.map(
    (slots) => slots.theta,
  );

const pair: TestTensor[] = [
  { shape: [2, 2], slots: { theta: [1, 2, 3, 4], g: [3, 0, -4, 0] } },
  { shape: [], slots: { theta: [5], g: [12] } },
];

describe("reference", () => {
  // g is (3, 0, −4, 0) and (12)
  test.each([
    ["sum(g)", [-1, 12]],
    ["mean(g)", [-0.25, 12]],
    ["dot(theta, g)", [3 - 12, 60]],
    ["norm(g)", [5, 12]],
    ["norm1(g)", [7, 12]],
    ["normInf(g)", [4, 12]],
    ["size(g)", [4, 1]],
    ["rows(g)", [2, 1]],
    ["cols(g)", [2, 1]],
    ["sumAll(g)", [11, 11]],
    ["dotAll(theta, g)", [51, 51]],
    ["normAll(g)", [13, 13]],
    ["countAll(g)", [5, 5]],
    ["tensorsAll(g)", [2, 2]],
    ["norm(g / norm(g))", [1, 1]],
    ["normAll(g - mean(g))", [Math.sqrt(3.25 ** 2 + 0.25 ** 2 + 3.75 ** 2 + 0.25 ** 2), undefined]],
  ])("%s by hand, per tensor", (text, [first, second]) => {
    const [a, b] = theta(text, pair);
    for (const x of a!) expect(x).toBeCloseTo(first!, 14);
    expect(b![0]).toBeCloseTo(second ?? first!, 14);
  });

  test("shapes of one and of three dimensions", () => {
    const ones = (shape: number[], size: number) => ({
      shape,
      slots: { g: Array(size).fill(1), theta: Array(size).fill(0) },
    });
    const tensors = [ones([6], 6), ones([2, 3, 4], 24), ones([0, 5], 0)];
    expect(theta("rows(g)", tensors).map((x) => x![0])).toEqual([6, 2, undefined]);
    expect(theta("cols(g)", tensors).map((x) => x![0])).toEqual([1, 12, undefined]);
  });

  test("every elementwise operation by hand", () => {
    const text = "where(g < 0 and not theta == 3, 10, min(theta, 2) ^ 2) + floor(g / 2) - abs(sign(g))";
    // θ = 1, 2, 3, 4 and g = 3, 0, −4, 0: 1 + 1 − 1, 4 + 0 − 0, (θ is 3: 4) − 2 − 1, 4 + 0 − 0
    expect(theta(text, pair.slice(0, 1))).toEqual([[1, 4, 1, 4]]);
  });

  test("slots may be made from each other's old values", () => {
    const swap = program("a = theta\ntheta = m\nm = a", [], ["m"]);
    const [[after]] = runReference(swap, [
      { hyper: {}, tensors: [{ shape: [2], slots: { theta: [1, 2], m: [3, 4] } }] },
    ]) as [[Record<string, number[]>]];
    expect([after.theta, after.m]).toEqual([
      [3, 4],
      [1, 2],
    ]);
  });

  test("an empty tensor has norms of 0 and adds nothing to the rest", () => {
    const empty = { shape: [0], slots: { theta: [], g: [] } };
    expect(
      theta("normInf(g) + norm(g) + sumAll(g) + normAll(g)", [
        empty,
        { shape: [], slots: { theta: [1], g: [-2] } },
      ]),
    ).toEqual([[], [2 + 2 - 2 + 2]]);
  });

  test("AdamW equals plain loops in float64, bit for bit but for the order of scalar factors", () => {
    const [n, steps] = [50, 20];
    const hyper = { lr: 1e-2, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.1 };
    const adamw = program(
      `theta = theta * (1 - lr * weightDecay)
       m = beta1 * m + (1 - beta1) * g
       v = beta2 * v + (1 - beta2) * g^2
       theta = theta - lr * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)`,
      Object.keys(hyper),
      ["m", "v"],
    );
    const tensor = randomTensor([n], 7);
    const [[after]] = runReference(adamw, [{ hyper, tensors: [tensor] }], { steps }) as [
      [Record<string, number[]>],
    ];

    const { lr, beta1, beta2, eps, weightDecay } = hyper;
    for (let i = 0; i < n; i++) {
      let [x, m, v] = [tensor.slots.theta![i]!, 0, 0];
      const g = tensor.slots.g![i]!;
      for (let t = 1; t <= steps; t++) {
        x -= lr * weightDecay * x;
        m = beta1 * m + (1 - beta1) * g;
        v = beta2 * v + (1 - beta2) * g * g;
        x -= (lr * m) / (1 - beta1 ** t) / (Math.sqrt(v / (1 - beta2 ** t)) + eps);
      }
      expect(after.theta![i]).toBeCloseTo(x, 14);
      expect(after.m![i]).toBeCloseTo(m, 14);
      expect(after.v![i]).toBeCloseTo(v, 14);
    }
  });

  test("LAMB with a clip by global norm equals plain loops over two tensors in float64", () => {
    const hyper = { lr: 0.05, beta: 0.9, eps: 1e-3, clip: 1 };
    const lamb = program(
      `g = g * min(1, clip / normAll(g))
       m = beta * m + (1 - beta) * g
       u = m / (abs(m) + eps) + 0.01 * theta
       theta = theta - lr * norm(theta) / norm(u) * u`,
      Object.keys(hyper),
      ["m"],
    );
    const tensors = [randomTensor([3, 5], 1), randomTensor([4], 2)];
    const after = runReference(lamb, [{ hyper, tensors }], { steps: 5 })[0]!;

    const norm = (x: number[]) => Math.sqrt(x.reduce((sum, one) => sum + one * one, 0));
    const x = tensors.map(({ slots }) => Array.from(slots.theta!));
    const m = x.map((one) => one.map(() => 0));
    const all = norm(tensors.flatMap(({ slots }) => Array.from(slots.g!)));
    for (let t = 1; t <= 5; t++) {
      tensors.forEach(({ slots }, k) => {
        for (let i = 0; i < x[k]!.length; i++) {
          m[k]![i] = 0.9 * m[k]![i]! + (1 - 0.9) * slots.g![i]! * Math.min(1, 1 / all);
        }
        const u = m[k]!.map((one, i) => one / (Math.abs(one) + 1e-3) + 0.01 * x[k]![i]!);
        const ratio = norm(x[k]!) / norm(u);
        for (let i = 0; i < u.length; i++) x[k]![i] = x[k]![i]! - 0.05 * ratio * u[i]!;
      });
    }
    tensors.forEach((_, k) => {
      for (let i = 0; i < x[k]!.length; i++) {
        expect(after[k]!.theta![i]).toBeCloseTo(x[k]![i]!, 13);
        expect(after[k]!.m![i]).toBeCloseTo(m[k]![i]!, 13);
      }
    });
  });

  test("carries state from step to step, and counts steps from 1", () => {
    const count = program("m = m + t\ntheta = m", [], ["m"]);
    const [[after]] = runReference(count, [{ hyper: {}, tensors: [{ shape: [1], slots: { theta: [9] } }] }], {
      steps: 4,
    }) as [[Record<string, number[]>]];
    expect(after.theta).toEqual([1 + 2 + 3 + 4]);
  });

  test("refuses a slot of another length", () => {
    const tensors = [{ shape: [3], slots: { theta: numbers(3, 1), g: numbers(2, 1) } }];
    expect(() => theta("g", tensors)).toThrow(
      new TypeError('Cannot bind tensor 0.0 as its slot "g" must hold 3 float64 values'),
    );
  });
});
