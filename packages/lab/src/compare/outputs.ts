/** What a comparison leaves in its folder besides the runs: the report and the numbers behind it. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Comparison, comparisonCsv, comparisonJson, renderReport, runsCsv } from "../report/index.ts";

export interface Outputs {
  report: string;
  json: string;
}

/** Write report.html, comparison.json, comparison.csv and runs.csv. Runs are linked from the report, next to it. */
export async function writeOutputs(folder: string, comparison: Comparison): Promise<Outputs> {
  await mkdir(folder, { recursive: true });
  const report = join(folder, "report.html");
  const json = join(folder, "comparison.json");
  await Promise.all([
    writeFile(report, renderReport(comparison)),
    writeFile(json, comparisonJson(comparison)),
    writeFile(join(folder, "comparison.csv"), comparisonCsv(comparison)),
    writeFile(join(folder, "runs.csv"), runsCsv(comparison)),
  ]);
  return { report, json };
}
