/**
 * Values between the points of a grid, by cubic Hermite pieces along each axis, whose slope at a point is that of the parabola through
 * it and its neighbours: through every point, smooth, exact for quadratics, and the axes need not have equal steps. With equal steps
 * it is the cubic convolution of Keys, IEEE Trans. Acoust. Speech Signal Process. 29 (1981), with a = −1/2.
 */

/** A value at any place of a grid's rectangle; NaN in cells with a corner that is not finite. */
export function interpolator(
  x: Float64Array,
  y: Float64Array,
  values: Float64Array,
): (px: number, py: number) => number {
  const columns = x.length;
  const rows = y.length;
  /** Values of up to four rows at px. */
  const four = new Float64Array(4);
  const alongRow = (row: number, i: number, px: number): number => {
    const at = row * columns;
    const before = i > 0 ? values[at + i - 1]! : Number.NaN;
    const after = i + 2 < columns ? values[at + i + 2]! : Number.NaN;
    return hermite(x, i, px, before, values[at + i]!, values[at + i + 1]!, after);
  };
  if (rows === 0) return (px) => alongRow(0, intervalOf(x, px), px);
  return (px, py) => {
    const i = intervalOf(x, px);
    const j = intervalOf(y, py);
    for (let k = 0; k < 4; k++) {
      const row = j - 1 + k;
      four[k] = row >= 0 && row < rows ? alongRow(row, i, px) : Number.NaN;
    }
    return hermite(y, j, py, four[0]!, four[1]!, four[2]!, four[3]!);
  };
}

/** i of the interval [axis[i], axis[i + 1]] that p lies in; the first or the last for what lies outside. */
function intervalOf(axis: Float64Array, p: number): number {
  const last = axis.length - 2;
  const step = (axis[last + 1]! - axis[0]!) / (last + 1);
  let i = Math.min(last, Math.max(0, Math.floor((p - axis[0]!) / step))); // the place itself, where steps are equal
  while (i > 0 && p < axis[i]!) i--;
  while (i < last && p >= axis[i + 1]!) i++;
  return i;
}

/**
 * Between b at axis[i] and c at axis[i + 1], with a and d at the points beside them; NaN for a or d where there is none. A slope without a
 * neighbour beyond is that of the parabola on the other side, and of the chord where there is none either.
 */
function hermite(
  axis: Float64Array,
  i: number,
  p: number,
  a: number,
  b: number,
  c: number,
  d: number,
): number {
  const [u, v] = [axis[i]!, axis[i + 1]!];
  const h = v - u;
  const chord = (c - b) / h;
  const g = u - axis[i - 1]!; // NaN at the border, as is a
  const k = axis[i + 2]! - v;
  const left = (b - a) / g;
  const right = (d - c) / k;
  let m = (left * h + chord * g) / (g + h);
  let n = (right * h + chord * k) / (h + k);
  if (!Number.isFinite(m)) m = Number.isFinite(n) ? 2 * chord - n : chord;
  if (!Number.isFinite(n)) n = 2 * chord - m;
  const t = (p - u) / h;
  const s = 1 - t;
  return s * s * (b * (1 + 2 * t) + h * m * t) + t * t * (c * (1 + 2 * s) - h * n * s);
}
