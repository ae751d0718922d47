/**
 * From heights to levels in [0, 1], which colour and relief are drawn from: by equal steps, or by equal factors where heights span many. Heights above
 * the clip are level 1. Changing a scale computes no loss anew.
 */
import * as Plot from "@observablehq/plot";

export const SCALES = ["auto", "linear", "log"] as const;
export type ScaleName = (typeof SCALES)[number];

export interface HeightScale {
  readonly kind: "linear" | "log" | "difference";
  readonly low: number;
  /** What is higher is clipped. */
  readonly high: number;
  /** NaN stays NaN. */
  toLevel(height: number): number;
  heightOf(level: number): number;
}

/** From this factor between highest and lowest on, equal factors show more than equal steps. */
const FACTOR = 8;
/** Where heights come down to zero or below, factors are of what is above this share of their range. */
const FLOOR = 1e-3;

/** `clip` is the share of points, from the lowest, whose heights are not cut: 1 for all. */
export function heightScale(fields: readonly Float64Array[], name: ScaleName, clip: number): HeightScale {
  const { low, high } = extent(fields, clip);
  const kind = name === "auto" ? (low > 0 && high > FACTOR * low ? "log" : "linear") : name;
  if (!(high > low)) return linear(low, low + 1);
  return kind === "log" ? logarithmic(low, high) : linear(low, high);
}

/** Both signs alike, zero in the middle. */
export function differenceScale(fields: readonly Float64Array[], clip: number): HeightScale {
  const { high } = extent(
    fields.map((field) => field.map(Math.abs)),
    clip,
  );
  return { ...linear(-high || -1, high || 1), kind: "difference" };
}

function linear(low: number, high: number): HeightScale {
  return {
    kind: "linear",
    ...{ low, high },
    toLevel: (height) => clamp((height - low) / (high - low)),
    heightOf: (level) => low + level * (high - low),
  };
}

function logarithmic(low: number, high: number): HeightScale {
  const shift = low > 0 ? 0 : FLOOR * (high - low) - low;
  const [from, to] = [Math.log(low + shift), Math.log(high + shift)];
  return {
    kind: "log",
    ...{ low, high },
    toLevel: (height) => clamp((Math.log(Math.max(height, low) + shift) - from) / (to - from)),
    heightOf: (level) => Math.exp(from + level * (to - from)) - shift,
  };
}

const clamp = (level: number) => (level < 0 ? 0 : level > 1 ? 1 : level); // NaN stays

function extent(fields: readonly Float64Array[], clip: number): { low: number; high: number } {
  const finite = fields.map((field) => field.filter(Number.isFinite));
  const all = new Float64Array(finite.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const field of finite) {
    all.set(field, at);
    at += field.length;
  }
  all.sort();
  if (all.length === 0) return { low: 0, high: 1 };
  return { low: all[0]!, high: all[Math.max(0, Math.ceil(clip * all.length) - 1)]! };
}

/** Colours of levels: viridis for heights; for differences, blue is lower and red is higher. */
const palettes = { height: palette("viridis"), difference: palette("rdbu", true) };
const SHADES = 256;

function palette(scheme: Plot.ColorScheme, reverse = false): () => readonly string[] {
  let colours: readonly string[] | undefined;
  return () => {
    if (colours === undefined) {
      const scale = Plot.scale({ color: { type: "linear", domain: [0, 1], scheme, reverse } });
      colours = Array.from({ length: SHADES }, (_, k) => scale.apply(k / (SHADES - 1)) as string);
    }
    return colours;
  };
}

export function colourOf({ kind }: HeightScale, level: number): string {
  const colours = palettes[kind === "difference" ? "difference" : "height"]();
  return colours[Math.round(level * (SHADES - 1))] ?? "transparent";
}
