/**
 * A schedule as the rest of the code meets it: a curve, its text, and its value at any step.
 */
import { type Curve, kinds, scheduleFactor } from "./curve.ts";

/** A curve bound to the text it was read from. */
export interface Schedule {
  readonly spec: string;
  /** The curve as plain JSON, every default and length filled in. */
  readonly curve: Curve;
  /** The factor of the peak value for the update with this 0-based index; past the end, the last value. */
  at(step: number): number;
}

/** A curve as text that reads back as the same curve, every length and value written out. */
export function formatCurve(curve: Curve): string {
  if (curve.kind === "sequence") return curve.parts.map(formatCurve).join(" > ");
  const values: Record<string, unknown> = { ...curve };
  const settings = kinds[curve.kind].parameters
    .filter(({ name }) => values[name] !== undefined)
    .map(({ name }) => `, ${name}=${values[name]}`);
  return `${curve.kind}(${curve.steps}${settings.join("")})`;
}

/** A curve from elsewhere, such as a run's config.json, as a Schedule; its spec is the text that means the same. */
export function bindCurve(curve: Curve): Schedule {
  return { spec: formatCurve(curve), curve, at: (step) => scheduleFactor(curve, step) };
}
