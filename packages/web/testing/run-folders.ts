/** Run folders as training leaves them (see `packages/train/src/run-folder.ts`), for tests of pages: written, not trained, so that they cost nothing. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface WrittenRun {
  readonly folder: string;
  readonly rule: string;
  readonly lr: number;
  readonly seed: number;
  /** Evaluations every ten steps. */
  readonly evaluations?: number;
  readonly diagnostics?: boolean;
}

const EVERY = 10;

/** A run of losses that fall to a floor, each seed a little otherwise. */
export function writeRun({
  folder,
  rule,
  lr,
  seed,
  evaluations = 31,
  diagnostics = false,
}: WrittenRun): void {
  mkdirSync(folder, { recursive: true });
  const steps = EVERY * (evaluations - 1);
  const links = [{ kind: "rule", name: rule, update: "\n    theta = theta - lr * g", source: "a test" }];
  const config = {
    ...{
      kind: "training",
      version: 2,
      task: "digits-mlp",
      taskFingerprint: "made-up",
      rule,
      links,
      hyper: { lr },
    },
    ...{
      bias: true,
      schedule: "constant",
      steps,
      batchSize: 32,
      evaluateEvery: EVERY,
      validation: 200,
      evaluationBatch: 500,
    },
    ...{ seed, test: true, engine: "a test", ...(diagnostics && { diagnostics: 0.1 }) },
  };
  const loss = (step: number) =>
    0.1 + 2.2 * Math.exp(-step * (0.02 + 0.002 * seed) * (rule === "sgd" ? 0.5 : 1));
  const lines = Array.from({ length: evaluations }, (_, k) => {
    const step = EVERY * k;
    const validationLoss = loss(step);
    return {
      step,
      gradients: step,
      trainLoss: step === 0 ? "NaN" : validationLoss,
      validationLoss,
      testLoss: 1.1 * validationLoss,
      testAccuracy: 1 - validationLoss / 2.5,
      seconds: step / 1e3,
    };
  });
  const log = [
    { format: "thalweg run", version: 1, id: "of a test" },
    ...lines,
    { end: "finished", step: steps, gradients: steps, seconds: steps / 1e3 },
  ];
  const text = (all: readonly object[]) => all.map((line) => `${JSON.stringify(line)}\n`).join("");
  writeFileSync(join(folder, "config.json"), `${JSON.stringify(config)}\n`);
  writeFileSync(join(folder, "run.jsonl"), text(log));
  if (diagnostics)
    writeFileSync(
      join(folder, "diagnostics.jsonl"),
      text(lines.slice(1).map(({ step }) => diagnosis(step, loss(step)))),
    );
}

function diagnosis(step: number, loss: number): object {
  const tensor = { weight: 4 + loss, gradient: loss, update: 0.01 * loss, ratio: 0.002 * loss, idle: 0.05 };
  const octaves = Array.from({ length: 51 }, (_, k) => Math.round(1_000 * Math.exp(-((k - 36) ** 2) / 8)));
  const magnitudes = { zero: 12, octaves, notFinite: 0 };
  return {
    ...{ step, loss },
    tensors: {
      each: { "1.weight": tensor, "1.bias": tensor },
      weights: magnitudes,
      gradients: magnitudes,
      update: 0.02 * loss,
    },
    examples: {
      examples: 16,
      normTest: 0.9,
      innerTest: 0.1,
      orthogonalTest: 0.8,
      trace: 1,
      squaredGradient: 0.01,
      noiseScale: 100,
      meanGsnr: 0.2,
      alpha: -0.4,
    },
    overhead: { tensors: 0.04, examples: 0.05 },
  };
}
