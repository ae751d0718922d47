/**
 * A plane that can be trained: an origin, two models that say where its axes point, and how long a cell is.
 *
 *   w(x, y) = o + s (x r + y u)        r = R − o        u = ‖r‖ a / ‖a‖,  a = U − r ⟨U, r⟩ / ⟨r, r⟩
 *
 * o, R, U are as long as the model's parameters and s is one number; the axes are always at right angles and equally long. Source:
 * Skorokhodov & Burtsev, arXiv:1910.03867, and the authors' loss-patterns ("up_orthogonal").
 */

export interface PlaneParts<A extends Float32Array | Float64Array = Float32Array> {
  /** o */
  readonly origin: A;
  /** R */
  readonly right: A;
  /** U */
  readonly up: A;
  /** s */
  readonly scale: A;
}

/** Axes of the plane, and what their derivatives need. */
export interface PlaneAxes {
  /** r */
  readonly right: Float64Array;
  /** u */
  readonly up: Float64Array;
  /** â = a / ‖a‖ */
  readonly unit: Float64Array;
  /** ‖r‖, ‖a‖ */
  readonly length: number;
  readonly before: number;
  /** ⟨U, r⟩ / ⟨r, r⟩ */
  readonly slope: number;
}

export function axesOf({ origin, right: R, up: U }: PlaneParts<Float32Array | Float64Array>): PlaneAxes {
  const right = Float64Array.from(R, (value, i) => value - origin[i]!);
  const square = product(right, right);
  const slope = product(U, right) / square;
  const a = Float64Array.from(U, (value, i) => value - slope * right[i]!);
  const [length, before] = [Math.sqrt(square), Math.sqrt(product(a, a))];
  if (!(length > 0 && before > 0)) {
    throw new RangeError(
      `Cannot span a plane as its axes must have lengths and directions of their own: they are ${length} and ${before} long; draw the models that they point to with other seeds`,
    );
  }
  const unit = a.map((value) => value / before);
  return { right, unit, up: unit.map((value) => value * length), length, before, slope };
}

/** Write w(x, y). */
export function writeCell(
  { origin, scale }: PlaneParts,
  { right, up }: PlaneAxes,
  [x, y]: readonly [number, number],
  out: Float32Array,
): void {
  const s = scale[0]!;
  for (let i = 0; i < out.length; i++) out[i] = origin[i]! + s * (x * right[i]! + y * up[i]!);
}

/** Sums over cells of ∂J/∂w, of x times it, and of y times it. */
export interface CellGradients {
  readonly plain: Float64Array;
  readonly byX: Float64Array;
  readonly byY: Float64Array;
}

/**
 * From gradients at cells to those of the parts. With g_r = s Σ x g, g_u = s Σ y g and k = ⟨U, r⟩ / ⟨r, r⟩, q = ⟨r, r⟩:
 *
 *   g_s = ⟨Σ x g, r⟩ + ⟨Σ y g, u⟩
 *   g_a = (‖r‖ / ‖a‖) (g_u − â ⟨â, g_u⟩)                                // u = ‖r‖ a / ‖a‖
 *   g_U = g_a − r ⟨r, g_a⟩ / q                                          // a = U − r ⟨U, r⟩ / q
 *   g_r ← g_r + ⟨â, g_u⟩ r / ‖r‖ − k g_a − ⟨r, g_a⟩ (U − 2 k r) / q
 *   g_R = g_r        g_o = Σ g − g_r                                    // r = R − o
 */
export function pullBack(
  { up: U, scale }: PlaneParts<Float32Array | Float64Array>,
  { right: r, up: u, unit, length, before, slope: k }: PlaneAxes,
  { plain, byX, byY }: CellGradients,
  into: PlaneParts<Float32Array | Float64Array>,
): void {
  const s = scale[0]!;
  const q = length * length;
  into.scale[0] = product(byX, r) + product(byY, u);
  const along = s * product(unit, byY); // ⟨â, g_u⟩
  const gA = unit.map((value, i) => (length / before) * (s * byY[i]! - value * along));
  const inR = product(r, gA);
  for (let i = 0; i < r.length; i++) {
    into.up[i] = gA[i]! - (r[i]! * inR) / q;
    const g = s * byX[i]! + (along * r[i]!) / length - k * gA[i]! - (inR * (U[i]! - 2 * k * r[i]!)) / q;
    into.right[i] = g;
    into.origin[i] = plain[i]! - g;
  }
}

function product(a: Float32Array | Float64Array, b: Float32Array | Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
