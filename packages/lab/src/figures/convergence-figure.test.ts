import type { Evaluations, TraceEntry } from "@thalweg/optim";
import { JSDOM } from "jsdom";
import { describe, expect, test } from "vitest";
import { convergenceFigure } from "./convergence-figure.ts";

const NONE: Evaluations = { value: 0, gradient: 0, hessian: 0, product: 0, residuals: 0, component: 0 };
const trace = (values: readonly number[]): TraceEntry[] =>
  values.map((value, iteration) => ({
    iteration,
    value,
    evaluations: { ...NONE, gradient: 10 * iteration },
  }));

const draw = (values: readonly number[], least = 1) => {
  const svg = convergenceFigure({
    title: "bfgs on sum",
    subtitle: "3 iterations",
    trace: trace(values),
    problem: { formula: "Σ xᵢ²", least },
  });
  return { svg, document: new JSDOM(svg.replace(/^<\?xml[^>]*>/, "")).window.document };
};

const dots = ({ document }: ReturnType<typeof draw>) =>
  [...document.querySelectorAll('g[aria-label="dot"] circle')].map(
    (circle) => (["cx", "cy"] as const).map((name) => Number(circle.getAttribute(name))) as [number, number],
  );

describe("convergenceFigure()", () => {
  test("puts iterates at what they cost and what they are above the least, decades apart evenly", () => {
    // 100, 1, 10 and 0.01 above: x from 64 to 620 for 0 to 30, y from 84 to 376 for four decades
    const [a, b, c, d] = dots(draw([101, 2, 11, 1.01]));
    expect([a, b, c, d].map((dot) => Math.round(dot![0]))).toEqual([64, 249, 435, 620]);
    expect([a, b, c, d].map((dot) => Math.round(dot![1]))).toEqual([84, 230, 157, 376]);
  });

  test("draws what is reached exactly, and what has no least value", () => {
    expect(dots(draw([2, 1]))).toHaveLength(2);
    const open = draw([1, -5, -200], Number.NEGATIVE_INFINITY);
    expect(dots(open)).toHaveLength(3);
    expect(open.svg).not.toContain("above its least<");
  });

  test("leaves out what is not finite, and names what it shows", () => {
    const { svg } = draw([101, Infinity, 2]);
    expect(svg).not.toMatch(/NaN|Infinity/);
    expect(svg).toContain(">bfgs on sum<");
    expect(svg).toContain("f = Σ xᵢ² · 3 iterations");
  });
});
