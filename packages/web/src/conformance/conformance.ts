/**
 * Whether a rule does what other people's code does, found out here and now: recorded gradients go through the rule in this page, by the float64 interpreter and by
 * the compiled kernel, and the parameters after each step are compared with the recorded ones.
 */

import list, { type RecordingEntry } from "virtual:recordings";
import { type NamedData, parseRecording, type Replay, replay } from "@thalweg/optim";
import { config } from "zod";

config({ jitless: true }); // the page's policy forbids what zod would try first

const urls = import.meta.glob<string>("../../../optim/fixtures/trajectories/*.json", {
  query: "?url",
  import: "default",
  eager: true,
});

export type { RecordingEntry };

/** Largest relative error of any element after any step. */
export interface Conformance {
  readonly reference: number;
  readonly wasm: number;
}

/** The recordings in which a rule or transform takes part. */
export const recordingsOf = (name: string): readonly RecordingEntry[] =>
  list.filter(({ names }) => names.includes(name));

/** Replay one recording. Rejects when it cannot be fetched or read. */
export async function checkRecording({ file }: RecordingEntry): Promise<Conformance> {
  const response = await fetch(urls[`../../../optim/fixtures/trajectories/${file}`]!);
  if (!response.ok)
    throw new Error(`Cannot fetch the recording ${file}: the server answered ${response.status}`);
  const written = (await response.json()) as { expected: Replay };
  const recording = parseRecording(written);
  return {
    reference: largestError(replay(recording, "reference"), written.expected),
    wasm: largestError(replay(recording, "wasm"), written.expected),
  };
}

export function largestError(found: Replay, expected: Replay): number {
  const errors = expected.steps.flatMap(({ parameters }, s) =>
    relativeErrors(found.steps[s]!.parameters, parameters),
  );
  return errors.reduce(
    (worst, error) => Math.max(worst, Number.isNaN(error) ? Number.POSITIVE_INFINITY : error),
    0,
  );
}

const relativeErrors = (found: readonly NamedData[], expected: readonly NamedData[]): number[] =>
  expected.flatMap(({ data }, p) => data.map((value, i) => Math.abs((found[p]!.data[i]! - value) / value)));
