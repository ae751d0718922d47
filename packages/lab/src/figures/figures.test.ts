import { sgd } from "@thalweg/optim";
import { JSDOM } from "jsdom";
import { describe, expect, test } from "vitest";
import { surfaces, walk } from "../surfaces/index.ts";
import { braillePlot } from "./braille.ts";
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

  test("spaces contours evenly where the surface asks for it", () => {
    const surface = surfaces.rastrigin!;
    const drawn = walkFigure({
      surface,
      walk: walk({ surface, rule: sgd, hyper: { lr: 1e-3 }, steps: 2 }),
      title: "",
      subtitle: "",
    });
    expect([...parse(drawn).querySelectorAll('g[aria-label="contour"] path')]).toHaveLength(17);
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
    const svg = scheduleFigure([{ name: "factor", title: "a < b", values }]);
    expect(svg).toContain("a &lt; b");
    expect(svg).not.toContain("NaN");
  });

  test("stacks a panel per hyperparameter, each on a scale of its own, and names the parts that have room", () => {
    const values = Array.from({ length: 100 }, (_, k) => k);
    const parts = [
      { name: "warmup", start: 0 },
      { name: "cosine", start: 2 },
    ];
    const svg = scheduleFigure([
      { name: "lr", title: "warmup(2) > cosine", values, parts },
      { name: "momentum", title: "constant", values: values.map(() => 0.9) },
    ]);
    const inner = [...parse(svg).querySelectorAll("svg svg")];
    expect(inner.map((one) => one.getAttribute("y"))).toEqual(["0", "301"]); // 40 + 17 + 200 + 44
    expect(svg).toContain(">cosine<");
    expect(svg).not.toContain(">warmup<"); // two steps of a hundred hold no letters
  });
});

describe("braillePlot()", () => {
  test("draws a falling line from the top left to the bottom right, its range at the side", () => {
    const plot = braillePlot([3, 2, 1, 0], 2, 1);
    // four columns of dots, each a row lower, each joined to the one before: rows 0, 0–1 | 1–2, 2–3
    expect(plot).toBe("3 ┤⠙⢦\n");
    const lines = braillePlot([2, 0], 2, 2).split("\n");
    expect(lines[0]).toBe("2 ┤⠉⡇");
    expect(lines[1]).toBe("0 ┤⠀⣇");
  });

  test("stands a constant, zeros and a single value", () => {
    for (const values of [[1, 1, 1], [0, 0], [5]]) expect(braillePlot(values, 8, 2)).not.toContain("NaN");
  });
});
