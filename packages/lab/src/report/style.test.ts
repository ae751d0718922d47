import { expect, test } from "vitest";
import { COLOURS, STYLE } from "./style.ts";

const [light = "", dark = ""] = STYLE.split("@media (prefers-color-scheme: dark)");

/** Linear-light RGB of a `--name: #rrggbb` in a part of the style sheet. */
function colour(part: string, name: string): number[] {
  const hex = new RegExp(`--${name}: #([0-9a-f]{6})`).exec(part)?.[1] ?? "";
  return [0, 2, 4].map((k) => {
    const c = Number.parseInt(hex.slice(k, k + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
}

const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, k) => sum + x * (b[k] ?? 0), 0);

/** WCAG 2 contrast ratio. */
function contrast(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [a, b].map((c) => dot(c, [0.2126, 0.7152, 0.0722]) + 0.05) as [number, number];
  return Math.max(x, y) / Math.min(x, y);
}

/** Ottosson's OKLab, times 100, so that about 2 is a just noticeable difference. */
function okLab(c: readonly number[]): number[] {
  const lms = [
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
  ].map((row) => Math.cbrt(dot(row, c)));
  return [
    [21.04542553, 79.3617785, -0.40720468],
    [197.79984951, -242.8592205, 45.05937099],
    [2.59040371, 78.27717662, -80.8675766],
  ].map((row) => dot(row, lms));
}

/** Full dichromacy in linear RGB: Machado, Oliveira & Fernandes, IEEE TVCG 15 (2009) 1291–1298, table 1, severity 1. */
const VISIONS = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

test.each([
  ["light", light],
  ["dark", dark],
])("rule colours stand out from the %s page and text is readable", (_, part) => {
  const page = colour(part, "page");
  for (let k = 0; k < COLOURS; k += 1) expect(contrast(colour(part, `rule-${k}`), page)).toBeGreaterThan(3);
  for (const name of ["ink", "muted", "link"])
    expect(contrast(colour(part, name), page)).toBeGreaterThan(4.5);
});

test.each(
  Object.keys(VISIONS) as (keyof typeof VISIONS)[],
)("any two rule colours differ to %s vision", (vision) => {
  for (const part of [light, dark]) {
    const seen = Array.from({ length: COLOURS }, (_, k) =>
      okLab(VISIONS[vision].map((row) => Math.max(0, dot(row, colour(part, `rule-${k}`))))),
    );
    for (const [i, a] of seen.entries()) {
      for (const b of seen.slice(0, i))
        expect(Math.hypot(...a.map((x, k) => x - (b[k] ?? 0)))).toBeGreaterThan(8);
    }
  }
});
