import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { imageSize, loadDataset, type NpyArray, normalizationTable, serializeNpz } from "@thalweg/data";
import { readOnnx } from "@thalweg/graph";
import { rules, withHyper } from "@thalweg/optim";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, describe, expect, test } from "vitest";
import { planRun, train } from "../compare/train.ts";
import { trainedTensors } from "../compare/trained.ts";
import { runTrial } from "../compare/trial.ts";
import { readRuleSpec } from "../rules/index.ts";
import { exportModel } from "../tasks/export.ts";
import { describeTaskFile, type TaskFile } from "../tasks/from-file.ts";
import { loadTaskFile } from "../tasks/load.ts";
import { runCli } from "./testing.ts";

// inside the package, so that modules find @thalweg/nn from there
const root = mkdtempSync(fileURLToPath(new URL("../../test-", import.meta.url)));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/onnx/${name}`, import.meta.url));
const MODEL = fixture("digits-cnn.onnx");
const TRAINING_FORM = fixture("digits-cnn.training.onnx");

/** Run `thalweg train` with --json; what it printed. */
async function trained(...words: string[]) {
  const { code, out, err } = await runCli(["train", ...words, "--json"]);
  expect({ code, err }).toMatchObject({ code: 0 });
  return JSON.parse(out);
}

/** Train a file in this thread, without the time that another takes to start: evaluations, and the export's place. */
async function trainedHere(
  name: string,
  path: string,
  rule: string,
  { steps, ...file }: { steps?: number } & Omit<TaskFile, "path" | "sha256" | "data"> = {},
) {
  const loaded = await loadTaskFile(describeTaskFile(path, { data: "digits", ...file }), { say() {} });
  const asked = { rule: readRuleSpec(rule).rule, schedule: "constant", seed: 1, test: true };
  const config = await planRun(loaded, { ...asked, steps: steps ?? loaded.task.steps });
  const folder = join(root, name);
  const result = await runTrial(config, { ...loaded, folder });
  const out = `${folder}.onnx`;
  writeFileSync(out, exportModel(loaded, await trainedTensors(config, loaded, folder)));
  return { ...result, config, out, testAccuracy: result.evaluations.at(-1)!.testAccuracy! };
}

/** Share of the digits' test images that a classifier gets right, by ONNX Runtime alone. */
async function accuracyOnDigits(file: string, batch = 0): Promise<number> {
  const digits = await loadDataset("digits");
  const { images, labels, count } = digits.test;
  const table = normalizationTable(digits);
  const pixels = Float32Array.from(images, (pixel) => table[pixel]!);
  const size = imageSize(digits.test);
  const session = await InferenceSession.create(file);
  let right = 0;
  const step = batch || count;
  for (let at = 0; at < count; at += step) {
    const x = new Tensor("float32", pixels.slice(at * size, (at + step) * size), [step, 1, 8, 8]);
    const [output] = Object.values(await session.run({ [session.inputNames[0]!]: x }));
    const scores = output!.data as Float32Array;
    for (let i = 0; i < step; i++) {
      const row = scores.subarray(10 * i, 10 * i + 10);
      if (row.indexOf(Math.max(...row)) === labels[at + i]) right++;
    }
  }
  await session.release();
  return right / count;
}

const valuesOf = (file: string, name: string) => [
  ...readOnnx(readFileSync(file)).initializers.get(name)!.data,
];

describe("train of an ONNX file", () => {
  test("fine-tunes it, and exports the same file with what was learnt", async () => {
    const out = join(root, "tuned.onnx");
    const folder = join(root, "tuned");
    const line = [MODEL, "--data", "digits", "--rule", "adamw", "--set", "lr=0.01", "--steps", "100"];
    const { evaluations, config } = await trained(...line, "--out", folder, "--export", out);
    expect(config).toMatchObject({ task: "digits-cnn", file: { path: MODEL, data: "digits" } });
    const { testAccuracy } = evaluations.at(-1);
    expect(testAccuracy).toBeGreaterThan(0.7);
    expect(await accuracyOnDigits(out)).toBe(testAccuracy);
    expect(readOnnx(readFileSync(out)).outputs).toEqual(["logits"]);
    expect(valuesOf(out, "1.running_mean")).toEqual(valuesOf(MODEL, "1.running_mean")); // the file normalises by them

    const again = join(root, "again.onnx");
    const found = await trained("--resume", folder, "--export", again);
    expect(found).toMatchObject({ reused: true, evaluations });
    expect(readFileSync(again).equals(readFileSync(out))).toBe(true);
  });

  test("takes batches where the file was exported for one example", async () => {
    const fixed = fixture("digits-cnn.fixed.onnx");
    const { config, out, testAccuracy } = await trainedHere("fixed", fixed, "adamw(lr=0.01)", { steps: 60 });
    expect(config.batchSize).toBe(32);
    expect(testAccuracy).toBeGreaterThan(0.6);
    expect(await accuracyOnDigits(out, 1)).toBe(testAccuracy);
  });

  test("moves running statistics and drops where the file says so, and evaluates without either", async () => {
    const rule = "sgd(lr=0.05)";
    const { out, testAccuracy, evaluations } = await trainedHere("statistics", TRAINING_FORM, rule, {
      steps: 60,
    });
    expect(testAccuracy).toBeGreaterThan(0.6);
    expect(valuesOf(out, "1.running_mean")).not.toEqual(valuesOf(TRAINING_FORM, "1.running_mean"));
    const bent = await trainedHere("bent", TRAINING_FORM, rule, { steps: 60, mode: "inference" });
    expect(bent.evaluations.map((one) => one.trainLoss)).not.toEqual(evaluations.map((one) => one.trainLoss));
    expect(valuesOf(bent.out, "1.running_mean")).toEqual(valuesOf(TRAINING_FORM, "1.running_mean"));
  });

  test("leaves what is frozen as it is", async () => {
    const { out } = await trainedHere("frozen", MODEL, "sgd", { steps: 5, freeze: ["0.*", "1.*"] });
    for (const name of ["0.weight", "0.bias", "1.weight", "1.running_var"]) {
      expect(valuesOf(out, name)).toEqual(valuesOf(MODEL, name));
    }
    expect(valuesOf(out, "6.weight")).not.toEqual(valuesOf(MODEL, "6.weight"));
  });

  test("writes nothing of a run that diverged, and says so", async () => {
    const out = join(root, "diverged.onnx");
    const line = ["train", MODEL, "--data", "digits", "--rule", "sgd", "--set", "lr=1e6", "--export", out];
    const { code, out: text, err } = await runCli([...line, "--out", join(root, "diverged")]);
    expect(code).toBe(0);
    expect(text).toMatch(/^Diverged at step \d+/m);
    expect(err).toContain(`Not written: ${out}, as the run diverged`);
    expect(existsSync(out)).toBe(false);
  });

  test("exports the average that a rule evaluates with", async () => {
    const rule = "sgd(lr=0.1) > ema(averageDecay=0.9)";
    const { out, testAccuracy } = await trainedHere("average", MODEL, rule, { steps: 40 });
    expect(await accuracyOnDigits(out)).toBe(testAccuracy);
  });

  test("learns values by their squared error, and has no accuracy then", async () => {
    const count = 200;
    const at = (i: number) => ((i * 7919) % 101) / 50 - 1;
    const x: NpyArray = {
      shape: [count, 1, 8, 8],
      data: Float32Array.from({ length: count * 64 }, (_, i) => at(i)),
    };
    const y: NpyArray = {
      shape: [count, 10],
      data: Float32Array.from({ length: count * 10 }, (_, i) => at(i) / 10),
    };
    const data = join(root, "values.npz");
    writeFileSync(
      data,
      serializeNpz(
        new Map([
          ["x", x],
          ["y", y],
        ]),
      ),
    );
    const line = [
      "train",
      MODEL,
      "--data",
      data,
      "--rule",
      "adam",
      "--steps",
      "100",
      "--out",
      join(root, "values"),
    ];
    const { code, out } = await runCli(line);
    expect(code).toBe(0);
    expect(out).toMatch(/^Test loss 0\.\d{6}$/m);
    const [first, last] = (await trained("--resume", join(root, "values"))).evaluations.filter(
      (_: unknown, k: number, all: unknown[]) => k === 0 || k === all.length - 1,
    );
    expect(last.testLoss).toBeLessThan(first.testLoss / 10);
    expect(last).not.toHaveProperty("testAccuracy");
  });

  test("goes on bit for bit after an interruption, and refuses a file that has changed", async () => {
    const model = join(root, "own.onnx");
    cpSync(TRAINING_FORM, model);
    const loaded = await loadTaskFile(describeTaskFile(model, { data: "digits" }), { say() {} });
    const rule = withHyper(rules.adamw!, { lr: 0.01 });
    const config = await planRun(loaded, { rule, schedule: "cosine", steps: 150, seed: 1, test: true });
    const stop = new AbortController();
    const folder = join(root, "interrupted");
    const onEvaluation = ({ step }: { step: number }) => step === 50 && stop.abort();
    const half = await train({ config, loaded, folder, signal: stop.signal, onEvaluation });
    expect(half.end).toBe("interrupted");
    const resumed = await trained("--resume", folder);
    const whole = await train({ config, loaded, folder: join(root, "whole") });
    const numbers = ({ evaluations }: typeof whole) =>
      evaluations.map(({ seconds: _, ...measures }) => measures);
    expect(JSON.stringify(numbers(resumed))).toBe(JSON.stringify(numbers(whole)).replaceAll("null", '"NaN"'));

    writeFileSync(model, readFileSync(MODEL));
    const { code, err } = await runCli(["train", "--resume", folder]);
    expect(code).toBe(2);
    expect(err).toMatch(/own\.onnx as it must be the file that the run began with: it has changed/);
  });
});

describe("other commands on files", () => {
  test("compare tunes rules on an ONNX file, and records the command", async () => {
    const line = ["compare", MODEL, "--data", "digits", "--freeze", "0.*", "--rules", "sgd,adamw"];
    const more = [
      "--budget",
      "1",
      "--seeds",
      "2",
      "--steps",
      "30",
      "--out",
      join(root, "compared"),
      "--json",
    ];
    const { code, out, err } = await runCli([...line, ...more]);
    expect({ code, err }).toMatchObject({ code: 0 });
    const { task, rules } = JSON.parse(out);
    expect(task).toMatchObject({ name: "digits-cnn", dataset: { name: "digits" } });
    expect(rules.map(({ runs }: { runs: unknown[] }) => runs.length)).toEqual([2, 2]);
    expect(out).toContain("--data digits --freeze '0.*' --rules sgd,adamw --budget 1 --seeds 2");
  });

  test("find-lr tests rates on an ONNX file", async () => {
    const line = [
      "find-lr",
      MODEL,
      "--data",
      "digits",
      "--rule",
      "sgd",
      "--seeds",
      "1",
      "--steps",
      "60",
      "--json",
    ];
    const { code, out, err } = await runCli(line);
    expect({ code, err }).toMatchObject({ code: 0 });
    const { suggestion } = JSON.parse(out);
    expect(suggestion).toBeGreaterThan(1e-3);
    expect(suggestion).toBeLessThan(10);
  });
});

describe("train of a TypeScript file", () => {
  const write = (name: string, text: string) => {
    const path = join(root, name);
    writeFileSync(path, text);
    return path;
  };

  test("trains a module of nn as a classifier, and exports it", async () => {
    const path = write(
      "classifier.ts",
      `import { flatten, linear, relu, sequential } from "@thalweg/nn";
       const width: number = 24;
       export default sequential(flatten(), linear(64, width), relu(), linear(width, 10));`,
    );
    const out = join(root, "classifier.onnx");
    const line = [
      path,
      "--data",
      "digits",
      "--rule",
      "adamw",
      "--set",
      "lr=0.01",
      "--steps",
      "100",
      "--export",
      out,
    ];
    const { evaluations, config } = await trained(...line, "--out", join(root, "classifier"));
    expect(config).toMatchObject({ task: "classifier", file: { path } });
    expect(evaluations.at(-1).testAccuracy).toBeGreaterThan(0.8);
    expect(await accuracyOnDigits(out, 1)).toBe(evaluations.at(-1).testAccuracy);
  });

  test("trains a language model on tokens, with a label at each place", async () => {
    // each token follows from the one before: 3t + 1 mod 7
    const [count, length] = [240, 6];
    const text = (of: number) =>
      Array.from({ length: length + 1 }).reduce<number[]>(
        (all) => [...all, (3 * all.at(-1)! + 1) % 7],
        [of % 7],
      );
    const places = (shift: number): NpyArray => ({
      shape: [count, length],
      data: Int32Array.from(
        { length: count * length },
        (_, i) => text(Math.floor(i / length))[(i % length) + shift]!,
      ),
    });
    const data = join(root, "tokens.npz");
    writeFileSync(
      data,
      serializeNpz(
        new Map([
          ["x", places(0)],
          ["y", places(1)],
        ]),
      ),
    );
    const path = write(
      "language.ts",
      `import { gpt } from "@thalweg/nn";
       export default ([context]: readonly number[], vocabulary: number) =>
         gpt({ vocabulary, context: context!, layers: 1, heads: 2, width: 16 });`,
    );
    const out = join(root, "language.onnx");
    const line = [
      path,
      "--data",
      data,
      "--rule",
      "adamw",
      "--set",
      "lr=0.01",
      "--steps",
      "150",
      "--export",
      out,
    ];
    const { evaluations } = await trained(...line, "--out", join(root, "language"));
    expect(evaluations[0].testAccuracy).toBeLessThan(0.5);
    expect(evaluations.at(-1)).toMatchObject({ testAccuracy: 1 });
    expect(readOnnx(readFileSync(out)).inputs).toMatchObject([
      { name: "x", dtype: "int32", sizes: [1, length] },
    ]);
  });

  test("takes a function of the data, and an object with settings of its own", async () => {
    const path = write(
      "settings.ts",
      `import { flatten, linear, sequential } from "@thalweg/nn";
       import { classifier } from "@thalweg/train";
       export default {
         steps: 20,
         batchSize: 16,
         model: (shape: readonly number[], classes: number) =>
           classifier(sequential(flatten(), linear(shape.reduce((a, b) => a * b, 1), classes)), shape),
       };`,
    );
    const { config, step } = await trainedHere("settings", path, "sgd");
    expect([config.steps, config.batchSize, step]).toEqual([20, 16, 20]);
  });
});
