/**
 * What a comparison costs beyond its work, and whether memory stays flat.
 *
 *   overhead   what one more run costs in `compare` with one worker, over the same training steps and evaluations in a
 *              bare loop that prepares everything once; and what is paid once per comparison
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
const TRIALS = 13;
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
const long: number[] = [];
const short: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  bare.push(
    await timed(async () => {
      for (let run = 1; run < TRIALS; run++) await bareRun(prepared, false);
    }),
  );
  long.push(await timedComparison(TRIALS));
  short.push(await timedComparison(1));
}

/** Some trials and one final run. */
async function timedComparison(budget: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "thalweg-overhead-"));
  const rate = { lr: { low: LR * 0.999, high: LR * 1.001, log: true } }; // no run may end early by diverging
  const options = { budget, seeds: 1, workers: 1, spaces: { sgd: rate }, schedule: "constant" };
  const seconds = await timed(() => compare({ task, dataset, rules: ["sgd"], folder, ...options }));
  rmSync(folder, { recursive: true });
  return seconds;
}

const resident: number[] = [];
for (let k = 0; k < 11_000; k++) {
  await prepared.step(k);
  if (k >= 1_000 && k % 1_000 === 0) resident.push(process.memoryUsage.rss() / 2 ** 20);
}

const more = TRIALS - 1;
const bareSeconds = Math.min(...bare) / more;
const comparedSeconds = (Math.min(...long) - Math.min(...short)) / more;
const once = Math.min(...short) - 2 * comparedSeconds;
const seconds = (values: readonly number[]) => values.map((value) => value.toFixed(2)).join(" · ");
const section = `## Overhead of a comparison, and memory

${describeMachine()}; ${describeCommit()}; ${load}.

Runs of ${task.name} by sgd, one worker, ${ROUNDS} interleaved rounds, seconds; differences of least times:

| | rounds |
| --- | --- |
| ${more} runs' steps and evaluations in a bare loop | ${seconds(bare)} |
| \`compare\` with ${TRIALS} trials and a final run | ${seconds(long)} |
| \`compare\` with 1 trial and a final run | ${seconds(short)} |

A run costs ${(1e3 * bareSeconds).toFixed(0)} ms bare and ${(1e3 * comparedSeconds).toFixed(0)} ms in a comparison: overhead ${(100 * (comparedSeconds / bareSeconds - 1)).toFixed(1)} %. Once per comparison: ${once.toFixed(2)} s, for
starting a thread and measuring the task. Resident memory over 10 000 training steps, every 1 000, MiB: ${resident.map((value) => value.toFixed(0)).join(" ")}.
`;
console.log(section);
const page = new URL("RESULTS.md", import.meta.url);
writeFileSync(page, replaceSection(readFileSync(page, "utf8"), "overhead", section));
