/** A small plot for a terminal: Braille characters, two dots wide and four high each, with the range at the side. */

/** Bit of the dot in row 0 to 3 of the left and of the right column, as Unicode numbers them. */
const DOTS = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
] as const;

/**
 * Lines of text that show values over their index, from 0 or the least value up to the greatest. A column of dots spans all
 * values that fall into it and reaches to the column before, so jumps stay joined.
 */
export function braillePlot(values: readonly number[], width = 64, height = 6): string {
  const low = values.reduce((a, b) => Math.min(a, b), 0);
  const high = values.reduce((a, b) => Math.max(a, b), low) || 1;
  const [columns, rows] = [2 * width, 4 * height];
  const cells = Array.from({ length: height }, () => new Array<number>(width).fill(0));
  const row = (value: number) => Math.round(((high - value) / (high - low)) * (rows - 1));
  let before = row(values[0] ?? 0);
  for (let x = 0; x < columns; x++) {
    const from = Math.floor((x * values.length) / columns);
    const to = Math.max(from + 1, Math.floor(((x + 1) * values.length) / columns));
    const own = values.slice(from, to).map(row);
    const last = own.at(-1) ?? before;
    const [top, bottom] = [before, ...own].reduce(([a, b], y) => [Math.min(a, y), Math.max(b, y)], [rows, 0]);
    for (let y = top; y <= bottom; y++) cells[y >> 2]![x >> 1]! |= DOTS[x & 1 ? 1 : 0][y & 3]!;
    before = last;
  }
  const labels = cells.map((_, i) => (i === 0 ? label(high) : i === height - 1 ? label(low) : ""));
  const margin = Math.max(...labels.map((text) => text.length));
  return cells
    .map(
      (line, i) =>
        `${labels[i]!.padStart(margin)} ┤${String.fromCodePoint(...line.map((bits) => 0x2800 + bits))}\n`,
    )
    .join("");
}

const label = (value: number) => String(Number(value.toPrecision(4)));
