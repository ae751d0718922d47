import type { HeightField } from "@thalweg/landscape";
import { levelsOf } from "@thalweg/landscape";
import { describe, expect, test } from "vitest";
import { landscapeFigure } from "./landscape-figure.ts";
import { landscapeText } from "./landscape-text.ts";

const axis = (n: number) => Float64Array.from({ length: n }, (_, i) => -1 + (2 * i) / (n - 1));
const FACTS = {
  title: "loss around m",
  subtitle: "s",
  provenance: "model 3f2a · digits",
  labels: ["u", "v"],
  markers: [],
};

/** x² + 4y² + 1 on 9×9 points. */
function bowl(change: (values: Float64Array) => void = () => {}): HeightField {
  const x = axis(9);
  const loss = Float64Array.from(
    { length: 81 },
    (_, at) => x[at % 9]! ** 2 + 4 * x[Math.floor(at / 9)]! ** 2 + 1,
  );
  change(loss);
  return {
    x,
    y: x,
    fields: new Map([
      ["loss", loss],
      ["examples", new Float64Array(81).fill(5)],
    ]),
  };
}

describe("levelsOf", () => {
  test("are equal steps where heights span less than a factor of eight, and reach from the lowest to the highest", () => {
    const { count, toLevel, heightOf } = levelsOf(Float64Array.of(-1, 0, 3));
    expect([toLevel(-1), toLevel(1), toLevel(3)]).toEqual([0, count / 2, count]);
    expect(heightOf(count)).toBeCloseTo(3, 12);
    expect(toLevel(Number.POSITIVE_INFINITY)).toBeNaN();
  });

  test("are equal factors beyond, of four decades at most", () => {
    const { count, toLevel } = levelsOf(Float64Array.of(0.01, 1));
    expect(toLevel(0.1)).toBeCloseTo(count / 2, 12);
    const steep = levelsOf(Float64Array.of(1, 1e9));
    expect(steep.toLevel(1e4)).toBeCloseTo(steep.count, 10);
  });

  test("of a flat surface are all the same, and none is NaN", () => {
    expect(levelsOf(Float64Array.of(2, 2)).toLevel(2)).toBe(0);
  });
});

describe("landscapeFigure()", () => {
  test("puts a model where the axes say it is, carries its provenance, and hatches what is not finite", () => {
    const landscape = bowl((loss) => loss.set([Number.NaN, Number.POSITIVE_INFINITY], 40));
    const svg = landscapeFigure({ ...FACTS, landscape, markers: [{ name: "m", coordinates: [0.5, 0.5] }] });
    // 602 pixels after a margin of 56 for 2 units; 518 of height (0.86 · 602) after 66
    const [, cx, cy] = /<circle cx="([\d.]+)" cy="([\d.]+)" r="4"/.exec(svg)!;
    expect(Number(cx)).toBeCloseTo(56 + 0.75 * 602, 0);
    expect(Number(cy)).toBeCloseTo(66 + 0.25 * 518, 0);
    expect(svg).toContain("model 3f2a · digits");
    expect(svg).toContain(">loss around m<");
    const [, strokes] = /<g aria-label="link"[^>]*>(.*?)<\/g>/s.exec(svg)!;
    expect(strokes!.match(/<path/g)).toHaveLength(2 * 2); // two for each point
  });

  test("has as many pixels a unit on both axes where the plane is Euclidean, and hatches nothing without need", () => {
    const flat: HeightField = { ...bowl(), y: axis(9).map((value) => value * 0.7) };
    const svg = landscapeFigure({ ...FACTS, landscape: flat, isEuclidean: true });
    expect(Number(/ height="(\d+)"/.exec(svg)![1])).toBe(Math.round(602 * 0.7) + 66 + 84);
    expect(svg).not.toMatch(/<g aria-label="link"[^>]*><path/);
  });

  test("of a line is a curve with its band", () => {
    const x = axis(5);
    const fields = new Map([
      ["loss", x.map((v) => v * v)],
      ["standardError", x.map(() => 0.1)],
    ]);
    const svg = landscapeFigure({ ...FACTS, landscape: { x, y: new Float64Array(0), fields } });
    expect(svg.match(/<g aria-label="area"[^>]*><path/g)).toHaveLength(1);
    expect(svg.match(/<g aria-label="line"[^>]*><path/g)).toHaveLength(1);
  });
});

describe("landscapeText", () => {
  test("is lightest at the bottom of a bowl, and tells what is unknown from what is not finite", () => {
    const landscape = bowl((loss) => {
      loss[0] = Number.NaN; // lower left, the last line's first character
      loss[8] = Number.NaN;
    });
    landscape.fields.get("examples")![8] = 0;
    const lines = landscapeText(landscape).trimEnd().split("\n");
    expect(lines).toHaveLength(5);
    expect(lines[2]![4]).toBe(" "); // (0, 0)
    expect(lines[0]![0]).toBe("@"); // (−1, 1)
    expect([lines[4]![0], lines[4]![8]]).toEqual(["!", "?"]);
  });

  test("of a line has a row with a bar for each point", () => {
    const landscape: HeightField = {
      x: axis(3),
      y: new Float64Array(0),
      fields: new Map([["loss", Float64Array.of(0, 1, Number.NaN)]]),
    };
    const lines = landscapeText(landscape).split("\n");
    expect(lines[1]).toMatch(/^ +0 +1 {2}#{48}$/);
    expect(lines[2]).toMatch(/^ +1 +NaN {2}!$/);
  });
});
