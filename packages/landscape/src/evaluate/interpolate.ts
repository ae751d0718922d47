/**
 * Values between the points of a grid, by cubic convolution along each axis (Catmull–Rom): through every point, with continuous slopes,
 * exact for quadratics inside the grid. Beyond the outermost points the grid is continued by straight lines.
 *
 * Source: Keys, IEEE Trans. Acoust. Speech Signal Process. 29 (1981), with a = −1/2.
 */

/** A value at any place of a grid's rectangle; what is not finite stays so in the cells beside it. */
export function interpolator(
  x: Float64Array,
  y: Float64Array,
  values: Float64Array,
): (x: number, y: number) => number {
  const rows = Math.max(1, y.length);
  const columns = x.length;
  const at = (i: number, j: number) => values[j * columns + i]!;
  return (px, py) => {
    const [i, s] = locate(x, px);
    const [j, t] = y.length === 0 ? [0, 0] : locate(y, py);
    const corners = [at(i, j), at(i + 1, j), ...(rows > 1 ? [at(i, j + 1), at(i + 1, j + 1)] : [])];
    if (!corners.every(Number.isFinite)) return Number.NaN;
    const alongX = (row: number) => cubic((k) => at(k, row), i, columns, s);
    return rows > 1 ? cubic(alongX, j, rows, t) : alongX(j);
  };
}

/** The interval that holds p, [axis[i], axis[i + 1]], and how far along it p is. */
function locate(axis: Float64Array, p: number): [number, number] {
  const step = (axis.at(-1)! - axis[0]!) / (axis.length - 1);
  const place = (p - axis[0]!) / step;
  const i = Math.min(axis.length - 2, Math.max(0, Math.floor(place)));
  return [i, place - i];
}

/** Between values i and i + 1 of n, from those and their neighbours; a neighbour that is missing or not finite lies on the line. */
function cubic(value: (i: number) => number, i: number, n: number, t: number): number {
  const [b, c] = [value(i), value(i + 1)];
  const before = i > 0 ? value(i - 1) : Number.NaN;
  const after = i + 2 < n ? value(i + 2) : Number.NaN;
  const a = Number.isFinite(before) ? before : 2 * b - c;
  const d = Number.isFinite(after) ? after : 2 * c - b;
  return b + (t / 2) * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
}
