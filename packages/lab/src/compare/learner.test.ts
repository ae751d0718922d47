import { type Dataset, loadDataset } from "@thalweg/data";
import { describe, expect, test } from "vitest";
import { tasks } from "../tasks/index.ts";
import { checkComparable } from "./learner.ts";

/** A dataset by its form alone. */
const ofForm = (shape: number[], classes: number): Dataset =>
  ({
    name: "made-up",
    train: { shape },
    classes: Array.from({ length: classes }, String),
  }) as unknown as Dataset;

describe("checkComparable()", () => {
  test("takes what has right answers, of whatever loss", async () => {
    for (const [name, dataset] of [
      ["spiral-mlp", await loadDataset("spiral")],
      ["hmm-gru", ofForm([32], 32)],
      ["mnist14-mlp", ofForm([1, 14, 14], 10)],
    ] as const) {
      expect(() => checkComparable(tasks[name]!, dataset)).not.toThrow();
    }
  });

  test("refuses what has none, though its data may have classes", () => {
    expect(() => checkComparable(tasks["mnist14-vae"]!, ofForm([1, 14, 14], 10))).toThrow(
      "Cannot compare rules on mnist14-vae as a comparison counts right answers: there are none on made-up",
    );
    expect(() => checkComparable(tasks["pinn-poisson"]!, ofForm([2], 0))).toThrow("thalweg study");
  });
});
