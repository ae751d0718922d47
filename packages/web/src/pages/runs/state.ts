/** What the page of runs shows, as it stands in its address: words that are not known count as left out. */
import type { Query } from "../../router.svelte.ts";
import { BANDS, type Band, CENTRES, type Centre } from "./aggregate.ts";
import { X_AXES, type XName } from "./axes.ts";
import { GROUPINGS, type Grouping } from "./groups.ts";

export interface RunsState {
  readonly filter: string;
  readonly grouping: Grouping;
  readonly x: XName;
  /** Measures; none for the usual one. */
  readonly y: readonly string[];
  readonly logX: boolean;
  readonly logY: boolean;
  /** Weight of a running mean, in [0, 0.99]. */
  readonly smoothing: number;
  readonly centre: Centre;
  readonly band: Band;
  /** Groups that are not drawn. */
  readonly hidden: readonly string[];
  readonly zoom: readonly [number, number] | undefined;
}

const oneOf = <T extends string>(text: string | undefined, among: readonly T[]): T =>
  among.find((one) => one === text) ?? among[0]!;

const words = (text: string | undefined): string[] => (text ?? "").split(",").filter((word) => word !== "");

export function readState(query: Query): RunsState {
  const smoothing = Number(query.smooth ?? 0);
  const zoom = (query.zoom ?? "").split(":").map(Number);
  return {
    filter: query.filter ?? "",
    grouping: oneOf(query.group, Object.keys(GROUPINGS) as Grouping[]),
    x: oneOf(query.x, Object.keys(X_AXES) as XName[]),
    y: words(query.y),
    logX: words(query.log).includes("x"),
    logY: words(query.log).includes("y"),
    smoothing: smoothing >= 0 && smoothing <= 0.99 ? smoothing : 0,
    centre: oneOf(query.centre, CENTRES),
    band: oneOf(query.band, BANDS),
    hidden: words(query.hidden),
    zoom:
      zoom.length === 2 && zoom.every(Number.isFinite) && zoom[1]! > zoom[0]!
        ? [zoom[0]!, zoom[1]!]
        : undefined,
  };
}

/** Entries of the address for a change; what is as usual is left out of it. */
export function writeState(change: Partial<RunsState>, now: RunsState): Query {
  const next = { ...now, ...change };
  return {
    filter: next.filter,
    group: next.grouping === "seed" ? "" : next.grouping,
    x: next.x === "step" ? "" : next.x,
    y: next.y.join(","),
    log: [next.logX ? "x" : "", next.logY ? "y" : ""].filter(Boolean).join(","),
    smooth: next.smoothing === 0 ? "" : String(next.smoothing),
    centre: next.centre === "mean" ? "" : next.centre,
    band: next.band === "range" ? "" : next.band,
    hidden: next.hidden.join(","),
    zoom: next.zoom === undefined ? "" : next.zoom.map((value) => Number(value.toPrecision(6))).join(":"),
  };
}
