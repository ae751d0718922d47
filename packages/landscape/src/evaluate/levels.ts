/** At which heights a surface has contours: by equal factors where its heights span many, by equal steps elsewhere. */

/** Heights on a scale on which the contours are whole numbers from 0 to count. */
export interface Levels {
  readonly count: number;
  toLevel(height: number): number;
  heightOf(level: number): number;
}

const COUNT = 18;
/** Highest level over the lowest; what is higher still has the last colour. */
const MOST_FACTOR = 1e4;

/** What is not finite has the level NaN. */
export function levelsOf(heights: Float64Array): Levels {
  const finite = heights.filter(Number.isFinite);
  const low = finite.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const high = finite.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const only = (height: number, level: number) => (Number.isFinite(height) ? level : Number.NaN);
  if (low > 0 && high > 8 * low) {
    const step = Math.log(Math.min(high / low, MOST_FACTOR)) / COUNT;
    return {
      count: COUNT,
      toLevel: (height) => only(height, Math.log(height / low) / step),
      heightOf: (level) => low * Math.exp(level * step),
    };
  }
  const step = (high - low) / COUNT || 1;
  return {
    count: COUNT,
    toLevel: (height) => only(height, (height - low) / step),
    heightOf: (level) => low + level * step,
  };
}
