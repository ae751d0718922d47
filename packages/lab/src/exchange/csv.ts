/**
 * Plain CSV, for spreadsheets and for trackers that import it: a file with all evaluations of all runs, a line each. The column `step` is there for
 * those who ask for it; hyperparameters have a column each, `hyper.lr`.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import type { Configuration, Value } from "../samplers/index.ts";
import type { TrialEnd } from "../study/result.ts";
import type { RecordedEvaluation, RecordedRun } from "./recorded-run.ts";

const FILE = "evaluations.csv";
type Cell = Value | undefined;

/** RFC 4180: fields with a comma, a quote or a line break are quoted. Numbers in shortest round-trip form; nothing stays empty. */
export function csvText(columns: readonly string[], rows: readonly Readonly<Record<string, Cell>>[]): string {
  const field = (cell: Cell): string => {
    const text = cell === undefined ? "" : String(cell);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = [columns, ...rows.map((row) => columns.map((column) => row[column]))];
  return lines.map((line) => `${line.map(field).join(",")}\n`).join("");
}

const FACTS = ["name", "task", "rule", "schedule", "batchSize", "steps", "seed", "end", "startedAt"] as const;
const PLACE = ["replicate", "phase", "number"] as const;

/** All evaluations of the runs. */
export function runsCsv(runs: readonly RecordedRun[]): string {
  const names = (of: (run: RecordedRun) => string[]) => [...new Set(runs.flatMap(of))];
  const hyper = names((run) => Object.keys(run.hyper)).map((name) => `hyper.${name}`);
  const measures = names((run) => run.evaluations.flatMap((one) => Object.keys(one.measures)));
  const columns = [...FACTS, ...PLACE, ...hyper, "step", "seconds", ...measures];
  const rows = runs.flatMap((run) => {
    const values = Object.entries(run.hyper).map(([name, value]) => [`hyper.${name}`, value] as const);
    const facts = Object.fromEntries([...FACTS.map((fact) => [fact, run[fact]] as const), ...values]);
    return run.evaluations.map(({ step, seconds, measures: measured }) => ({
      ...facts,
      ...run.place,
      step,
      seconds,
      ...measured,
    }));
  });
  return csvText(columns, rows);
}

/** Write `evaluations.csv` into a folder. Raises Node's errors. */
export function writeCsv(runs: readonly RecordedRun[], folder: string): string[] {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, FILE), runsCsv(runs));
  return [join(folder, FILE)];
}

/**
 * The runs of such a file. Lines with the same name are one run.
 *
 * Errors    RangeError where it is no CSV, or a column is missing.
 */
export function parseRunsCsv(text: string, path: string): RecordedRun[] {
  const rows = rowsOf(text, path);
  const runs = new Map<string, RecordedRun & { evaluations: RecordedEvaluation[] }>();
  const known = new Set<string>([...FACTS, ...PLACE, "step", "seconds"]);
  for (const row of rows) {
    const { name = "", end = "finished", phase = "" } = row;
    const key = `${name} ${phase} ${row.number ?? ""} ${row.seed ?? ""}`; // a run may be of two lines of a plan
    const measures = Object.entries(row).filter(
      ([column, cell]) => !known.has(column) && !column.startsWith("hyper.") && cell !== "",
    );
    const evaluation = {
      step: Number(row.step),
      seconds: Number(row.seconds ?? 0),
      measures: Object.fromEntries(measures.map(([column, cell]) => [column, Number(cell)])),
    };
    const there = runs.get(key);
    if (there !== undefined) {
      there.evaluations.push(evaluation);
      continue;
    }
    runs.set(key, {
      ...{
        name,
        task: row.task ?? "unknown",
        rule: row.rule ?? "unknown",
        schedule: row.schedule ?? "unknown",
      },
      ...{
        batchSize: Number(row.batchSize ?? 0),
        steps: Number(row.steps ?? 0),
        seed: Number(row.seed ?? 0),
      },
      hyper: hyperOf(row),
      evaluations: [evaluation],
      end: end as TrialEnd | "running",
      startedAt: Number(row.startedAt ?? 0),
      ...(phase !== "" && {
        place: {
          replicate: Number(row.replicate),
          phase: phase as "tuning" | "final",
          number: Number(row.number),
        },
      }),
    });
  }
  return [...runs.values()];
}

function rowsOf(text: string, path: string): Record<string, string>[] {
  let rows: Record<string, string>[];
  try {
    rows = parse(text, { columns: true, skip_empty_lines: true, bom: true }) as Record<string, string>[];
  } catch (cause) {
    throw new RangeError(`Cannot read ${path} as it must be CSV: ${(cause as Error).message}`, { cause });
  }
  const missing = ["name", "step"].find((column) => rows[0] !== undefined && !Object.hasOwn(rows[0], column));
  if (missing === undefined) return rows;
  throw new RangeError(
    `Cannot read ${path} as it must have a column ${missing}: there are ${Object.keys(rows[0]!).join(", ")}`,
  );
}

const WORDS: Readonly<Record<string, Value>> = { true: true, false: false };

/** Cells as values: words that are numbers or truth values are these. */
function hyperOf(row: Readonly<Record<string, string>>): Configuration {
  const entries = Object.entries(row).filter(([column, cell]) => column.startsWith("hyper.") && cell !== "");
  return Object.fromEntries(
    entries.map(([column, cell]) => {
      const number = Number(cell);
      return [
        column.slice("hyper.".length),
        Number.isNaN(number) && cell !== "NaN" ? (WORDS[cell] ?? cell) : number,
      ];
    }),
  );
}

/** The runs of a folder's `evaluations.csv`. */
export const readCsv = (folder: string): RecordedRun[] => {
  const path = join(folder, FILE);
  return parseRunsCsv(readFileSync(path, "utf8"), path);
};
