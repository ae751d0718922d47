import { expect, test } from "vitest";
import { madeUpComparison } from "../../fixtures/made-up-comparison.ts";
import { renderTable } from "./terminal.ts";

const comparison = madeUpComparison({ diverges: ["lion", 2] });
const lines = (columns: number) => renderTable(comparison, { color: false, columns }).split("\n");

test("renderTable() prints the data's numbers with their intervals", () => {
  const [, momentum] = comparison.rules;
  const line = lines(120).find((text) => text.startsWith("momentum")) ?? "";
  const { low, high } = momentum!.accuracy.interval!;
  expect(line).toContain(
    `${(100 * momentum!.accuracy.mean!).toFixed(2)} [${(100 * low).toFixed(2)}, ${(100 * high).toFixed(2)}]`,
  );
  expect(line).toContain(`+${(100 * momentum!.difference!.accuracy.mean!).toFixed(2)} [`);
  expect(line).toContain("distinguishable (p = ");
  expect(line).toContain(momentum!.loss.mean!.toFixed(4));
});

test("renderTable() fits 120 columns and aligns its numbers", () => {
  for (const line of lines(120)) expect(line.length).toBeLessThanOrEqual(120);
  const starts = lines(120)
    .filter((line) => /^(sgd|momentum|adam) .*distinguishable|^sgd .*baseline {3}baseline/.test(line))
    .map((line) => line.indexOf("["));
  expect(new Set(starts).size).toBe(1);
});

test("renderTable() counts diverged runs and gives tuned values, steps and cost", () => {
  const text = lines(120).join("\n");
  expect(text).toMatch(/lion +– 1 of 5 diverged +– 1 diverged +not distinguishable \(no test\)/);
  expect(text).toMatch(/sgd +lr 0\.306 .* 39\u202f865 +21 s/);
});

test("renderTable() leaves columns out on a narrow terminal, never the accuracy", () => {
  for (const line of lines(40).slice(0, 8)) expect(line.length).toBeLessThanOrEqual(40);
  expect(lines(40)[0]).toContain("Test accuracy");
  expect(lines(40)[0]).not.toContain("Test loss");
});

test("renderTable() uses colour only when asked, and colour changes no letter", () => {
  const ESC = String.fromCharCode(27);
  const coloured = renderTable(comparison, { color: true, columns: 120 });
  expect(coloured).toContain(`${ESC}[`);
  expect(lines(120).join("\n")).not.toContain(ESC);
  const plain = coloured.replaceAll(new RegExp(`${ESC}\\[\\d+m`, "g"), "");
  expect(plain.split("\n").map((line) => line.trimEnd())).toEqual(lines(120));
});
