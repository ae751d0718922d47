import { sgd } from "@thalweg/optim";
import { JSDOM } from "jsdom";
import { describe, expect, test } from "vitest";
import { surfaces, walk } from "../surfaces/index.ts";
import { scheduleFigure } from "./schedule-figure.ts";
import { walkFigure } from "./walk-figure.ts";

const parse = (svg: string) => new JSDOM(svg.replace(/^<\?xml[^>]*>/, "")).window.document;

describe("walkFigure()", () => {
  const surface = surfaces.ellipse!;
  const draw = (lr: number, steps = 3) =>
    walkFigure({
      surface,
      walk: walk({ surface, rule: sgd, hyper: { lr }, steps }),
      title: "sgd on ellipse",
      subtitle: `lr ${lr}`,
    });

  test("puts the start where the axes say it is", () => {
    // view [-4, 4] × [-3, 3], start (-3, 2); 568 pixels of width after a left margin of 52, so 71 pixels per unit
    const ring = parse(draw(0.125)).querySelector('circle[r="5"]');
    expect(Number(ring?.getAttribute("cx"))).toBeCloseTo(52 + 71, 0);
    expect(Number(ring?.getAttribute("cy"))).toBeCloseTo(64 + 71, 0); // y grows upwards
  });

  test("names what it shows, and brings colours for light and dark", () => {
    const svg = draw(0.125);
    expect(svg).toContain(">sgd on ellipse<");
    expect(svg).toContain("f = x² + 3y² · lr 0.125");
    expect(svg).toContain("prefers-color-scheme: dark");
    expect(svg).not.toContain("background: none"); // it would hide the ground of its own
    expect(parse(svg).querySelector("svg")?.getAttribute("aria-label")).toContain("the path of 3 steps");
  });

  test("draws a contour per level", () => {
    // highest in the view: 16 + 27 = 43, so levels 10^(k/2) for k = 3 down to -7
    const groups = [...parse(draw(0.125)).querySelectorAll('g[aria-label="contour"] path')];
    expect(groups).toHaveLength(11);
  });

  test("says where it diverged, marks no end, and keeps coordinates that a renderer can hold", () => {
    const svg = draw(10, 1000);
    expect(svg).toMatch(/diverged at step \d+/);
    expect([...parse(svg).querySelectorAll('circle[r="5"]')]).toHaveLength(1);
    expect(svg).not.toMatch(/NaN|Infinity|e\+\d/);
  });
});

describe("scheduleFigure()", () => {
  test.each([1, 2, 100, 5000])("draws %d steps", (steps) => {
    const values = Array.from({ length: steps }, (_, k) => 1 - k / steps);
    const svg = scheduleFigure({ spec: "a < b", base: 1, values });
    expect(svg).toContain("a &lt; b");
    expect(svg).not.toContain("NaN");
  });
});
