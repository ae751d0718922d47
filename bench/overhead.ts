/**
 * What a comparison costs beyond its work, and whether memory stays flat.
 *
 *   overhead   wall time of `compare` with one worker, thread start included, over the same training steps and
 *              evaluations in a bare loop that prepares everything once
 *   memory     resident set over 10 000 training steps, after the first 1 000
 *
 * Run: npx tsx bench/overhead.ts. It replaces its section of RESULTS.md.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Batches, type Dataset, holdOut, loadDataset } from "@thalweg/data";
import { compare, tasks } from "@thalweg/lab";
import { Optimizer, sgd, stateSlotCount, wasmBackend } from "@thalweg/optim";
import { Evaluator, ParameterVector, TrainingProgram } from "@thalweg/train";
import { describeCommit, describeLoad, describeMachine } from "./machine.ts";
import { replaceSection } from "./results.ts";

const task = tasks["mnist-mlp"]!;
const TRIALS = 12;
const FINALS = 1;
const ROUNDS = 3;
const LR = 0.1;

/** Everything of a run, made once. */
async function prepare(dataset: Dataset) {
  const model = task.model(dataset.train.shape, dataset.classes.length);
  const vector = new ParameterVector(model.module, { stateSlots: stateSlotCount(sgd) });
  vector.initialize(model.module, 1);
  const { segments, parameters, gradients, memory } = vector;
  const backend = wasmBackend(memory);
  const optimizer = new Optimizer({ backend, segments, parameters, gradients, rule: sgd, hyper: { lr: LR } });
  const { train, validation } = holdOut(dataset.train, { count: task.validation, seed: 0 });
  const { batchSize } = task;
  const batches = new Batches(dataset.train, { batchSize, normalization: dataset, indices: train, seed: 1 });
  const program = await TrainingProgram.create({ model, vector, batchSize, seed: 1 });
  const common = { model, vector, batchSize: task.evaluationBatch, normalization: dataset };
  const evaluators = {
    validation: await Evaluator.create({ ...common, split: dataset.train, indices: validation }),
    test: await Evaluator.create({ ...common, split: dataset.test }),
  };
  const step = async (k: number) => {
    batches.fill(k, program.batch.x as Float32Array, program.batch.labels as Int32Array);
    await program.run(k);
    optimizer.step();
  };
  return { step, evaluators };
}

type Prepared = Awaited<ReturnType<typeof prepare>>;

async function bareRun({ step, evaluators }: Prepared, withTest: boolean): Promise<void> {
  for (let k = 0; k <= task.steps; k++) {
    if (k % task.evaluateEvery === 0) {
      await evaluators.validation.run();
      if (withTest) await evaluators.test.run();
    }
    if (k < task.steps) await step(k);
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1e3;
}

const dataset = await loadDataset(task.dataset, { shared: true });
const prepared = await prepare(dataset);
const load = describeLoad();
await bareRun(prepared, true); // warm

const bare: number[] = [];
const compared: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  bare.push(
    await timed(async () => {
      for (let run = 0; run < TRIALS + FINALS; run++) await bareRun(prepared, run >= TRIALS);
    }),
  );
  const folder = mkdtempSync(join(tmpdir(), "thalweg-overhead-"));
  const rate = { lr: { low: LR * 0.999, high: LR * 1.001, log: true } }; // no run may end early by diverging
  const options = { budget: TRIALS, seeds: FINALS, workers: 1, spaces: { sgd: rate }, schedule: "constant" };
  compared.push(await timed(() => compare({ task, dataset, rules: ["sgd"], folder, ...options })));
  rmSync(folder, { recursive: true });
}

const resident: number[] = [];
for (let k = 0; k < 11_000; k++) {
  await prepared.step(k);
  if (k >= 1_000 && k % 1_000 === 0) resident.push(process.memoryUsage.rss() / 2 ** 20);
}

const [least, most] = [Math.min(...bare), Math.min(...compared)];
const seconds = (values: readonly number[]) => values.map((value) => value.toFixed(2)).join(" · ");
const section = `## Overhead of a comparison, and memory

${describeMachine()}; ${describeCommit()}; ${load}.

${TRIALS} trials and ${FINALS} final of ${task.name} by sgd, one worker, ${ROUNDS} interleaved rounds, seconds:

| | rounds | least |
| --- | --- | --- |
| the same steps and evaluations in a bare loop | ${seconds(bare)} | ${least.toFixed(2)} |
| \`compare\`, thread start, sessions, run folders and all | ${seconds(compared)} | ${most.toFixed(2)} |

Overhead: ${(100 * (most / least - 1)).toFixed(1)} %. Resident memory over 10 000 training steps, every 1 000, MiB: ${resident.map((value) => value.toFixed(0)).join(" ")}.
`;
console.log(section);
const page = new URL("RESULTS.md", import.meta.url);
writeFileSync(page, replaceSection(readFileSync(page, "utf8"), "overhead", section));
