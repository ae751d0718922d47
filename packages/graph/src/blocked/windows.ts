/**
 * Strides taken apart. ONNX Runtime's blocked kernels stride along the height as they are, but along the width, where b
 * images lie side by side, they would skip images. So a convolution of stride s is a sum of convolutions of stride 1, each of
 * every s-th column (its phase) with every so-many-th tap of the kernel; and what it gives back to its input is one convolution
 * of stride 1 for every phase of rows and of columns.
 *
 * All along one axis: `size` places, `outputs` of the sliding kernel of `taps` taps; the first output's first tap reads place −`before`.
 */

/** One of the convolutions: which taps, and where it reads. */
export interface Phase {
  /** Taps first, first + step, …; they read places `dilation` apart. */
  readonly taps: { readonly first: number; readonly step: number; readonly count: number };
  readonly dilation: number;
  /** Places first, first + stride, … that it slides over, and zeros around them. */
  readonly places: { readonly first: number; readonly count: number };
  readonly pads: readonly [before: number, after: number];
}

export interface Window {
  readonly size: number;
  readonly outputs: number;
  readonly taps: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
}

const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
const modulo = (a: number, n: number): number => ((a % n) + n) % n;

/** `count` taps `dilation` apart, the first one `offset` places from the output's own: what of `size` places it needs. */
function reach(offset: number, count: number, dilation: number, outputs: number, size: number) {
  const skipped = Math.max(0, offset);
  const before = Math.max(0, -offset);
  const needed = outputs + (count - 1) * dilation - before;
  const found = Math.max(0, Math.min(needed, size - skipped));
  return { skipped, count: found, pads: [before, needed - found] as const };
}

/**
 * Output j reads tap v at place s·j + v·d − before, which is number j + (v·d − before − r)/s among the places r, r + s, …: taps whose
 * places leave the same rest r belong together. Phases that read nothing but padding are left out.
 */
export function strideApart({ size, outputs, taps, stride, dilation, before }: Window): Phase[] {
  const common = divisor(stride, dilation);
  const step = stride / common;
  return Array.from({ length: Math.min(step, taps) }, (_, first) => {
    const count = Math.ceil((taps - first) / step);
    const place = first * dilation - before;
    const rest = modulo(place, stride);
    const found = Math.max(0, Math.ceil((size - rest) / stride));
    const { skipped, ...read } = reach((place - rest) / stride, count, dilation / common, outputs, found);
    return {
      taps: { first, step, count },
      dilation: dilation / common,
      places: { first: rest + stride * skipped, count: read.count },
      pads: read.pads,
    };
  }).filter(({ places }) => places.count > 0);
}

/**
 * The other way, for the places rest, rest + s, … of the input: place rest + s·i is read by output i + (rest + before − v·d)/s
 * with tap v, where that is whole. Null when no tap reaches them. Taps count backwards, as outputs go forwards.
 */
export function backTo(
  rest: number,
  { size, outputs, taps, stride, dilation, before }: Window,
): Phase | null {
  const reached = Array.from({ length: taps }, (_, v) => v).filter(
    (v) => modulo(rest + before - v * dilation, stride) === 0,
  );
  const last = reached.at(-1);
  const [first] = reached;
  if (last === undefined || first === undefined) return null;
  const step = reached.length > 1 ? reached[1]! - first : 1;
  const apart = (step * dilation) / stride;
  const offset = (rest + before - last * dilation) / stride;
  const wanted = Math.ceil((size - rest) / stride);
  const { skipped, ...read } = reach(offset, reached.length, apart, wanted, outputs);
  if (read.count === 0) return null;
  return {
    taps: { first: last, step: -step, count: reached.length },
    dilation: reached.length > 1 ? apart : 1,
    places: { first: skipped, count: read.count },
    pads: read.pads,
  };
}
