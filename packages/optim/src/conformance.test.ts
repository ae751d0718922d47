/** Every rule against the parameters that somebody else's code reached over the same gradients; see ../fixtures. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type NamedData, parseRecording, type Replay, replay } from "./replay.ts";

interface Fixture {
  expected: Replay;
  /** Where the usual bound cannot hold, what holds instead and why. */
  tolerance?: { reference?: number; wasm?: number; why: string };
}

const folder = new URL("../fixtures/trajectories/", import.meta.url);
const recordings = readdirSync(folder).map((file) => ({
  file,
  json: JSON.parse(readFileSync(new URL(file, folder), "utf8")) as Fixture,
}));

/** Largest relative error of any element at any step; the recordings keep every parameter away from zero. */
function largestError(found: Replay, expected: Replay): number {
  expect(found.steps.length).toBe(expected.steps.length);
  const errors = expected.steps.flatMap(({ parameters, view }, s) => {
    const step = found.steps[s]!;
    const ofView = view === undefined ? [] : relativeErrors(step.view!, view);
    return [...relativeErrors(step.parameters, parameters), ...ofView];
  });
  return errors.reduce((worst, error) => Math.max(worst, Number.isNaN(error) ? Infinity : error), 0);
}

const relativeErrors = (found: readonly NamedData[], expected: readonly NamedData[]): number[] =>
  expected.flatMap(({ name, data }, p) => {
    expect(found[p]!.name).toBe(name);
    expect(found[p]!.data.length).toBe(data.length);
    return data.map((value, i) => Math.abs((found[p]!.data[i]! - value) / value));
  });

describe("replay()", () => {
  it.each(recordings)("$file: the reference interpreter follows the recording to 1e-12", ({ json }) => {
    const error = largestError(replay(parseRecording(json), "reference"), json.expected);
    expect(error).toBeLessThan(json.tolerance?.reference ?? 1e-12);
  });

  it.each(recordings)("$file: the fused kernel follows the recording to 2e-6", ({ json }) => {
    const error = largestError(replay(parseRecording(json), "wasm"), json.expected);
    expect(error).toBeLessThan(json.tolerance?.wasm ?? 2e-6);
  });
});
