/**
 * Marks of a logarithmic axis: powers of ten, with twos and fives between while there are few. uPlot's own begin at the lower end whatever that is, and never end for some
 * (its steps are then rounded to whole numbers, and stand still).
 */
import { ticks } from "d3-array";

const MOST_POWERS = 8;
const FEW_DECADES = 3;
/** What is narrower is one mark: between its ends there are too few numbers to choose from. */
const LEAST_SPAN = 1e-9;

export function logTicks(from: number, to: number): number[] {
  if (!(from > 0 && to >= from && to < Number.POSITIVE_INFINITY)) return [];
  if (to <= from * (1 + LEAST_SPAN)) return [from];
  const [first, last] = [Math.floor(Math.log10(from)), Math.ceil(Math.log10(to))];
  const decades = Math.log10(to / from);
  const factors = decades <= FEW_DECADES ? [1, 2, 5] : [1];
  const stride = Math.max(1, Math.ceil(decades / MOST_POWERS));
  const marks: number[] = [];
  for (let power = Math.ceil(first / stride) * stride - stride; power <= last; power += stride) {
    for (const factor of factors) {
      const mark = Number(`${factor}e${power}`);
      if (mark >= from && mark <= to) marks.push(mark);
    }
  }
  return marks.length >= 2 ? marks : ticks(from, to, 4).filter((mark) => mark >= from && mark <= to);
}
