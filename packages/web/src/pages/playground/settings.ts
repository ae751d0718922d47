/**
 * All that the playground shows, as the address has it, so that a link is an experiment. Numbers that make no sense are brought into their range: somebody may
 * have typed them.
 */

import { type OwnRules, type RacerText, readOwnRules, readRacers } from "../../race/racer.ts";
import { type Pair, surfaces } from "../../race/surface.ts";
import type { Query } from "../../router.svelte.ts";

export const FIRST_RACE =
  "sgd(lr=0.001) | momentum(lr=0.0003) | rmsprop(lr=0.02) | adam(lr=0.05) | lion(lr=0.02)";

export interface Settings {
  /** A name of `surfaces`; empty where a function is typed. */
  readonly on: string;
  /** The typed function. */
  readonly f: string;
  /** Absent: the surface's own. */
  readonly start: Pair | undefined;
  readonly steps: number;
  readonly noise: number;
  readonly seeds: number;
  readonly racers: readonly RacerText[];
  readonly own: OwnRules;
  readonly selected: number;
  readonly view: "map" | "3d";
  readonly chart: "loss" | "rates" | "terms";
  /** The editor of the selected rule's formula is open. */
  readonly editing: boolean;
  readonly speed: number;
}

export const MOST = { steps: 5_000, seeds: 25, racers: 16 } as const;

export function readSettings(query: Query): Settings {
  const f = query.f ?? "";
  const racers = readRacers(query.rules ?? FIRST_RACE).slice(0, MOST.racers);
  const on = f === "" ? (Object.hasOwn(surfaces, query.on ?? "") ? query.on! : "rosenbrock") : "";
  return {
    on,
    f,
    start: readPair(query.start),
    steps: whole(query.steps, 300, 1, MOST.steps),
    noise: real(query.noise, 0, 0, 1e6),
    seeds: whole(query.seeds, 5, 1, MOST.seeds),
    racers,
    own: readOwnRules(query.own ?? ""),
    selected: whole(query.sel, 0, 0, Math.max(0, racers.length - 1)),
    view: query.view === "3d" ? "3d" : "map",
    chart: query.chart === "rates" || query.chart === "terms" ? query.chart : "loss",
    editing: query.edit === "1",
    speed: real(query.speed, 1, 0.05, 64),
  };
}

function readPair(text: string | undefined): Pair | undefined {
  const [x, y, ...more] = (text ?? "")
    .split(",")
    .map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  return Number.isFinite(x) && Number.isFinite(y) && more.length === 0 ? [x!, y!] : undefined;
}

function real(text: string | undefined, fallback: number, least: number, most: number): number {
  const value = text === undefined || text === "" ? Number.NaN : Number(text);
  return Number.isNaN(value) ? fallback : Math.min(most, Math.max(least, value));
}

const whole = (text: string | undefined, fallback: number, least: number, most: number): number =>
  Math.round(real(text, fallback, least, most));

/** Four digits: as many as a person reads. */
export const brief = (value: number): string =>
  Number.isFinite(value)
    ? String(Number(value.toPrecision(4))).replace("-", "−")
    : value > 0
      ? "∞"
      : value < 0
        ? "−∞"
        : "–";
