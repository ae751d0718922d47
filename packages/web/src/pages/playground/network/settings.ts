/** All that the network's playground shows, as the address has it. */

import { EXAMPLES } from "../../../network/examples.ts";
import { ACTIVATIONS, type ActivationName } from "../../../network/names.ts";
import { type OwnRules, type RacerText, readOwnRules, readRacers } from "../../../race/racer.ts";
import type { Query } from "../../../router.svelte.ts";

export const FIRST_CONTEST = "sgd(lr=0.1) | adam(lr=0.01) | muon(lr=0.02)";

export interface NetworkSettings {
  readonly set: string;
  /** Noise of the points, 0 to 0.5. */
  readonly spread: number;
  readonly hidden: readonly number[];
  readonly activation: ActivationName;
  readonly batchSize: number;
  readonly seed: number;
  readonly steps: number;
  readonly racers: readonly RacerText[];
  readonly own: OwnRules;
  readonly selected: number;
}

export const MOST = { width: 128, layers: 5, batchSize: 400, racers: 8, steps: 100_000 } as const;

export function readNetworkSettings(query: Query): NetworkSettings {
  const racers = readRacers(query.nets ?? FIRST_CONTEST).slice(0, MOST.racers);
  return {
    set: Object.hasOwn(EXAMPLES, query.set ?? "") ? query.set! : "spiral",
    spread: real(query.spread, 0.1, 0, 0.5),
    hidden: readWidths(query.hidden ?? "16,16"),
    activation: ACTIVATIONS.find((name) => name === query.act) ?? "tanh",
    batchSize: Math.round(real(query.batch, 32, 1, MOST.batchSize)),
    seed: Math.round(real(query.seed, 1, 0, 1e9)),
    steps: Math.round(real(query.upto, 3_000, 1, MOST.steps)),
    racers,
    own: readOwnRules(query.own ?? ""),
    selected: Math.round(real(query.nsel, 0, 0, Math.max(0, racers.length - 1))),
  };
}

/** `16,16`; what is no width is left out. */
export const readWidths = (text: string): number[] =>
  text
    .split(",")
    .map((part) => Math.round(Number(part)))
    .filter((width) => width >= 1 && width <= MOST.width)
    .slice(0, MOST.layers);

function real(text: string | undefined, fallback: number, least: number, most: number): number {
  const value = text === undefined || text === "" ? Number.NaN : Number(text);
  return Number.isNaN(value) ? fallback : Math.min(most, Math.max(least, value));
}
