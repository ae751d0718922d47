/** For tests: the bytes of columns read as the pages read them. */
export function decodeColumns(bytes: ArrayBuffer): Map<string, Float64Array> {
  const length = new DataView(bytes).getUint32(0, true);
  const head = JSON.parse(Buffer.from(bytes, 4, length).toString()) as { columns: [string, number][] };
  let at = 4 + length;
  return new Map(
    head.columns.map(([name, count]) => {
      const column = new Float64Array(bytes, at, count);
      at += column.byteLength;
      return [name, column];
    }),
  );
}
