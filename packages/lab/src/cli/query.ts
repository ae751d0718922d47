/** `thalweg query`: SQL over runs and studies. */
import type { Command } from "commander";
import { fromUser, UsageError } from "./errors.ts";
import type { Io } from "./io.ts";
import { columns, printJson } from "./print.ts";

interface Options {
  json?: boolean;
  csv?: boolean;
}

const EXAMPLES = `
Tables: trials (of studies: what was planned, and what came of it), runs, evaluations. "describe trials" lists the columns; measures are named
test_loss, validation_accuracy …, values that rules ran with hyper.lr. The SQL is DuckDB's.

Examples:
  $ thalweg query "select rule, avg(test_loss), count(*) from trials where phase = 'final' group by rule order by 2" runs/study
  $ thalweg query "select hyper.lr, validation_loss from trials where rule = 'adamw' and replicate = 0" runs/study --csv
  $ thalweg query "select folder, min(validation_loss) from evaluations group by all" runs`;

export function define(command: Command, io: Io): void {
  command
    .description("Ask runs and studies a question in SQL.")
    .argument("<sql>", "the query")
    .argument("[folder...]", "studies, runs, or folders with some below them; runs by default")
    .option("--json", "print the rows as JSON")
    .option("--csv", "print them as CSV")
    .addHelpText("after", EXAMPLES)
    .action(async (sql: string, folders: string[], options: Options) => answer(sql, folders, options, io));
}

async function answer(
  sql: string,
  folders: readonly string[],
  { json, csv }: Options,
  io: Io,
): Promise<void> {
  if (json && csv) throw new UsageError("Cannot print JSON and CSV at once: choose --json or --csv");
  const [{ findResults }, { query }] = await Promise.all([
    import("../query/tables.ts"),
    import("../query/database.ts"),
  ]);
  const found = fromUser(() => findResults(folders.length > 0 ? folders : ["runs"]));
  const { columns: names, rows } = await query(sql, found);
  if (json) {
    printJson(
      io.stdout,
      rows.map((row) => Object.fromEntries(names.map((name, i) => [name, row[i]]))),
    );
    return;
  }
  const cells = rows.map((row) => row.map(shown));
  if (csv) {
    const { csvText } = await import("../exchange/csv.ts");
    io.stdout.write(
      csvText(
        names,
        cells.map((row) => Object.fromEntries(names.map((name, i) => [name, row[i]]))),
      ),
    );
    return;
  }
  const right = new Set(
    names.flatMap((_, i) =>
      rows.length > 0 && rows.every((row) => row[i] === null || typeof row[i] === "number") ? [i] : [],
    ),
  );
  io.stdout.write(columns([names, ...cells], right));
}

/** A cell as text; nothing for null. */
function shown(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
