/** Nesterov's method as it was published, against the forms that take their gradient at the parameters. */
import { describe, expect, it } from "vitest";
import { setUp } from "../../../laws/set-up.ts";
import { buildRule } from "../../catalogue.ts";
import { classic } from "./index.ts";

const STEPS = 60;
const momentum = 0.9;
const lr = 0.008; // below 1 / the largest curvature, 100
const curvature = [1, 10, 100];
const START = [1, -2, 3];
const slope = (theta: ArrayLike<number>) => curvature.map((a, i) => a * theta[i]!);

/** v ← βv + η∇L(θ − βv), θ ← θ − v: after each step θ, and the point φ = θ − βv where the next gradient is taken. */
function published(rate: (step: number) => number): { theta: number[]; ahead: number[] }[] {
  let theta = START;
  let v = START.map(() => 0);
  let ahead = theta;
  return Array.from({ length: STEPS }, (_, s) => {
    const g = slope(ahead);
    v = v.map((vi, i) => momentum * vi + rate(s) * g[i]!);
    theta = theta.map((x, i) => x - v[i]!);
    ahead = theta.map((x, i) => x - momentum * v[i]!);
    return { theta, ahead };
  });
}

/** The same by a form of the rule: the parameters, the view, and the buffer after each step. */
function byForm(form: string, rate: (step: number) => number) {
  const rule = buildRule(classic.nesterov, { form, momentum, lr });
  const { optimizer, parameters, step } = setUp("reference", rule, { w: START });
  const view = parameters.slice();
  return Array.from({ length: STEPS }, (_, s) => {
    step(slope(parameters), { lr: rate(s) / lr });
    optimizer.writeView(view);
    return { ahead: [...parameters], view: [...view], slots: optimizer.state().parameters.w!.slots };
  });
}

const constant = () => lr;
const falling = (s: number) => lr * (1 - s / STEPS);

/** Largest distance between two walks. */
const apart = (one: readonly number[][], other: readonly number[][]) =>
  Math.max(...one.flatMap((point, s) => point.map((x, i) => Math.abs(x - other[s]![i]!))));

describe("nesterov", () => {
  it.each([
    "torch",
    "lookahead",
    "keras",
  ])("%s trains the point where the published form takes gradients", (form) => {
    const ahead = byForm(form, constant).map((step) => step.ahead);
    expect(
      apart(
        ahead,
        published(constant).map((step) => step.ahead),
      ),
    ).toBeLessThan(1e-13);
  });

  it("torch's parameters give the published ones after the change of variable θ = φ + lr · β · b", () => {
    const theta = byForm("torch", constant).map(({ ahead, slots }) =>
      ahead.map((phi, i) => phi + lr * momentum * slots.b![i]!),
    );
    expect(
      apart(
        theta,
        published(constant).map((step) => step.theta),
      ),
    ).toBeLessThan(1e-13);
  });

  it("the view of the form lookahead is the published parameters, under any schedule", () => {
    for (const rate of [constant, falling]) {
      const walk = byForm("lookahead", rate);
      expect(
        apart(
          walk.map(({ view }) => view),
          published(rate).map((step) => step.theta),
        ),
      ).toBeLessThan(1e-13);
      expect(
        apart(
          walk.map(({ ahead }) => ahead),
          published(rate).map((step) => step.ahead),
        ),
      ).toBeLessThan(1e-13);
    }
  });

  it("torch's form is another walk where lr changes, as lr multiplies gradients that were collected before", () => {
    const ahead = byForm("torch", falling).map((step) => step.ahead);
    expect(
      apart(
        ahead,
        published(falling).map((step) => step.ahead),
      ),
    ).toBeGreaterThan(1e-3);
  });

  it("overshoots less than momentum from the same start, with the same lr and momentum", () => {
    const peak = (walk: number[][]) => Math.max(...walk.map(([x]) => -x!)); // the flat coordinate starts at 1
    const heavy = setUp("reference", buildRule(classic.momentum, { momentum, lr }), { w: START });
    const balls = Array.from({ length: 400 }, () => {
      heavy.step(slope(heavy.parameters));
      return [...heavy.parameters];
    });
    const rule = buildRule(classic.nesterov, { form: "lookahead", momentum, lr });
    const { optimizer, parameters, step } = setUp("reference", rule, { w: START });
    const view = parameters.slice();
    const walk = Array.from({ length: 400 }, () => {
      step(slope(parameters));
      optimizer.writeView(view);
      return [...view];
    });
    expect(peak(balls)).toBeGreaterThan(0.1);
    expect(peak(walk)).toBeLessThan(0.9 * peak(balls));
  });
});
