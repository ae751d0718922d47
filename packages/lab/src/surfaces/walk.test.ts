import { adam, momentum, parseSchedule, sgd } from "@thalweg/optim";
import { describe, expect, test } from "vitest";
import { surfaces } from "./catalogue.ts";
import { walk } from "./walk.ts";

describe("walk()", () => {
  test("starts at the surface's own start and keeps the start as step 0", () => {
    const { path } = walk({ surface: surfaces.rosenbrock!, rule: sgd, steps: 1 });
    expect(path[0]).toMatchObject({ step: 0, x: -1.2, y: 1 });
    expect(path).toHaveLength(2);
  });

  test("applies momentum as torch does: b₂ = 0.5 b₁ + g₂", () => {
    // f = x² + 3y² on the x axis, lr ⅛: x₀ = 4, b₁ = 8, x₁ = 3, b₂ = 4 + 6 = 10, x₂ = 1.75
    const { path } = walk({
      surface: surfaces.ellipse!,
      rule: momentum,
      hyper: { lr: 0.125, momentum: 0.5 },
      start: [4, 0],
      steps: 2,
    });
    expect(path.map(({ x }) => x)).toEqual([4, 3, 1.75]);
  });

  test("stays on the ridge of the saddle and converges to it", () => {
    const { path, status } = walk({
      surface: surfaces.saddle!,
      rule: sgd,
      hyper: { lr: 0.25 },
      start: [1, 0],
      steps: 60,
    });
    expect(status).toBe("finished");
    expect(path.at(-1)).toMatchObject({ x: 2 ** -60, y: 0 }); // x is halved in each step
  });

  test("ends at step 0 when the start itself is not finite on the surface", () => {
    const { path, status, reason } = walk({
      surface: surfaces.rosenbrock!,
      rule: adam,
      start: [1e200, 0],
      steps: 5,
    });
    expect({ length: path.length, status, reason }).toEqual({
      length: 1,
      status: "diverged",
      reason: "f is Infinity",
    });
  });

  test("diverges on the wasm engine where float32 ends", () => {
    // y is multiplied by −9, and the gradient is 10 y: 20 · 9ᵏ passes 3.4e38 at k = 40
    const { path, status } = walk({
      surface: surfaces.quadratic!,
      rule: sgd,
      hyper: { lr: 1 },
      start: [0, 2],
      steps: 100,
      engine: "wasm",
    });
    expect({ status, step: path.at(-1)!.step }).toEqual({ status: "diverged", step: 40 });
  });

  test("asks the schedule for the factor of each step, counted from 0", () => {
    const schedule = parseSchedule("warmup(2)", 2); // ½, 1
    const { path } = walk({
      surface: surfaces.ellipse!,
      rule: sgd,
      hyper: { lr: 0.25 },
      start: [4, 0],
      steps: 2,
      schedule,
    });
    expect(path.map(({ x }) => x)).toEqual([4, 3, 1.5]); // 4(1 − ⅛·2), 3(1 − ¼·2)
  });

  test("refuses a negative learning rate before the first step", () => {
    expect(() => walk({ surface: surfaces.beale!, rule: sgd, hyper: { lr: -1 }, steps: 1 })).toThrow(
      RangeError,
    );
  });
});
