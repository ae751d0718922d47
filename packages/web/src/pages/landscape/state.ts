/** What the page of landscapes shows, as it stands in its address; words that are not known count as left out. */
import type { Query } from "../../router.svelte.ts";
import { SCALES, type ScaleName } from "./height-scale.ts";
import type { View } from "./view.ts";
import { FIRST_VIEW } from "./view.ts";

export interface LandscapeState {
  /** Further landscapes beside the first, by key. */
  readonly beside: readonly string[];
  readonly field: string;
  readonly scale: ScaleName;
  /** Share of points whose heights are not cut. */
  readonly clip: number;
  readonly levels: number;
  readonly lines: boolean;
  readonly relief: number;
  /** Share of the courses that is shown. */
  readonly until: number;
  readonly difference: boolean;
  readonly flat: boolean;
  readonly view: View;
}

const number = (text: string | undefined, usual: number, least: number, most: number): number => {
  const value = text === undefined || text === "" ? usual : Number(text);
  return value >= least && value <= most ? value : usual;
};

export function readState(query: Query): LandscapeState {
  const [azimuth, polar, distance] = (query.view ?? "").split(",").map(Number);
  const view = {
    azimuth: azimuth ?? Number.NaN,
    polar: polar ?? Number.NaN,
    distance: distance ?? Number.NaN,
  };
  return {
    beside: (query.beside ?? "").split(",").filter((key) => key !== ""),
    field: query.field ?? "loss",
    scale: SCALES.find((name) => name === query.scale) ?? "auto",
    clip: number(query.clip, 1, 0.05, 1),
    levels: Math.round(number(query.levels, 18, 2, 60)),
    lines: query.lines !== "no",
    relief: number(query.relief, 0.5, 0.05, 2),
    until: number(query.until, 1, 0, 1),
    difference: query.difference === "yes",
    flat: query.map === "only",
    view: Object.values(view).every(Number.isFinite) ? view : FIRST_VIEW,
  };
}

/** Entries of the address for a change; what is as usual is left out of it. */
export function writeState(change: Partial<LandscapeState>, now: LandscapeState): Query {
  const next = { ...now, ...change };
  const { azimuth, polar, distance } = next.view;
  const view = [azimuth, polar, distance].map((value) => value.toFixed(3)).join(",");
  const first = [FIRST_VIEW.azimuth, FIRST_VIEW.polar, FIRST_VIEW.distance]
    .map((value) => value.toFixed(3))
    .join(",");
  const unusual = (value: number, usual: number) => (value === usual ? "" : String(Number(value.toFixed(3))));
  return {
    beside: next.beside.join(","),
    field: next.field === "loss" ? "" : next.field,
    scale: next.scale === "auto" ? "" : next.scale,
    clip: unusual(next.clip, 1),
    levels: unusual(next.levels, 18),
    lines: next.lines ? "" : "no",
    relief: unusual(next.relief, 0.5),
    until: unusual(next.until, 1),
    difference: next.difference ? "yes" : "",
    map: next.flat ? "only" : "",
    view: view === first ? "" : view,
  };
}
