/** Every rule against the parameters that PyTorch (for Lion: its paper, in NumPy) reached over the same gradients. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseRecording, type Replay, replay } from "./replay.ts";

const folder = new URL("../fixtures/trajectories/", import.meta.url);
const recordings = readdirSync(folder).map((file) => ({
  file,
  json: JSON.parse(readFileSync(new URL(file, folder), "utf8")) as { expected: Replay },
}));

/** Largest relative error of any element at any step; the recordings keep every parameter away from zero. */
function largestError(found: Replay, expected: Replay): number {
  expect(found.steps.length).toBe(expected.steps.length);
  let worst = 0;
  expected.steps.forEach(({ parameters }, s) => {
    parameters.forEach(({ name, data }, p) => {
      const ours = found.steps[s]!.parameters[p]!;
      expect(ours.name).toBe(name);
      expect(ours.data.length).toBe(data.length);
      const errors = data.map((value, i) => Math.abs((ours.data[i]! - value) / value));
      worst = Math.max(worst, ...errors.map((error) => (Number.isNaN(error) ? Infinity : error)));
    });
  });
  return worst;
}

describe("replay()", () => {
  it.each(recordings)("$file: the reference interpreter follows the recording to 1e-12", ({ json }) => {
    expect(largestError(replay(parseRecording(json), "reference"), json.expected)).toBeLessThan(1e-12);
  });

  it.each(recordings)("$file: the fused kernel follows the recording to 2e-6", ({ json }) => {
    expect(largestError(replay(parseRecording(json), "wasm"), json.expected)).toBeLessThan(2e-6);
  });
});
