/**
 * @thalweg/lab: which optimizer is better here, with honest statistics. The command line `thalweg` is made of these parts.
 *
 * Charts and mathematical type take a second to load, so reports are rendered by functions that load them when called.
 */
import type { Comparison } from "./report/comparison.ts";
import type { StudyAssessment } from "./study/assessment.ts";

// comparisons: run them, then add the statistics
export { type CompareOptions, compare, Interrupted, type ProgressEvent } from "./compare/compare.ts";
export { type Outputs, writeOutputs } from "./compare/outputs.ts";
// single runs
export { planRun, runName, type TrainOptions, train } from "./compare/train.ts";
export type { TrialConfig, TrialRequest } from "./compare/trial.ts";
export { type FineTuned, type FineTuneOptions, fineTune } from "./fine-tune.ts";
// learning rates
export { checkSearch, type RateSearch, type RateSearchResult, searchRate } from "./lr-finder/find.ts";
export { assess } from "./report/assess.ts";
export type * from "./report/comparison.ts";
// views of a comparison
export { comparisonCsv, comparisonJson, runsCsv } from "./report/export.ts";
export { renderTable, type TableOptions } from "./report/terminal.ts";
export { type AskedRule, parseRuleFile, readRuleFile, readRuleSpec } from "./rules/index.ts";
export { type Page, serveFolder } from "./server/serve.ts";
// studies: plans, results, and who reads them
export { type AssessOptions, assessStudy } from "./study/assess.ts";
export type * from "./study/assessment.ts";
export { type Claim, type ClaimAnswer, type ClaimVerdict, printClaim } from "./study/claim.ts";
export { answerClaim } from "./study/claim-answer.ts";
export { ClaimError, parseClaim, type Vocabulary } from "./study/claim-parse.ts";
export { StudyError } from "./study/error.ts";
export type { PlannedTrial, Setting } from "./study/plan.ts";
export { readStudy } from "./study/read-study.ts";
export type { TrialEnd, TrialResult } from "./study/result.ts";
export type { Metric, StudyData, StudyRule, StudyTask } from "./study/study-data.ts";
export { describeTaskFile, type TaskFile, type TaskFileOptions } from "./tasks/from-file.ts";
// tasks: a model, data and a protocol
export { tasks } from "./tasks/index.ts";
export { type LoadedTask, type LoadTaskOptions, loadTask, loadTaskFile } from "./tasks/load.ts";
export type { ModelBuilder, TaskModule } from "./tasks/module-task.ts";
export type { Task } from "./tasks/task.ts";
/** `report.html`: one page that needs neither network nor script. */
export async function renderReport(comparison: Comparison): Promise<string> {
  return (await import("./report/report.ts")).renderReport(comparison);
}

/** The page of a study, likewise. `toStudy` leads from the page's folder to the study's, where the runs lie. */
export async function renderStudyReport(assessment: StudyAssessment, toStudy?: string): Promise<string> {
  return (await import("./report/study/page.ts")).renderStudyReport(assessment, toStudy);
}

// other people's formats
export { type Format, formats, type Recorded } from "./exchange/formats.ts";
export { type RecordedEvaluation, type RecordedRun, recordedRuns } from "./exchange/recorded-run.ts";
export { studyOfRuns } from "./exchange/study-of-runs.ts";
// the parts: what to try, and what it proves
export * from "./samplers/index.ts";
export * from "./statistics/index.ts";

// walks in the plane
export { surfaces, type Walk, type WalkOptions, walk } from "./surfaces/index.ts";
