/** Some of these tasks fetch their data, from npm's registry and a Debian mirror. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { taskFacts } from "../compare/task-facts.ts";
import { fingerprints } from "./fingerprints.ts";
import { benchmark, tasks } from "./index.ts";
import { loadTask } from "./load.ts";

/** By NumPy and scipy: see fixtures/tasks.make.py. */
const known = JSON.parse(readFileSync(new URL("../../fixtures/tasks.json", import.meta.url), "utf8")) as {
  "quad-deep": { initialTest: number; floor: number };
  "logreg-digits": { floor: number };
};

describe("taskFacts()", () => {
  test.each(benchmark.map(({ name }) => name))("finds %s as it was frozen", async (name) => {
    const { task, dataset } = await loadTask(tasks[name]!, { say() {}, fallBack: false });
    const [found, frozen] = [(await taskFacts(task, dataset)).fingerprint, fingerprints[name]!].map((text) =>
      text.split("-"),
    );
    expect(found![0]).toBe(frozen![0]); // the data, exactly
    expect(Number(found![1]) / Number(frozen![1])).toBeCloseTo(1, 5); // the loss, as other processors sum in other orders
  });
});

describe("quad-deep", () => {
  test("starts from the loss that NumPy finds, and was published", () => {
    expect(fingerprints["quad-deep"]!.split("-")[1]).toBe(known["quad-deep"].initialTest.toPrecision(6));
    expect(known["quad-deep"].initialTest).toBeCloseTo(353.44676426, 5);
  });
});

describe("floors", () => {
  test.each(["quad-deep", "logreg-digits"] as const)("that of %s is what NumPy and scipy find", (name) => {
    expect(tasks[name]!.metric.floor).toBe(known[name].floor);
  });
});
