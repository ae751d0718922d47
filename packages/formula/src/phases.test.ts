/** Phases before the update, and views: what they read and write, and what is refused in them. */
import { describe, expect, it } from "vitest";
import { reference } from "./reference.ts";
import { type FormulaSource, type Phase, resolve, type UpdateProgram } from "./resolve.ts";
import { FormulaError } from "./syntax/error.ts";
import { bindUpdate } from "./update.ts";

const source = (more: Partial<FormulaSource>): FormulaSource => ({
  name: "rule",
  update: "theta = theta - lr * g",
  hyper: ["lr"],
  state: [],
  assigns: ["theta"],
  ...more,
});
const withPhases = (...before: Phase[]) => resolve([source({ state: ["m"], before })]);

/** A program bound to one tensor of two elements. */
function bound(
  program: UpdateProgram,
  names: readonly string[] = [],
  hyper: Record<string, number> = { lr: 0.5 },
) {
  const slots = Object.fromEntries(
    ["theta", "g", "view", ...names].map((name) => [name, new Float64Array(2)]),
  ) as Record<"theta" | "g" | "view" | "m", Float64Array>;
  const scalars = Object.fromEntries(program.scalars.map(({ name }) => [name, 0]));
  const tensors = [{ name: "w", shape: [2, 1], size: 2, slots, scalars }];
  return { update: bindUpdate(program, [{ hyper, t: 1, tensors }], reference), slots };
}

describe("phases", () => {
  it("say which gradient they want and how often: the batch's, each step, unless declared", () => {
    const { before } = withPhases(
      { update: "m = g" },
      { update: "theta = m", gradient: "full", every: 7 },
      { update: "theta = m", gradient: "sampled-labels" },
    );
    expect(before.map(({ gradient, every }) => [gradient, every])).toEqual([
      ["batch", 1],
      ["full", 7],
      ["sampled-labels", 1],
    ]);
  });

  it.each([
    "",
    "\nm = m + 0 * matmul(matmul(g, transpose(g)), theta)",
  ])("write theta and state from what is there by then, and leave the gradient%s", (more) => {
    const program = withPhases(
      { update: `m = theta${more}\ng = 2 * g\ntheta = theta + g` },
      { update: "theta = theta + m" },
    );
    const { update, slots } = bound(program, ["m"]);
    slots.theta.set([1, 2]);
    slots.g.set([10, 20]);
    update.before[0]!();
    expect([slots.m, slots.theta, slots.g].map((values) => [...values])).toEqual([
      [1, 2],
      [21, 42],
      [10, 20],
    ]);
    update.before[1]!();
    expect([...slots.theta]).toEqual([22, 44]);
    slots.g.set([2, 4]);
    update.run();
    expect([...slots.theta]).toEqual([21, 42]);
    expect([...slots.m]).toEqual([1, 2]);
  });

  it("count as the place where a slot is updated; the update itself must still assign theta", () => {
    expect(() => withPhases({ update: "m = g" })).not.toThrow();
    expect(() => withPhases({ update: "theta = g" })).toThrow(/state slot "m" that is never updated/);
    const idle = source({ update: "a = g", before: [{ update: "theta = g" }] });
    expect(() => resolve([idle])).toThrow(/no assignment to theta in the whole formula/);
  });

  it("share no temporaries with each other or with the update", () => {
    expect(() => withPhases({ update: "m = g\na = g" }, { update: "theta = a" })).toThrow(
      /rule, phase 2 at line 1, column 9.*unknown name "a"/s,
    );
    const later = source({ before: [{ update: "a = g\ntheta = a" }], update: "theta = a" });
    expect(() => resolve([later])).toThrow(/formula of rule at line 1, column 9/);
  });

  it.each([0, -1, 1.5, Number.NaN, Infinity])("are refused every %d steps", (every) => {
    expect(() => withPhases({ update: "m = g", every })).toThrow(
      new RangeError(
        `Cannot declare rule as every of a phase must be a whole number of steps, at least 1: current value is ${every}`,
      ),
    );
  });

  it("of two links keep their own names, and come in the links' order", () => {
    const link = (name: string): FormulaSource =>
      source({
        name,
        state: ["m"],
        before: [{ update: `m = lr * g`, every: name === "a" ? 2 : 3 }],
        rename: (local) => `${name}.${local}`,
      });
    const program = resolve([link("a"), link("b")]);
    expect(program.before.map(({ every }) => every)).toEqual([2, 3]);
    expect([...program.before[0]!.outputs.keys()]).toContain("a.m");
    const { slots, update } = bound(program, ["a.m", "b.m"], { "a.lr": 1, "b.lr": 10 });
    slots.g.set([3, 4]);
    update.before[1]!();
    const { "a.m": first, "b.m": second } = slots as Record<string, Float64Array>;
    expect([...first!, ...second!]).toEqual([0, 0, 30, 40]);
  });

  it("let the update read noise that only they use", () => {
    expect(withPhases({ update: "m = noise" }).noise).toBe(true);
    expect(withPhases({ update: "m = g" }).noise).toBe(false);
  });
});

describe("views", () => {
  it("are written from theta, state and hyperparameters as the step left them, beside theta", () => {
    const program = resolve([
      source({
        update: "k = k + 1\nm = m + theta\ntheta = theta - lr * g",
        state: { m: {}, k: { shape: "scalar" } },
        view: "m / k + lr * theta",
      }),
    ]);
    const { update, slots } = bound(program, ["m"]);
    slots.theta.set([8, 4]);
    slots.g.set([2, -2]);
    update.run(); // m = 8 4, θ = 7 5
    update.run(); // m = 15 9, θ = 6 6
    update.writeView();
    expect([...slots.view]).toEqual([15 / 2 + 3, 9 / 2 + 3]);
    expect([...slots.theta]).toEqual([6, 6]);
  });

  it("may take products", () => {
    const program = resolve([source({ view: "matmul(theta, matmul(transpose(theta), theta))" })]);
    const { update, slots } = bound(program);
    slots.theta.set([1, 2]);
    update.writeView();
    expect([...slots.view]).toEqual([5, 10]);
  });

  it("are absent unless declared, and then nothing is written", () => {
    const program = resolve([source({})]);
    expect(program.view).toBeUndefined();
    const { update, slots } = bound(program);
    update.writeView();
    expect([...slots.view]).toEqual([0, 0]);
  });

  it.each([
    ["g", /a view of g, accepted here: theta, t, hyperparameters and state/],
    ["theta + 0.1 * noise", /a view of noise/],
    ["thata", /rule, view at line 1, column 9.*did you mean "theta"/s],
    ["theta > 0", /a comparison/],
    ["transpose(theta)", /cols × rows.*rows × cols, the shape of theta/s],
    ["", /rule, view/],
  ])("of %j are refused", (view, message) => {
    expect(() => resolve([source({ view })])).toThrow(FormulaError);
    expect(() => resolve([source({ view })])).toThrow(message);
  });
});
