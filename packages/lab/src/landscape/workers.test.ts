import { availableParallelism } from "node:os";
import type { Grid } from "@thalweg/landscape";
import { expect, test } from "vitest";
import { loadSubject } from "./subject.ts";
import { usualWorkers } from "./workers.ts";

const plane = (points: number): Grid => [
  { from: -1, to: 1, points },
  { from: -1, to: 1, points },
];

test("usualWorkers() are the cores where a landscape takes seconds, and one where it takes less", async () => {
  const { layout } = await loadSubject("digits-mlp", {}, { say: () => {}, env: process.env });
  expect(usualWorkers(layout, plane(51), 1_000)).toBe(1); // 6570 · 2601 · 1000 products
  expect(usualWorkers(layout, plane(201), 2_000)).toBe(availableParallelism());
  const filters = { ...layout, segments: [{ ...layout.segments[0]!, shape: [64, 64, 3, 3], size: 36_864 }] };
  expect(usualWorkers(filters, plane(51), 1_000)).toBe(availableParallelism());
});
