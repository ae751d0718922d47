/** Kinds of state: what a declaration means, where each kind goes in a program, and what it may start from. */
import { describe, expect, it } from "vitest";
import { type FormulaSource, resolve } from "./resolve.ts";
import { STATE_SHAPES, type StateDeclaration, type StateSlot, stateSlots } from "./state.ts";
import { FormulaError } from "./syntax/error.ts";
import { program, runFused, runReference } from "./testing/harness.ts";

describe("stateSlots()", () => {
  it("fills in the shape of the parameter, and zero", () => {
    expect(stateSlots(["m"])).toEqual([{ name: "m", shape: "tensor", initial: "0" }]);
    expect(stateSlots({ m: {}, d: { shape: "shared", initial: "d0" } })).toEqual([
      { name: "m", shape: "tensor", initial: "0" },
      { name: "d", shape: "shared", initial: "d0" },
    ]);
    expect(stateSlots([])).toEqual([]);
  });
});

describe("resolve() of state", () => {
  it("sorts slots by what keeps them: vectors, matrices, numbers", () => {
    const state: StateDeclaration = Object.fromEntries(STATE_SHAPES.map((shape, i) => [`s${i}`, { shape }]));
    const found = program(`theta = g\n${STATE_SHAPES.map((_, i) => `s${i} = s${i}`).join("\n")}`, [], state);
    const names = (shape: StateSlot["shape"]) => `s${STATE_SHAPES.indexOf(shape!)}`;
    expect(found.state).toEqual([names("tensor")]);
    expect(found.scalars).toEqual([
      { name: names("scalar"), scope: "tensor" },
      { name: names("shared"), scope: "all" },
    ]);
    expect(found.matrices).toEqual([
      { name: names("rows"), extent: ["R", "1"] },
      { name: names("cols"), extent: ["1", "C"] },
      { name: names("rows×rows"), extent: ["R", "R"] },
      { name: names("cols×cols"), extent: ["C", "C"] },
    ]);
    expect(found.initial.size).toBe(0); // all start at zero, which is what memory starts at
  });

  it("refuses a shape that there is not", () => {
    const state = { m: { shape: "row" } } as unknown as StateDeclaration;
    expect(() => program("theta = m", [], state)).toThrow(
      'Cannot declare test as the shape of a state slot must be one of tensor, scalar, shared, rows, cols, rows×rows, cols×cols: that of "m" is "row"',
    );
  });

  it("a slot that starts from something need not be assigned, one that starts at zero must", () => {
    expect(() => program("theta = theta - m", [], { m: { initial: "theta" } })).not.toThrow();
    expect(() => program("theta = theta - m", [], { m: { initial: "0" } })).toThrow(/never updated/);
    expect(() => program("theta = theta - m", [], { m: { shape: "rows" } })).toThrow(/never updated/);
  });

  const refusals: [string, StateDeclaration, RegExp][] = [
    [
      "another slot",
      { a: { initial: "1" }, b: { initial: "a" } },
      /initial value of b at line 1, column 9.*"a"/s,
    ],
    ["a name that does not exist", { a: { initial: "lrr" } }, /did you mean "lr"/],
    ["a comparison", { a: { initial: "theta > 1" } }, /value of a.*comparison/s],
    ["two expressions", { a: { initial: "1 2" } }, /initial value of a/],
    ["nothing", { a: { initial: "" } }, /initial value of a/],
    ["elements, for one number", { a: { shape: "scalar", initial: "theta" } }, /a value per element/],
    ["one tensor, for all", { a: { shape: "shared", initial: "norm(theta)" } }, /a value per tensor/],
    [
      "one column's sum, for all",
      { a: { shape: "shared", initial: "colSum(rowSum(g))" } },
      /a value per tensor/,
    ],
    [
      "a matrix of another shape",
      { a: { initial: "matmul(g, transpose(g))" } },
      /rows × cols, the shape of a/,
    ],
    ["a parameter, for a column", { a: { shape: "rows", initial: "theta" } }, /rows × 1, the shape of a/],
  ];
  it.each(refusals)("refuses to start from %s", (_, state, message) => {
    expect(() => program("theta = g", ["lr"], state)).toThrow(FormulaError);
    expect(() => program("theta = g", ["lr"], state)).toThrow(message);
  });

  it("a hyperparameter may be called as the messages' own name", () => {
    const found = program("theta = theta - a", ["start", "start_"], { a: { initial: "start + start_" } });
    const groups = [{ hyper: { start: 1, start_: 2 }, tensors: [{ shape: [], slots: { theta: [5] } }] }];
    expect(runReference(found, groups)[0]![0]!.theta).toEqual([2]);
  });

  it.each([
    ["reference", runReference],
    ["fused", runFused],
  ])("starts each tensor from its own numbers, and numbers of all from all, on the %s engine", (_, run) => {
    const found = program("theta = theta + a + b + c", ["lr"], {
      a: { initial: "10 * theta" },
      b: { shape: "scalar", initial: "lr * sum(g)" },
      c: { shape: "shared", initial: "1000 * sumAll(theta)" },
    });
    const tensors = [
      { shape: [2], slots: { theta: [1, 2], g: [3, 5] } },
      { shape: [1], slots: { theta: [4], g: [6] } },
    ];
    const result = run(found, [{ hyper: { lr: 100 }, tensors }])[0]!;
    expect(result.map(({ theta }) => theta)).toEqual([[7811, 7822], [7644]]);
  });

  it("keeps slots of two links in a chain apart, and so their initial values", () => {
    const link = (name: string, initial: string): FormulaSource => ({
      name,
      update: "theta = theta + k\nk = 2 * k",
      hyper: ["k0"],
      state: { k: { shape: "shared", initial } },
      assigns: ["theta"],
      rename: (local) => `${name}.${local}`,
    });
    const found = resolve([link("a", "k0"), link("b", "k0 + 1")]);
    const groups = [{ hyper: { "a.k0": 1, "b.k0": 10 }, tensors: [{ shape: [], slots: { theta: [100] } }] }];
    expect(runReference(found, groups, { steps: 2 })[0]![0]).toMatchObject({
      theta: [100 + 1 + 11 + 2 + 22],
      "a.k": [4],
      "b.k": [44],
    });
  });
});
