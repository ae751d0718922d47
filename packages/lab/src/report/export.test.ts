import { expect, test } from "vitest";
import { madeUpComparison } from "../../fixtures/made-up-comparison.ts";
import { comparisonCsv, comparisonJson, runsCsv } from "./export.ts";

const comparison = madeUpComparison({ rules: ["sgd", "lion"], seeds: 3, budget: 12, diverges: ["lion", 0] });
const records = (csv: string) => {
  const [header = "", ...lines] = csv.trimEnd().split("\r\n");
  return lines.map((line) => {
    // Fields with commas here are JSON in quotes: split outside quotes.
    const fields = [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].map((match) => match[1] ?? "");
    return Object.fromEntries(header.split(",").map((name, k) => [name, fields[k] ?? ""]));
  });
};

test("comparisonJson() reads back as the same data", () => {
  expect(JSON.parse(comparisonJson(comparison))).toEqual(comparison);
});

test("comparisonCsv() has one row per rule at full precision, and empty fields for what does not exist", () => {
  const [sgd, lion] = records(comparisonCsv(comparison));
  expect(Number(sgd?.test_accuracy)).toBe(comparison.rules[0]?.accuracy.mean);
  expect(Number(sgd?.test_loss_low)).toBe(comparison.rules[0]?.loss.interval?.low);
  expect(sgd?.verdict).toBe("");
  expect(lion).toMatchObject({
    rule: "lion",
    runs: "3",
    diverged: "1",
    test_accuracy: "",
    verdict: "not distinguishable",
  });
  expect(JSON.parse((lion?.tuned ?? "").slice(1, -1).replaceAll('""', '"'))).toEqual(
    comparison.rules[1]?.tuned,
  );
});

test("runsCsv() has one row per trial and per final run, diverged ones included", () => {
  const all = records(runsCsv(comparison));
  expect(all).toHaveLength(2 * (12 + 3));
  expect(all.filter(({ kind }) => kind === "final").map(({ seed }) => seed)).toEqual([
    "43",
    "44",
    "45",
    "43",
    "44",
    "45",
  ]);
  const lost = all.find(({ rule, seed }) => rule === "lion" && seed === "43");
  expect(lost).toMatchObject({ status: "diverged", test_accuracy: "", number: "" });
  expect(Number(all[3]?.validation_loss)).toBe(comparison.rules[0]?.trials[3]?.validationLoss);
});

test("fields with quotes, commas and line breaks are quoted", () => {
  const [rule] = comparison.rules;
  const csv = comparisonCsv({ ...comparison, rules: [{ ...rule!, name: 'a "b",\nc' }] });
  expect(csv.split("\r\n")[1]).toMatch(/^"a ""b"",\nc",3,0,/);
});
