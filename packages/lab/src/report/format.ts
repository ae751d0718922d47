/**
 * Numbers as the report and the terminal print them: one notation per kind of quantity, so that columns align.
 *
 *   accuracy  97.93          two decimals, in per cent: a test set of 10 000 resolves 0.01
 *   loss      0.0712         four decimals
 *   interval  [97.80, 98.04] always the 95 % BCa interval, with the decimals of its value
 *   signed    +0.31 −0.02    a true minus sign, as wide as the plus
 *   missing   –
 */
import type { Configuration, Value } from "../samplers/index.ts";
import type { Interval } from "../statistics/index.ts";

export const MISSING = "–";

type Formatter = (value: number) => string;

export const percent: Formatter = (fraction) => minus((100 * fraction).toFixed(2));
export const loss: Formatter = (value) => minus(value.toFixed(4));
export const signedPercent: Formatter = (fraction) => signed(100 * fraction, 2);
export const signedLoss: Formatter = (value) => signed(value, 4);

/** Whole numbers with narrow spaces between thousands: 46 900. */
export const count: Formatter = (value) => String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, "\u202f");

/** 0.034 · 0.00021 as 2.1e-4 · "< 0.001" is not used: p-values here have a smallest possible value worth seeing. */
export const pValue: Formatter = (p) =>
  p >= 1e-3 || p === 0 ? String(Number(p.toPrecision(2))) : exponent(p, 2);

export const orMissing = (value: number | null, format: Formatter): string =>
  value === null ? MISSING : format(value);

export const interval = (bounds: Interval | null, format: Formatter): string =>
  bounds === null ? "" : `[${format(bounds.low)}, ${format(bounds.high)}]`;

/** 4.2 s · 38 s · 3 min 20 s · 2 h 5 min */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/**
 * A hyperparameter to three significant digits; just below 1 (momenta, betas) it is the distance from 1 that gets two: 0.9973.
 */
export function hyperparameter(value: Value): string {
  if (typeof value !== "number" || Number.isInteger(value)) return String(value);
  if (value > 0.9 && value < 1)
    return String(Number(value.toFixed(Math.min(12, 1 - Math.floor(Math.log10(1 - value))))));
  return Math.abs(value) >= 1e-3 && Math.abs(value) < 1e5
    ? minus(String(Number(value.toPrecision(3))))
    : exponent(value, 3);
}

export const configuration = (values: Configuration): string =>
  Object.entries(values)
    .map(([name, value]) => `${name} ${hyperparameter(value)}`)
    .join(", ");

/** 2026-11-20 03:45 UTC */
export const moment = (iso: string): string => {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? iso : `${date.toISOString().slice(0, 16).replace("T", " ")} UTC`;
};

/** 10⁻⁴, for axes. */
export const powerOfTen = (value: number): string =>
  `10${String(Math.round(Math.log10(value))).replace(/./g, (character) => SUPERSCRIPTS[character] ?? "")}`;

const SUPERSCRIPTS: Record<string, string> = {
  "-": "⁻",
  ...Object.fromEntries([..."⁰¹²³⁴⁵⁶⁷⁸⁹"].map((character, digit) => [String(digit), character])),
};

const minus = (text: string): string => text.replace("-", "−");

/** A value that rounds to zero has no sign. */
function signed(value: number, decimals: number): string {
  const text = Math.abs(value).toFixed(decimals);
  if (Number(text) === 0) return text;
  return `${value > 0 ? "+" : "−"}${text}`;
}

const exponent = (value: number, digits: number): string => {
  const [mantissa = "", power = ""] = value.toExponential(digits - 1).split("e");
  return `${minus(String(Number(mantissa)))}e${power.replace("+", "")}`;
};
