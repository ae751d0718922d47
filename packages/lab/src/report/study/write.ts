/** What `study report` leaves on the disk. Files are replaced whole: a full disk costs no earlier one. */
import { mkdirSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { replaceFile } from "@thalweg/train/files";
import type { StudyAssessment } from "../../study/assessment.ts";
import { reportFolder } from "../../study/layout.ts";
import { claimsCsv, reportCsv, reportJson, studyRunsCsv } from "./export.ts";
import { reportLatex } from "./latex.ts";
import { renderStudyReport } from "./page.ts";

/** Write the report of the study in `folder`; runs are linked relative to where the page lies. Raises Node's errors. */
export function writeStudyReport(
  assessment: StudyAssessment,
  folder: string,
  out: string = reportFolder(folder),
): { page: string } {
  mkdirSync(out, { recursive: true });
  const write = (name: string, text: string): string => {
    const path = join(out, name);
    replaceFile(path, Buffer.from(text));
    return path;
  };
  const toStudy = relative(resolve(out), resolve(folder)).replaceAll("\\", "/") || ".";
  const page = write("report.html", renderStudyReport(assessment, toStudy));
  write("report.json", reportJson(assessment));
  write("report.csv", reportCsv(assessment));
  write("claims.csv", claimsCsv(assessment));
  write("runs.csv", studyRunsCsv(assessment));
  write("report.tex", reportLatex(assessment));
  return { page };
}
