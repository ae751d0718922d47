/** CSV by RFC 4180: numbers as the shortest text that reads back as the same float64, an empty field for what does not exist. */

export type Field = string | number | boolean | null | undefined;

/** A header from the first record's names, then a line per record. */
export function csv(records: readonly Record<string, Field>[]): string {
  const header = Object.keys(records[0] ?? {});
  const lines = [header, ...records.map((record) => header.map((name) => record[name]))];
  return lines.map((fields) => `${fields.map(field).join(",")}\r\n`).join("");
}

function field(value: Field): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "";
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
