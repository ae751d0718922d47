/** The report of a comparison, in reading order. */

export { assess } from "./assess.ts";
export type * from "./comparison.ts";
export { comparisonCsv, comparisonJson, runsCsv } from "./export.ts";
export { renderReport } from "./report.ts";
export { renderTable, type TableOptions } from "./terminal.ts";
