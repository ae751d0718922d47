/** What a comparison leaves in its folder besides the runs: the report and the numbers behind it. */
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
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
  const write = async (name: string, text: string) => {
    await replaceFile(join(folder, name), text);
    return join(folder, name);
  };
  const [json, report] = await Promise.all([
    write("comparison.json", comparisonJson(comparison)),
    write("report.html", renderReport(comparison)),
    write("comparison.csv", comparisonCsv(comparison)),
    write("runs.csv", runsCsv(comparison)),
  ]);
  return { report, json };
}

/** Write beside the place and rename, so that a full disk costs no earlier file. */
async function replaceFile(path: string, text: string): Promise<void> {
  const beside = `${path}.tmp`;
  try {
    await writeFile(beside, text);
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}
