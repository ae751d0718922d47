/**
 * The picture that a plane is trained to show: cells where the loss shall be low, cells where it shall be high, and cells that do not
 * matter. It is drawn with characters, a line for each row:
 *
 *   .##.      # low    . high    ? either
 *   #..#
 */

export type Cell = "low" | "high" | "either";

export interface Mask {
  /** From top to bottom, each from left to right. */
  readonly rows: readonly (readonly Cell[])[];
}

const CHARACTERS: Readonly<Record<string, Cell>> = { "#": "low", ".": "high", "?": "either" };

/** Read a drawing; blank lines around it are no part of it. Raises RangeError naming the line at fault. */
export function parseMask(text: string): Mask {
  const lines = text
    .replaceAll("\r", "")
    .replace(/^\n+|\n+$/g, "")
    .split("\n");
  const width = lines[0]!.length;
  const rows = lines.map((line, k) => {
    if (line.length !== width) {
      throw new RangeError(
        `Cannot read a pattern as all lines must be as long as the first, ${width}: line ${k + 1} has ${line.length}`,
      );
    }
    return Array.from(line, (character) => {
      const cell = CHARACTERS[character];
      if (cell !== undefined) return cell;
      throw new RangeError(
        `Cannot read a pattern as its cells must be # (low), . (high) or ? (either): line ${k + 1} has ${JSON.stringify(character)}`,
      );
    });
  });
  for (const wanted of ["low", "high"] as const) {
    if (rows.some((row) => row.includes(wanted))) continue;
    throw new RangeError(
      `Cannot train a pattern as it must have cells of both kinds: of ${rows.length} × ${width} none is ${wanted}`,
    );
  }
  return { rows };
}

/**
 * Only the band along the edges: a cell all of whose neighbours, up to eight, are as it is becomes "either". What lies inside follows by
 * itself, and large pictures cost less. Source: loss-patterns, its ternary mask.
 */
export function edgeBand({ rows }: Mask): Mask {
  return {
    rows: rows.map((row, i) =>
      row.map((cell, j) => {
        const around = [-1, 0, 1].flatMap((di) => [-1, 0, 1].map((dj) => rows[i + di]?.[j + dj] ?? cell));
        return around.every((one) => one === cell) ? "either" : cell;
      }),
    ),
  };
}

/** Where a cell lies on the plane, in cells from the middle: x to the right, y upwards. */
export const placeOfCell = ({ rows }: Mask, row: number, column: number): readonly [x: number, y: number] => [
  column - (rows[0]!.length >> 1),
  (rows.length >> 1) - row,
];

/** The places of all cells of a kind. */
export const placesOf = (mask: Mask, kind: Cell): (readonly [x: number, y: number])[] =>
  mask.rows.flatMap((row, i) => row.flatMap((cell, j) => (cell === kind ? [placeOfCell(mask, i, j)] : [])));
