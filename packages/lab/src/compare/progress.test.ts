import { Writable } from "node:stream";
import { describe, expect, test } from "vitest";
import type { ProgressEvent } from "./compare.ts";
import { showProgress } from "./progress.ts";

/** The events of a comparison of two rules: 2 trials, 1 seed each. */
const event = (done: number, changes: Partial<ProgressEvent>): ProgressEvent => ({
  ...{ rule: "sgd", phase: "trial", index: 0, hyper: { lr: 0.1 }, reused: false, done, total: 6 },
  result: { end: "finished", step: 9, gradients: 9, seconds: 1, evaluations: [] },
  ...changes,
});
const ended = (measures: Record<string, number>): ProgressEvent["result"] => ({
  ...{ end: "finished", step: 9, gradients: 9, seconds: 1 },
  evaluations: [{ step: 9, gradients: 9, trainLoss: 1, seconds: 1, ...measures }],
});
const diverged: ProgressEvent["result"] = { ...ended({ validationLoss: Number.NaN }), end: "diverged" };
const EVENTS = [
  event(1, { result: ended({ validationLoss: 0.5 }), reused: true }),
  event(2, { result: ended({ validationLoss: 0.25 }), hyper: { lr: 0.3 } }),
  event(3, { rule: "adamw", result: diverged }),
  event(4, { rule: "adamw", result: diverged }),
  event(5, { phase: "final", index: 43, result: ended({ testAccuracy: 0.9125 }) }),
  event(6, { rule: "adamw", phase: "final", index: 43, result: diverged }),
];

function show(events: readonly ProgressEvent[], terminal: boolean): string {
  let written = "";
  const stream = new Writable({
    write(chunk, _, done) {
      written += chunk;
      done();
    },
  });
  const screen = { isTTY: terminal, columns: 100, rows: 30, cursorTo() {}, clearLine() {}, moveCursor() {} };
  const progress = showProgress({
    rules: ["sgd", "adamw"],
    budget: 2,
    seeds: 1,
    stream: Object.assign(stream, screen),
  });
  for (const one of events) progress.update(one);
  progress.stop();
  progress.update(event(6, {}));
  progress.stop();
  return written;
}

describe("showProgress()", () => {
  test("writes a plain line when a rule's trials or seeds are done, where nobody watches", () => {
    expect(show(EVENTS, false)).toBe(
      [
        "[2/6] sgd    2 trials: best validation loss 0.2500 nat at lr 0.30, 1 found from before",
        "[4/6] adamw  2 trials: all diverged",
        "[5/6] sgd    1 seeds: mean test accuracy 91.25 %, 1 found from before",
        "[6/6] adamw  1 seeds: diverged",
        "",
      ].join("\n"),
    );
  });

  test("draws a bar per rule and a total on a terminal, and leaves the cursor as it was", () => {
    const written = show(EVENTS, true);
    expect(written).toContain("sgd   ━");
    expect(written).toContain("seed 1/1  mean test accuracy 91.25 %");
    expect(written).toContain("6/6 runs");
    expect(written.lastIndexOf("\x1b[?25h")).toBeGreaterThan(written.lastIndexOf("\x1b[?25l"));
  });
});
