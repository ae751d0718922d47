/** DeepOBS' problems: their sizes, and that each of them learns on made-up data of its form. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Dataset } from "@thalweg/data";
import { countParameters } from "@thalweg/nn";
import { stream } from "@thalweg/random";
import { afterAll, describe, expect, test } from "vitest";
import { runTrial, trialConfig } from "../compare/trial.ts";
import { readRuleSpec } from "../rules/index.ts";
import { deepobs } from "./deepobs.ts";

const folder = mkdtempSync(join(tmpdir(), "deepobs-"));
afterAll(() => rmSync(folder, { recursive: true }));

const GREY = { shape: [1, 28, 28], classes: 10 };
const COLOUR = { shape: [3, 32, 32], classes: 10 };

/** weights + biases, layer by layer; TensorFlow's LSTM has one bias where torch has two, hence 2 × 512 more than DeepOBS. */
const SIZES: Readonly<Record<string, { shape: number[]; classes: number; parameters: number }>> = {
  logreg: { ...GREY, parameters: 7_850 },
  mlp: { ...GREY, parameters: 785_000 + 500_500 + 50_100 + 1_010 },
  "2c2d": { ...GREY, parameters: 832 + 51_264 + 3_212_288 + 10_250 },
  vae: {
    ...GREY,
    parameters: 1_088 + 2 * 65_600 + 2 * 25_096 + 216 + 1_225 + 1_088 + 2 * 65_600 + 9_835_280,
  },
  "3c3d": { ...COLOUR, parameters: 895_210 },
  allcnnc: {
    ...COLOUR,
    classes: 100,
    parameters: 2_688 + 2 * 83_040 + 166_080 + 3 * 331_968 + 37_056 + 19_300,
  },
  wrn164: { ...COLOUR, parameters: 2_748_890 },
  "char-rnn": { shape: [50], classes: 83, parameters: 83 * 128 + 2 * (131_072 + 1_024) + 10_707 },
};

/** Two batches of examples with labels that can be learnt. */
function madeUp({ shape, classes }: (typeof SIZES)[string], count: number): Dataset {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const random = stream(1, "made up");
  const isText = shape.length === 1;
  const whole = (n: number, below: number) => Int32Array.from({ length: n }, () => random.integer(below));
  const images = isText ? whole(count * size, classes) : Uint8Array.from(whole(count * size, 256));
  const labels = isText ? images.slice() : whole(count, classes);
  const split = { images, labels, count, shape, ...(isText && { labelShape: shape }) };
  const names = Array.from({ length: classes }, (_, k) => String(k));
  const form = { maximum: 255, mean: 0, std: 1, origin: "made up", fingerprint: "0".repeat(64) };
  return { name: "made-up", ...form, classes: names, train: split, test: split };
}

describe.each(deepobs.map((task) => [task.name, task] as const))("%s", (name, task) => {
  const key = Object.keys(SIZES).find((suffix) => name.endsWith(suffix))!;
  const known = SIZES[key]!;

  test("has as many parameters as DeepOBS' network, and whole epochs", () => {
    expect(countParameters(task.model(known.shape, known.classes).module)).toBe(known.parameters);
    expect(task.steps % task.evaluateEvery).toBe(0);
  });

  test("learns what it is shown", async () => {
    const dataset = madeUp(known, 12);
    const small = { ...task, batchSize: 8, validation: 4, evaluationBatch: 4, evaluateEvery: 10 };
    const { rule } = readRuleSpec("adam(lr=0.001)");
    const request = { rule, schedule: "constant", steps: 10, seed: 1, test: false };
    const place = { task: small, dataset, folder: join(folder, name) };
    const { end, evaluations } = await runTrial(trialConfig(small, "made-up", request), place);
    expect(end).toBe("finished");
    expect(evaluations.at(-1)!.trainLoss).toBeLessThan(evaluations[0]!.validationLoss!);
  });
});
