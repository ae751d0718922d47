/**
 * A schedule as the rest of the code meets it: a curve, its text, and its value at any step.
 *
 * It is immutable. Most schedules depend on the step alone; one with a plateau also depends on the metrics it was
 * shown, so `after` returns the next schedule, and `state`, plain JSON for a checkpoint, is what has been learnt:
 *
 *   schedule = schedule.after(step, validationLoss);        // at an evaluation
 *   checkpoint.schedule = schedule.state;                   // [] for a schedule that has none
 *   schedule = parseSchedule(spec, steps).from(checkpoint.schedule);
 */
import { combinators, isCombination } from "./combinators.ts";
import { type Curve, kinds, leaves, mapLeaves, observeMetric, scheduleFactor } from "./curve.ts";
import type { Parameter } from "./kind.ts";
import type { PlateauState } from "./kinds/plateau.ts";

/** What each plateau of a schedule has seen, in reading order; null for one that has seen nothing. */
export type ScheduleState = readonly (PlateauState | null)[];

/** A curve bound to the text it was read from. */
export interface Schedule {
  readonly spec: string;
  /** The curve as plain JSON, every default and length filled in. */
  readonly curve: Curve;
  /** The factor of the base value for the update with this 0-based index; past the end, the last value. */
  at(step: number): number;
  /** What a checkpoint keeps besides the step. */
  readonly state: ScheduleState;
  /** The schedule once a metric was measured after this many updates; itself if it asks for none. */
  after(step: number, metric: number): Schedule;
  /** The schedule in a saved state. Raises RangeError for one of another schedule. */
  from(state: ScheduleState): Schedule;
}

/** A curve from elsewhere, such as a run's config.json, as a Schedule; without a text of its own it writes one. */
export function bindCurve(curve: Curve, spec = formatCurve(curve)): Schedule {
  const plateaus = leaves(curve).filter((leaf) => leaf.kind === "plateau");
  const schedule: Schedule = {
    spec,
    curve,
    at: (step) => scheduleFactor(curve, step),
    state: plateaus.map(({ state }) => state ?? null),
    after(step, metric) {
      const next = observeMetric(curve, step, metric);
      return next === curve ? schedule : bindCurve(next, spec);
    },
    from(state) {
      if (state.length !== plateaus.length) {
        throw new RangeError(
          `Cannot restore the schedule ${spec} as it has ${plateaus.length} plateaus: the state is of ${state.length}`,
        );
      }
      if (plateaus.length === 0) return schedule;
      const states = state.values();
      const restored = mapLeaves(curve, (leaf) => {
        if (leaf.kind !== "plateau") return leaf;
        const { state: _, ...fresh } = leaf;
        const saved = states.next().value ?? null;
        return saved === null ? fresh : { ...fresh, state: saved };
      });
      return bindCurve(restored, spec);
    },
  };
  return schedule;
}

/** A curve as text that reads back as the same curve, every length and value written out; a plateau's state is not text. */
export function formatCurve(curve: Curve): string {
  if (!isCombination(curve)) {
    if (curve.kind === "lambda") return `lambda(${curve.steps})`;
    return `${curve.kind}(${[curve.steps, ...settings(curve, kinds[curve.kind].parameters)].join(", ")})`;
  }
  if (curve.kind === "sequence") return curve.parts.map((part) => inside(part, ["sequence"])).join(" > ");
  if (curve.kind === "product") {
    return curve.parts.map((part) => inside(part, ["sequence", "product", "scale"])).join(" * ");
  }
  if (curve.kind === "scale") return `${curve.factor} * ${inside(curve.of, ["sequence", "scale"])}`;
  const given = settings(curve, combinators[curve.kind].parameters);
  return `${curve.kind}(${[formatCurve(curve.of), ...given].join(", ")})`;
}

/** In parentheses where it would otherwise be read as something else. */
function inside(curve: Curve, loose: readonly Curve["kind"][]): string {
  return loose.includes(curve.kind) ? `(${formatCurve(curve)})` : formatCurve(curve);
}

function settings(curve: Curve, parameters: readonly Parameter[]): string[] {
  const values: Record<string, unknown> = { ...curve };
  return parameters
    .map(({ name }) => ({ name, value: values[name] }))
    .filter(({ value }) => value !== undefined)
    .map(({ name, value }) => `${name}=${Array.isArray(value) ? `[${value.join(", ")}]` : value}`);
}
