/**
 * Against the schedulers of PyTorch, optax and Keras, as recorded in fixtures/ in float64.
 *
 * A closed form is held to 1e-15, a few units in the last place of a number at most 1. Where torch multiplies its way from
 * step to step, its own rounding errors add up: DRIFT says how far, measured.
 */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseSchedule } from "./parse.ts";
import type { Schedule } from "./schedule.ts";

interface Recorded {
  readonly spec: string;
  readonly totalSteps: number;
  readonly factors: readonly number[];
}

interface FromTorch extends Recorded {
  readonly torch: string;
  /** What torch's closed form gives, where it has one besides its recursion. */
  readonly closed?: readonly number[];
}

interface Plateau {
  readonly spec: string;
  readonly sign?: 1 | -1;
  readonly factors: readonly number[];
}

interface TorchRecord {
  readonly cases: readonly FromTorch[];
  readonly momenta: readonly { spec: string; base: number; totalSteps: number; values: readonly number[] }[];
  readonly metrics: readonly (number | null)[];
  readonly plateaus: readonly Plateau[];
}

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../fixtures/${name}.json`, import.meta.url), "utf8"));

const torch = read("schedules") as TorchRecord;
const jax = read("schedules-jax") as {
  readonly cases: readonly (Recorded & { origin: string })[];
  readonly plateaus: readonly (Plateau & { origin: string })[];
};

/** The largest |at(k) − wanted[k]|. */
function distance({ at }: Schedule, wanted: readonly number[], base = 1): number {
  return Math.max(...wanted.map((factor, k) => Math.abs(base * at(k) - factor)));
}

describe("torch's closed forms, to 1e-15", () => {
  const closed = torch.cases.filter((one) => one.closed !== undefined);
  test.each(closed)("$spec over $totalSteps steps is $torch", ({ spec, totalSteps, closed }) => {
    expect(distance(parseSchedule(spec, totalSteps), closed!)).toBeLessThanOrEqual(1e-15);
  });
});

describe("what torch's own loop leaves in the optimizer", () => {
  test.each(torch.cases)("$spec over $totalSteps steps is $torch", ({ spec, totalSteps, factors }) => {
    expect(distance(parseSchedule(spec, totalSteps), factors)).toBeLessThanOrEqual(DRIFT[spec] ?? 1e-15);
  });

  test.each(torch.momenta)("$spec over $totalSteps steps is a momentum", (one) => {
    const schedule = parseSchedule(one.spec, one.totalSteps);
    expect(distance(schedule, one.values, one.base)).toBeLessThanOrEqual(1e-15);
  });
});

/** How far torch's loop has been measured to drift from the closed form; nearly everywhere it does not. */
const DRIFT: Readonly<Record<string, number>> = {
  // CosineAnnealingLR multiplies past its end
  "cosine(floor=0.1, past=continue)": 8.5e-15,
  // CyclicLR takes a fraction by subtracting from 1 + k / length
  "cyclic(low=0.2, up=7, down=4)": 1.4e-15,
};

describe("optax and Keras", () => {
  test.each(jax.cases)("$spec over $totalSteps steps is $origin", ({ spec, totalSteps, factors }) => {
    expect(distance(parseSchedule(spec, totalSteps), factors)).toBeLessThanOrEqual(1e-15);
  });
});

describe("plateaus drop where and as the library does", () => {
  const all = [...torch.plateaus.map((one) => ({ ...one, origin: "torch" })), ...jax.plateaus];
  test.each(all)("$spec is $origin", ({ spec, sign = 1, factors }) => {
    let schedule = parseSchedule(spec, torch.metrics.length);
    factors.forEach((factor, i) => {
      const metric = torch.metrics[i]!;
      const shown = metric === null ? Number.NaN : sign === 1 ? metric : 10 - metric;
      schedule = schedule.after(i, shown);
      expect(Math.abs(schedule.at(i) - factor), `after metric ${i}`).toBeLessThanOrEqual(1e-15);
    });
    expect(new Set(factors).size).toBeGreaterThan(1); // something happened
  });
});
