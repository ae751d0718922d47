/** Results as text: JSON for programs, aligned columns for people. */
import type { Sink } from "./io.ts";

/**
 * One JSON value and a line break. JSON has no NaN and no infinities, so they are written as text ("NaN", "Infinity",
 * "-Infinity"), as `replay` reads them.
 */
export function printJson(stdout: Sink, value: unknown, indent = 2): void {
  stdout.write(`${JSON.stringify(value, (_, part) => (isNonFinite(part) ? String(part) : part), indent)}\n`);
}

const isNonFinite = (value: unknown) => typeof value === "number" && !Number.isFinite(value);

/** Lines of cells in columns, two spaces apart. Columns of numbers are flush right (`right` holds their indices). */
export function columns(
  rows: readonly (readonly string[])[],
  right: ReadonlySet<number> = new Set(),
): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    });
  }
  const lines = rows.map((row) =>
    row.map((cell, i) => (right.has(i) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))).join("  "),
  );
  return lines.map((line) => `${line.trimEnd()}\n`).join("");
}

/** `lr 0.001, beta1 0.9` */
export const settings = (values: Readonly<Record<string, number>>): string =>
  Object.entries(values)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");
