/**
 * Columns of numbers as the server sends them: u32 length of a head, the head as JSON `{"columns": [[name, length], …]}`, then the columns one after the
 * other as little-endian f64, which are used where they lie.
 */
export type Columns = Map<string, Float64Array<ArrayBuffer>>;

/** Raises RangeError for bytes that are none. */
export function decodeColumns(bytes: ArrayBuffer): Columns {
  const length = bytes.byteLength < 4 ? Number.NaN : new DataView(bytes).getUint32(0, true);
  if (!(4 + length <= bytes.byteLength)) {
    throw new RangeError(`Cannot read columns as the head must lie within ${bytes.byteLength} bytes`);
  }
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length))) as {
    columns: [string, number][];
  };
  let at = 4 + length;
  return new Map(
    head.columns.map(([name, count]) => {
      const column = new Float64Array(bytes, at, count);
      at += column.byteLength;
      return [name, column];
    }),
  );
}

/**
 * Columns with rows put in from a place on; what stood there before does not count any more. New ones are NaN before it, those that are not
 * told are NaN after it.
 */
export function replaceRows(
  columns: Columns,
  from: number,
  rows: Readonly<Record<string, readonly (number | null)[]>>,
): Columns {
  const added = Math.max(0, ...Object.values(rows).map(({ length }) => length));
  const names = new Set([...columns.keys(), ...Object.keys(rows)]);
  return new Map(
    [...names].map((name) => {
      const column = new Float64Array(from + added).fill(Number.NaN);
      column.set(columns.get(name)?.subarray(0, from) ?? []);
      rows[name]?.forEach((value, i) => {
        column[from + i] = value ?? Number.NaN;
      });
      return [name, column];
    }),
  );
}
