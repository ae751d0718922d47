/** A landscape in a terminal: one character for each point of a plane, darker where it is higher; a row with a bar for points of a line. */
import { fieldOf, type HeightField, levelsOf } from "@thalweg/landscape";

const INK = " .:-=+*#%@";
/** Widest picture; a finer grid is thinned. */
const WIDEST = 72;

/** Rows of text, y upwards. A point that is not known is `?`, one that is not finite `!`. */
export function landscapeText(landscape: HeightField, field = "loss"): string {
  const { x, y } = landscape;
  const heights = fieldOf(landscape, field);
  const { count, toLevel } = levelsOf(heights);
  if (y.length === 0) return profile(landscape, heights, (height) => toLevel(height) / count);
  const examples = landscape.fields.get("examples");
  const character = (at: number): string => {
    const level = toLevel(heights[at]!);
    if (Number.isNaN(level) && examples?.[at] === 0) return "?";
    if (Number.isNaN(level)) return "!";
    return INK[Math.min(INK.length - 1, Math.floor((level / count) * INK.length))]!;
  };
  const stride = Math.ceil(x.length / WIDEST);
  // a character is about twice as high as it is wide
  const rows = Array.from({ length: Math.ceil(y.length / (2 * stride)) }, (_, k) => 2 * stride * k).reverse();
  const columns = Array.from({ length: Math.ceil(x.length / stride) }, (_, k) => stride * k);
  return rows
    .map((row) => `${columns.map((column) => character(row * x.length + column)).join("")}\n`)
    .join("");
}

/** Rows of a profile, about; longest bar. */
const [ROWS, BAR] = [25, 48];

/** A row for every few points: place, height, and a bar. */
function profile({ x }: HeightField, heights: Float64Array, share: (height: number) => number): string {
  const stride = Math.ceil(x.length / ROWS);
  const places = Array.from({ length: Math.ceil(x.length / stride) }, (_, k) => k * stride);
  return places
    .map((at) => {
      const part = share(heights[at]!);
      const bar = Number.isNaN(part) ? "!" : "#".repeat(Math.round(Math.min(1, part) * BAR));
      return `${brief(x[at]!).padStart(8)}  ${brief(heights[at]!).padStart(9)}  ${bar}`.trimEnd();
    })
    .map((line) => `${line}\n`)
    .join("");
}

const brief = (value: number): string => String(Number(value.toPrecision(3)));
