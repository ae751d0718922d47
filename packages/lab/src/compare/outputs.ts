/** What a comparison leaves in its folder besides the runs: the report and the numbers behind it. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { replaceFile } from "@thalweg/train";
import type { Comparison } from "../report/comparison.ts";
import { comparisonCsv, comparisonJson, runsCsv } from "../report/export.ts";

export interface Outputs {
  report: string;
  json: string;
}

/** Write report.html, comparison.json, comparison.csv and runs.csv. Runs are linked from the report, next to it. */
export async function writeOutputs(folder: string, comparison: Comparison): Promise<Outputs> {
  const { renderReport } = await import("../report/report.ts"); // a second to load: charts, formulas, a DOM
  await mkdir(folder, { recursive: true });
  const write = (name: string, text: string) => {
    const path = join(folder, name);
    replaceFile(path, Buffer.from(text)); // a full disk costs no earlier file
    return path;
  };
  const json = write("comparison.json", comparisonJson(comparison));
  const report = write("report.html", renderReport(comparison));
  write("comparison.csv", comparisonCsv(comparison));
  write("runs.csv", runsCsv(comparison));
  return { report, json };
}
