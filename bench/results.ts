/**
 * From samples to a table, and from tables to a section of RESULTS.md.
 *
 * Per contestant, over the samples of all rounds: the minimum, which a shared machine disturbs least and on which the
 * ratios stand, and the median. The check says whether a contestant did the same work as the first one that answered.
 */
import type { Measurement, Refusal } from "./contestant.ts";
import type { Contestant } from "./contestants.ts";
import type { Workload } from "./workload.ts";

/** All that one contestant said at one thread count. */
export interface Entry {
  readonly contestant: Contestant;
  readonly measurements: readonly Measurement[];
  readonly refusal?: Refusal;
}

export interface Summary {
  readonly minMs: number;
  readonly medianMs: number;
  readonly samples: number;
  readonly rounds: number;
}

export function summarize(measurements: readonly Measurement[]): Summary | undefined {
  const sorted = measurements.flatMap((m) => m.samplesMs).sort((a, b) => a - b);
  if (sorted.length === 0) return undefined;
  const middle = sorted.length >> 1;
  const medianMs = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { minMs: sorted[0]!, medianMs, samples: sorted.length, rounds: measurements.length };
}

/** Relative difference above which two checks are not the same work. */
const CHECK_TOLERANCE = 1e-3;

/** Do two lists of numbers agree, each to a relative 1e-3? A NaN agrees with nothing. */
export function agree(check: readonly number[], reference: readonly number[]): boolean {
  return (
    check.length === reference.length &&
    check.every((value, k) => Math.abs(value - reference[k]!) <= CHECK_TOLERANCE * Math.abs(reference[k]!))
  );
}

/** The table of one thread count, in Markdown; it reads on a terminal as well. */
export function table(workload: Workload, entries: readonly Entry[]): string {
  const summaries = new Map(entries.map((entry) => [entry, summarize(entry.measurements)]));
  const baselines = entries.filter(
    (entry) => entry.contestant.baseline && summaries.get(entry) !== undefined,
  );
  const reference = entries.find((entry) => entry.measurements.length > 0)?.measurements[0]?.check ?? [];
  const header = [
    "contestant",
    "min ms",
    "median ms",
    "n",
    "cpu ms",
    "peak MB",
    ...(workload.bytes === undefined ? [] : ["GB/s"]),
    ...baselines.map((entry) => `÷ ${entry.contestant.name}`),
    "same work",
    "remarks",
  ];
  const rows = entries.map((entry) => {
    const summary = summaries.get(entry);
    const remarks = [entry.contestant.note, entry.refusal?.unavailable].filter(Boolean).join("; ");
    if (summary === undefined) return [entry.contestant.name, ...header.slice(2).map(() => ""), remarks];
    return [
      entry.contestant.name,
      digits(summary.minMs),
      digits(summary.medianMs),
      `${summary.samples} in ${summary.rounds}`,
      digits(Math.min(...entry.measurements.map(({ cpuMs }) => cpuMs))),
      Math.max(...entry.measurements.map(({ peakMb }) => peakMb)).toFixed(0),
      ...(workload.bytes === undefined ? [] : [(workload.bytes / summary.minMs / 1e6).toFixed(1)]),
      ...baselines.map((baseline) => digits(summary.minMs / summaries.get(baseline)!.minMs)),
      sameWork(entry, reference),
      remarks,
    ];
  });
  return markdown([header, ...rows]);
}

function sameWork(entry: Entry, reference: readonly number[]): string {
  const different = entry.measurements.find(({ check }) => !agree(check, reference));
  if (different === undefined) return "yes";
  const last = (check: readonly number[]) => check.at(-1)?.toPrecision(6) ?? "none";
  return `NO: ${last(different.check)}, not ${last(reference)}`;
}

/** Three significant digits, never in exponents. */
const digits = (x: number) =>
  x >= 100 ? x.toFixed(0) : x >= 10 ? x.toFixed(1) : x >= 1 ? x.toFixed(2) : x.toFixed(3);

function markdown(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")));
  const widths = cells[0]!.map((_, k) => Math.max(...cells.map((row) => row[k]!.length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, k) => cell.padEnd(widths[k]!)).join(" | ")} |`;
  const [header, ...body] = cells;
  return [line(header!), line(widths.map((width) => "-".repeat(width))), ...body.map(line)].join("\n");
}

/** Put a benchmark's section into the results page: in place of its last one, else at the end. */
export function replaceSection(page: string, name: string, section: string): string {
  const [begin, end] = [`<!-- begin ${name} -->`, `<!-- end ${name} -->`];
  const whole = `${begin}\n${section.trim()}\n${end}`;
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from === -1 || to < from) return `${page.trimEnd()}\n\n${whole}\n`;
  return page.slice(0, from) + whole + page.slice(to + end.length);
}
