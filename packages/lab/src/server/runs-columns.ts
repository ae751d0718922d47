/**
 * The evaluations of a run as columns of numbers, and their bytes for the page:
 *
 *   u32        length of the head, little-endian
 *   head       JSON: {"columns": [["step", n], …]}, with spaces up to a multiple of eight bytes
 *   columns    one after the other, f64 each, little-endian: a browser takes them as they are
 *
 * A measure that a line does not have is NaN. Of what was scheduled, the last factor of each line is kept, as `scheduled.lr`.
 */

export type Line = Readonly<Record<string, unknown>>;

const FIRST_ROOM = 64;

export class Columns {
  private readonly byName = new Map<string, Float64Array<ArrayBuffer>>();
  private count = 0;

  get rows(): number {
    return this.count;
  }

  get names(): string[] {
    return [...this.byName.keys()];
  }

  get bytes(): number {
    return [...this.byName.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  /** Append the numbers of a line. Text that stands for a number, as "NaN", is one; other values are left out. */
  push(line: Line): void {
    for (const name in line) {
      const value = line[name];
      if (typeof value === "number") this.set(name, value);
      else if (name === "scheduled") this.pushScheduled(value);
      else if (typeof value === "string" && value in WORDS) this.set(name, WORDS[value]!);
    }
    this.count++;
  }

  private set(name: string, value: number): void {
    let column = this.byName.get(name);
    if (column === undefined || column.length <= this.count) {
      const longer = new Float64Array(Math.max(FIRST_ROOM, 2 * this.count)).fill(Number.NaN);
      if (column !== undefined) longer.set(column);
      column = longer;
      this.byName.set(name, column);
    }
    column[this.count] = value;
  }

  private pushScheduled(scheduled: unknown): void {
    if (typeof scheduled !== "object" || scheduled === null) return;
    for (const [name, factors] of Object.entries(scheduled)) {
      const factor: unknown = Array.isArray(factors) ? factors.at(-1) : factors;
      if (typeof factor === "number") this.set(`scheduled.${name}`, factor);
    }
  }

  /** One column; undefined where no line has it. */
  column(name: string): Float64Array<ArrayBuffer> | undefined {
    const column = this.byName.get(name);
    if (column === undefined || column.length >= this.count) return column?.subarray(0, this.count);
    const longer = new Float64Array(this.count).fill(Number.NaN);
    longer.set(column);
    return longer;
  }

  /** The last row as a record, without what is not a finite number. */
  get last(): Record<string, number> {
    const entries = this.names.map((name) => [name, this.column(name)?.[this.count - 1]] as const);
    return Object.fromEntries(
      entries.filter((entry): entry is [string, number] => Number.isFinite(entry[1])),
    );
  }

  /** The bytes of some columns, or of all. */
  encode(only?: readonly string[]): Uint8Array<ArrayBuffer> {
    const names = this.names.filter((name) => only === undefined || only.includes(name));
    return encodeColumns(names.map((name) => [name, this.column(name)!] as const));
  }
}

/** The bytes of columns. */
export function encodeColumns(
  columns: readonly (readonly [string, Float64Array])[],
): Uint8Array<ArrayBuffer> {
  const text = JSON.stringify({ columns: columns.map(([name, { length }]) => [name, length]) });
  const length = Buffer.byteLength(text);
  const padding = (8 - ((4 + length) % 8)) % 8;
  const head = Buffer.from(text + " ".repeat(padding));
  const bytes = new Uint8Array(4 + head.length + 8 * columns.reduce((sum, [, data]) => sum + data.length, 0));
  new DataView(bytes.buffer).setUint32(0, head.length, true);
  bytes.set(head, 4);
  let at = 4 + head.length;
  for (const [, data] of columns) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/** JSON has no NaN and no infinities: a run's log writes them as text. */
const WORDS: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
};
