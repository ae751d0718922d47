import { findRate, type ThereAndBack } from "@thalweg/train";
import { JSDOM } from "jsdom";
import { describe, expect, test } from "vitest";
import { lrFinderFigure } from "./lr-finder-figure.ts";

const rates = Array.from({ length: 100 }, (_, i) => 10 ** (-6 + (7 * i) / 99));

/** Lowest at `bottom`; on the way down a floor that goes with the rate. */
function testAt(bottom: number): ThereAndBack {
  const fall = (rate: number) => 2.3 - 1.5 / (1 + Math.exp(-3 * Math.log((3 * rate) / bottom)));
  const climb = (rate: number) => 5 / (1 + Math.exp(-4 * Math.log(rate / (8 * bottom))));
  const down = Array.from({ length: 100 }, (_, i) => bottom * 1000 ** (-i / 99));
  return {
    up: { rates, losses: rates.map((rate) => fall(rate) + climb(rate)), end: "finished" },
    down: { rates: down, losses: down.map((rate) => 0.1 + (0.7 * rate) / bottom), end: "finished" },
  };
}

const parse = (svg: string) => new JSDOM(svg, { contentType: "image/svg+xml" }).window.document;

const draw = (tests: readonly ThereAndBack[]) =>
  lrFinderFigure({ title: "a < b & c", subtitle: "3 seeds", tests, finding: findRate(tests) });

describe("lrFinderFigure()", () => {
  test("is one well-formed SVG with a curve up and down for each seed, their medians, and a row for each method", () => {
    const tests = [testAt(0.01), testAt(0.02), testAt(0.03)];
    const finding = findRate(tests);
    const document = parse(draw(tests));
    expect(document.documentElement.localName).toBe("svg");
    expect(document.querySelectorAll("parsererror")).toHaveLength(0);
    const lines = document.querySelectorAll('g[aria-label="line"]');
    expect([...lines].map((group) => group.querySelectorAll("path").length)).toEqual([3, 3, 1, 1]);
    const texts = [...document.querySelectorAll("text")].map(({ textContent }) => textContent);
    for (const { method, rate } of finding.suggestions)
      expect(texts.includes(method)).toBe(rate !== undefined);
    expect(texts).toEqual(
      expect.arrayContaining(["a < b & c", "up", "back down", "loss of a batch", "learning rate"]),
    );
    expect(texts).toContain(String(Number(finding.suggestions[0]!.rate!.median.toPrecision(2))));
  });

  test("has no place for numbers that are none: losses that explode leave the picture", () => {
    const wild = testAt(0.01);
    const losses = [...wild.up.losses.slice(0, 80), 1e30, Number.NaN];
    const svg = draw([testAt(0.02), { ...wild, up: { rates, losses, end: "non-finite" } }]);
    expect(svg).not.toMatch(/NaN|Infinity|undefined|e\+/);
  });

  test("draws what there is where no seed gave a reading", () => {
    const flat: ThereAndBack = {
      up: { rates, losses: rates.map((_, i) => 2 + (i % 3) / 100), end: "finished" },
    };
    const document = parse(draw([flat]));
    expect(document.querySelectorAll('g[aria-label="line"]').length).toBeGreaterThan(0);
    expect(document.documentElement.textContent).not.toContain("back down");
  });
});
