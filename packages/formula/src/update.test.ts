import { describe, expect, test } from "vitest";
import { reference } from "./reference.ts";
import type { UpdateProgram } from "./resolve.ts";
import { program, randomTensor, runFused, runReference, type TestGroup } from "./testing/harness.ts";
import { bindUpdate, type Engine, type TensorSlots } from "./update.ts";
import { fused } from "./wasm/kernel.ts";
import { FlatMemory } from "./wasm/memory.ts";

const SHAPES = [[3], [2, 8], [0], [5], [], [31]];

/** Tensors that lie end to end in one memory, and how many units the engine makes of them. */
function boundUnits(
  update: UpdateProgram,
  groups: readonly { hyper: Record<string, number>; sizes: number[] }[],
  gap = 0,
) {
  const memory = new FlatMemory(4_000);
  const slots = Object.fromEntries(
    ["theta", "g", ...update.state].map((slot) => [slot, memory.allocate(100)]),
  );
  let offset = 0;
  const engine = fused(memory);
  let units: string[] = [];
  const counting: Engine<Float32Array> = {
    ...engine,
    bindPass(stage, tensor) {
      units = [...units, tensor.name];
      return engine.bindPass(stage, tensor);
    },
  };
  const bound = groups.map(({ hyper, sizes }, k) => ({
    hyper,
    t: 1,
    tensors: sizes.map((size, i): TensorSlots<Float32Array> => {
      const view = (slot: string) => slots[slot]!.subarray(offset, offset + size);
      const tensor = {
        name: `${k}.${i}`,
        shape: [size],
        size,
        slots: Object.fromEntries(Object.keys(slots).map((slot) => [slot, view(slot)])),
      };
      offset += size + gap;
      return tensor;
    }),
  }));
  bindUpdate(update, bound, counting);
  return units;
}

describe("bindUpdate() on the fused engine", () => {
  const sgd = program("theta = theta - lr * g", ["lr"]);
  const one = [{ hyper: { lr: 0.1 }, sizes: [3, 16, 0, 5] }];

  test("joins tensors that lie end to end into one call", () => {
    expect(boundUnits(sgd, one)).toEqual(["0.0 … 0.1 … 0.2 … 0.3"]);
    expect(boundUnits(program("m = g\ntheta = theta - m", [], ["m"]), one)).toHaveLength(1);
  });

  test("joins for reductions over all tensors, which cannot tell them apart", () => {
    expect(boundUnits(program("theta = theta - g / normAll(g) / countAll(g)"), one)).toHaveLength(2); // two stages
  });

  test("joins nothing across a gap, or across groups", () => {
    expect(boundUnits(sgd, one, 1)).toEqual(["0.0", "0.1", "0.2", "0.3"]);
    const two = [0.1, 0.2].map((lr) => ({ hyper: { lr }, sizes: [4, 4] }));
    expect(boundUnits(sgd, two)).toEqual(["0.0 … 0.1", "1.0 … 1.1"]);
  });

  test.each([
    "norm(g)",
    "sum(g)",
    "normInf(g)",
    "size(g)",
    "rows(g)",
    "cols(g)",
    "dot(theta, g)",
  ])("joins nothing when a formula asks for %s", (text) => {
    const units = boundUnits(program(`theta = theta - g / (1 + ${text})`), one);
    expect(new Set(units)).toEqual(new Set(["0.0", "0.1", "0.2", "0.3"]));
  });

  test.each([
    ["elementwise", "m = 0.9 * m + g\ntheta = theta - 0.1 * tanh(m)"],
    ["global", "g = g / normAll(g)\nm = 0.5 * m + g\ntheta = theta - m * countAll(g)"],
    ["per tensor", "m = m + g / norm(g)\ntheta = theta - m / size(g) * rows(theta)"],
  ])("joined neighbours give what separate tensors give, %s", (_, text) => {
    const update = program(text, [], ["m"]);
    const groups = [{ hyper: {}, tensors: SHAPES.map((shape, k) => randomTensor(shape, k + 3)) }];
    const [joined, apart] = [true, false].map((dense) => runFused(update, groups, { dense, steps: 3 })[0]!);
    SHAPES.forEach((_, k) => {
      for (const slot of ["theta", "m", "g"]) expect(joined![k]![slot]).toEqual(apart![k]![slot]);
    });
  });
});

describe("bindUpdate()", () => {
  const groups: TestGroup[] = [
    { hyper: { lr: 0.5 }, tensors: [{ shape: [2], slots: { theta: [1, 1], g: [3, 0] } }] },
    {
      hyper: { lr: 2 },
      tensors: [
        { shape: [1], slots: { theta: [1], g: [4] } },
        { shape: [0], slots: {} },
      ],
    },
    { hyper: { lr: 1 }, tensors: [] },
  ];
  // ‖g‖ over both groups is 5
  test.each([
    ["reference", runReference],
    ["wasm", runFused],
  ])("groups with different hyperparameters share global reductions, on %s", (_, run) => {
    const after = run(program("theta = theta - lr * 5 * g / normAll(g)", ["lr"]), groups);
    expect(after.map((group) => group.map(({ theta }) => theta))).toEqual([
      [[1 - 1.5, 1]],
      [[1 - 8], []],
      [],
    ]);
  });

  test.each([
    ["reference", runReference],
    ["wasm", runFused],
  ])("each group's reduced expression has its own hyperparameters, on %s", (_, run) => {
    const after = run(program("theta = normAll(lr * g)", ["lr"]), groups);
    const norm = Math.hypot(0.5 * 3, 2 * 4);
    expect(after[0]![0]!.theta![0]).toBeCloseTo(norm, 6);
    expect(after[1]![0]!.theta![0]).toBeCloseTo(norm, 6);
  });

  test("reads hyper and t anew at every run", () => {
    const theta = Float64Array.of(0);
    const group = { hyper: { lr: 1 }, t: 1, tensors: [{ name: "w", shape: [1], size: 1, slots: { theta } }] };
    const update = bindUpdate(program("theta = theta + lr * t", ["lr"]), [group], reference);
    update.run();
    expect(theta[0]).toBe(1);
    group.t = 2;
    group.hyper.lr = 10;
    update.run();
    expect(theta[0]).toBe(21);
    group.hyper = { lr: 100 };
    update.run();
    expect(theta[0]).toBe(221);
  });

  test("tells how many passes a run makes", () => {
    const bind = (text: string) => bindUpdate(program(text), [], reference).stageCount;
    expect([
      bind("theta = g"),
      bind("theta = g / norm(g)"),
      bind("theta = g / norm(g / normAll(g))"),
    ]).toEqual([1, 2, 3]);
  });

  test("refuses a group that lacks a hyperparameter, which would be NaN", () => {
    const update = program("theta = theta - lr * g * beta", ["lr", "beta"]);
    expect(() => bindUpdate(update, [{ hyper: { lr: 1 }, t: 1, tensors: [] }], reference)).toThrow(
      new TypeError(
        "Cannot bind group 0 as it needs a value for each hyperparameter: there is none for beta",
      ),
    );
  });
});
