/** What the command line does not reach: parameters that are not finite, the stages, the parts of the data. */
import { describe, expect, test } from "vitest";
import { measureCurvature } from "./measure.ts";
import { examplesOf, loadPlace } from "./place.ts";

const load = { say: () => {}, env: {} };
const common = { part: "train", samples: 50, seed: 0, matrix: "hessian", top: 1, effort: "quick" } as const;

describe("measureCurvature()", () => {
  test("says so where the loss is not finite, and releases what it compiled", async () => {
    const place = await loadPlace("digits-mlp", {}, load);
    place.vector.parameters.fill(Number.NaN);
    await expect(measureCurvature({ ...common, place })).rejects.toThrow(
      "Cannot measure the curvature of digits-mlp as its loss must be finite: it is NaN; has the run diverged?",
    );
  });

  test("tells its stages in order, and counts every product", async () => {
    const place = await loadPlace("digits-mlp", {}, load);
    const stages: string[] = [];
    const report = await measureCurvature({ ...common, place, onStage: (stage) => stages.push(stage) });
    expect(stages).toEqual([
      "gradient",
      "eigenvalues",
      "trace",
      "spectral density",
      "sharpness",
      "stability",
    ]);
    const { largest, smallest, trace, density, products } = report;
    // and one along the gradient
    expect(products).toBe(largest.products + smallest.products + trace.products + density.products + 1);
  });
});

describe("examplesOf()", () => {
  test("gives three parts that have nothing in common", async () => {
    const { loaded } = (await loadPlace("digits-mlp", {}, load)).subject;
    const [train, validation, test] = (["train", "validation", "test"] as const).map((part) =>
      examplesOf(loaded, part),
    );
    const both = [...train!.among!, ...validation!.among!];
    expect(new Set(both).size).toBe(loaded.dataset.train.count);
    expect(validation!.among).toHaveLength(200);
    expect([test!.split, test!.among]).toEqual([loaded.dataset.test, undefined]);
  });
});
