/**
 * SQL over results, by DuckDB in memory. Only the tables that a query names are filled; nothing is written, and nothing is fetched: extensions are not
 * loaded from the network.
 */
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import type { Value } from "../samplers/index.ts";
import { type Cell, type ColumnType, type Found, TABLES, type Table } from "./tables.ts";

export interface Answer {
  columns: string[];
  rows: unknown[][];
}

/** A query that cannot be read or answered; the message is DuckDB's, with the line and a mark under the place. */
export class QueryError extends Error {
  override readonly name = "QueryError";
}

/** The answer to a query over what was found. Raises QueryError. */
export async function query(sql: string, found: Found): Promise<Answer> {
  const instance = await DuckDBInstance.create(":memory:", {
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
  });
  const connection = await instance.connect();
  try {
    for (const [name, tableOf] of Object.entries(TABLES)) {
      if (new RegExp(`\\b${name}\\b`, "i").test(sql)) await fill(connection, name, tableOf(found));
    }
    return await ask(connection, sql);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

async function ask(connection: DuckDBConnection, sql: string): Promise<Answer> {
  try {
    const reader = await connection.runAndReadAll(sql);
    const columns = reader.deduplicatedColumnNames();
    return {
      columns,
      rows: reader.getRowObjectsJS().map((row) => columns.map((column) => plain(row[column]))),
    };
  } catch (cause) {
    const tables = Object.keys(TABLES).join(", ");
    throw new QueryError(
      `Cannot answer the query: ${(cause as Error).message.trim()}\nThere are the tables ${tables}; "describe trials" shows columns`,
      {
        cause,
      },
    );
  }
}

/** Whole numbers that fit are numbers, times are ISO 8601. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plain(part)]));
  }
  return value;
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** A flat table, filled cell by cell; over it a view that has the values rules ran with in one struct, right after the seed. */
async function fill(
  connection: DuckDBConnection,
  name: string,
  { columns, hyper, rows }: Table,
): Promise<void> {
  const flat = `${name} rows`;
  const fields = hyper.map(([field, type]) => [`hyper ${field}`, type] as const);
  const declared = [...columns, ...fields].map(([column, type]) => `${quoted(column)} ${type}`);
  await connection.run(`create table ${quoted(flat)} (${declared.join(", ")})`);
  const appender = await connection.createAppender(flat);
  const append: Readonly<Record<ColumnType, (value: Value) => void>> = {
    VARCHAR: (value) => appender.appendVarchar(String(value)),
    DOUBLE: (value) => appender.appendDouble(Number(value)),
    BOOLEAN: (value) => appender.appendBoolean(Boolean(value)),
    BIGINT: (value) => appender.appendBigInt(BigInt(Math.round(Number(value)))),
    TIMESTAMP: (value) => appender.appendValue(String(new Date(Number(value)).toISOString().slice(0, -1))),
  };
  const put = (cell: Cell, type: ColumnType) => {
    if (cell === undefined || cell === null) appender.appendNull();
    else append[type](cell);
  };
  for (const row of rows()) {
    for (const [column, type] of columns) put(row.cells[column], type);
    for (const [field, type] of hyper) put(row.hyper[field], type);
    appender.endRow();
  }
  appender.closeSync();
  const struct =
    hyper.length === 0
      ? "null"
      : `{${hyper.map(([field]) => `${quoted(field)}: ${quoted(`hyper ${field}`)}`).join(", ")}}`;
  const place = columns.findIndex(([column]) => column === "seed") + 1;
  const [before, after] = [columns.slice(0, place), columns.slice(place)].map((part) =>
    part.map(([column]) => quoted(column)),
  );
  await connection.run(
    `create view ${name} as select ${[...before!, `${struct} as hyper`, ...after!].join(", ")} from ${quoted(flat)}`,
  );
}
