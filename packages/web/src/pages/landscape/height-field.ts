/** A surface as the server gives it: coordinates, and every measure row by row, x fastest. What is not known, or not finite, is NaN or infinite. */
import { getBytes } from "../../api.ts";
import { type Columns, decodeColumns } from "../../columns.ts";

export interface HeightField {
  readonly x: Float64Array;
  /** Empty for a line. */
  readonly y: Float64Array;
  readonly fields: Columns;
}

export interface LandscapeSummary {
  readonly key: string;
  readonly folder: string;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly changedMs: number;
  readonly evaluating: boolean;
}

export interface Course {
  readonly name: string;
  readonly steps: readonly number[];
  readonly coordinates: readonly (readonly number[])[];
  readonly residuals?: readonly (number | null)[];
  readonly capturedShare?: number | null;
}

export interface Overlay {
  readonly markers: readonly { readonly name: string; readonly coordinates: readonly number[] }[];
  readonly paths: readonly Course[];
  readonly isEuclidean: boolean;
}

export async function fetchHeights(key: string, changedMs: number): Promise<HeightField> {
  const columns = decodeColumns(await getBytes(`landscapes/${key}/surface.bin?of=${Math.round(changedMs)}`));
  const [x, y] = [columns.get("x"), columns.get("y")];
  if (x === undefined || y === undefined)
    throw new RangeError("Cannot draw the landscape as it has no coordinates");
  const fields: Columns = new Map([...columns].filter(([name]) => name !== "x" && name !== "y"));
  return { x, y, fields };
}

export const isLine = ({ y }: HeightField): boolean => y.length === 0;

/** Linear between the four points around; NaN outside the grid, and beside what is not known. */
export function heightAt({ x, y }: HeightField, heights: Float64Array, px: number, py: number): number {
  const [i, u] = placeIn(x, px);
  const [j, v] = placeIn(y, py);
  if (i < 0 || j < 0) return Number.NaN;
  const at = j * x.length + i;
  const [a, b] = [heights[at]!, heights[at + 1]!];
  const [c, d] = [heights[at + x.length]!, heights[at + x.length + 1]!];
  return (1 - v) * ((1 - u) * a + u * b) + v * ((1 - u) * c + u * d);
}

/** The cell of an axis that a coordinate lies in, and how far along it; −1 outside. */
function placeIn(axis: Float64Array, value: number): readonly [number, number] {
  const last = axis.length - 1;
  if (!(value >= axis[0]! && value <= axis[last]!)) return [-1, 0];
  let [from, to] = [0, last];
  while (to - from > 1) {
    const middle = (from + to) >> 1;
    if (axis[middle]! <= value) from = middle;
    else to = middle;
  }
  return [from, (value - axis[from]!) / (axis[to]! - axis[from]!)];
}

/** One minus the other, measure by measure; undefined where their grids are not the same. */
export function difference(a: HeightField, b: HeightField): HeightField | undefined {
  const same = (one: Float64Array, other: Float64Array) =>
    one.length === other.length &&
    one.every((value, i) => Math.abs(value - other[i]!) < 1e-9 * Math.max(1, Math.abs(value)));
  if (!same(a.x, b.x) || !same(a.y, b.y)) return undefined;
  const shared = [...a.fields].filter(([name]) => b.fields.has(name) && name !== "examples");
  return {
    x: a.x,
    y: a.y,
    fields: new Map(
      shared.map(([name, values]) => [name, values.map((value, i) => value - b.fields.get(name)![i]!)]),
    ),
  };
}

/** A row for each point, as NumPy, R and spreadsheets read it. */
export function csvOf({ x, y, fields }: HeightField): string {
  const line = y.length === 0;
  const show = (value: number) =>
    Number.isFinite(value) ? String(value) : Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  const head = ["x", ...(line ? [] : ["y"]), ...fields.keys()].join(",");
  const rows = Array.from({ length: x.length * Math.max(1, y.length) }, (_, at) =>
    [
      x[at % x.length]!,
      ...(line ? [] : [y[Math.floor(at / x.length)]!]),
      ...[...fields.values()].map((values) => values[at]!),
    ]
      .map(show)
      .join(","),
  );
  return `${[head, ...rows].join("\n")}\n`;
}
