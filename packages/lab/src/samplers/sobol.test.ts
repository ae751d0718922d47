import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { sobolCoordinate, sobolDigits } from "./sobol.ts";

const FIXTURE = new URL("../../fixtures/samplers/sobol.json", import.meta.url);

test("sobolDigits() equals scipy's unscrambled points in twenty dimensions", () => {
  const points = JSON.parse(readFileSync(FIXTURE, "utf8")) as number[][];
  points.forEach((point, k) => {
    expect(point.map((_, j) => sobolDigits(k, j) / 2 ** 32)).toEqual(point);
  });
});

test("sobolCoordinate() keeps every box of a net filled equally, and moves all points", () => {
  // dimensions 1 and 2 are a (0, m, 2)-net in base 2: each of the 64 boxes of sides 2^-a, 2^-(6-a) holds one of the first 64 points
  const points = Array.from(
    { length: 64 },
    (_, k) => [sobolCoordinate(5, k, 0), sobolCoordinate(5, k, 1)] as const,
  );
  for (let a = 0; a <= 6; a++) {
    const boxes = points.map(([x, y]) => `${Math.floor(x * 2 ** a)}/${Math.floor(y * 2 ** (6 - a))}`);
    expect(new Set(boxes).size).toBe(64);
  }
  expect(points.some(([x], k) => x === sobolDigits(k, 0) / 2 ** 32)).toBe(false);
});

test("sobolCoordinate() makes each point uniform over studies", () => {
  // the first point, which is 0 unscrambled: of 2000 studies, each tenth of [0, 1) gets 200 ± 13.4 (binomial); five deviations
  const counts = new Array<number>(10).fill(0);
  for (let seed = 0; seed < 2000; seed++) counts[Math.floor(sobolCoordinate(seed, 0, 3) * 10)]! += 1;
  for (const count of counts) expect(Math.abs(count - 200)).toBeLessThan(67);
});

test("sobolCoordinate() refuses more than twenty dimensions", () => {
  expect(() => sobolCoordinate(1, 0, 20)).toThrow(/at most 20 dimensions: asked for dimension 21/);
});
