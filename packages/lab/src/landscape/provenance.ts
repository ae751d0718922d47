/** What a landscape is of, in the one line that its picture carries, from the facts that its folder keeps. */
import type { JsonObject } from "@thalweg/train";

export function provenance(facts: JsonObject): string {
  const { model, minus, architecture, parameters, centre, plane, grid } = facts;
  const { data, set, examples, seed, batchNorm, mode, date } = facts;
  return [
    `${model} (${architecture}, ${parameters} parameters, ${centre})`,
    ...(minus === undefined ? [] : [`minus ${minus} (${facts.minusCentre})`]),
    `${data} ${set}, ${examples} examples, seed ${seed}`,
    String(plane),
    `range ${(grid as string[]).map((axis) => axis.replaceAll("-", "−")).join(" × ")}`,
    `batch normalisation ${batchNorm}, ${mode} mode`,
    String(date),
  ].join(" · ");
}
