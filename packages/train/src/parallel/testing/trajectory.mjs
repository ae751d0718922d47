/**
 * One rank of a test: 100 steps on the digits at a global batch of 48, and what became of the parameters.
 *
 *   node trajectory.mjs '{"folder":"…","accumulate":1,"sharded":false,"killAt":50,"stopAt":50}' …     more runs, one after the other
 *
 * killAt: rank 1 ends itself by SIGKILL after so many steps. stopAt: the last rank hears a signal then. Rank 0 prints a line of JSON for
 * each run.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { register } from "tsx/esm/api";

register();
const { Batches, loadDataset } = await import("@thalweg/data");
const { dropout, flatten, linear, relu, sequential } = await import("@thalweg/nn");
const { adamw, Optimizer, stateSlotCount, wasmBackend } = await import("@thalweg/optim");
const { classifier, createRun, Evaluator, fit, followRun, openRun, ParameterVector, TrainingProgram } =
  await import("../../index.ts");
const { joinRanks, PartedProgram, ShardedOptimizer } = await import("../index.ts");

const BATCH = 48;
const SEED = 1;
const STEPS = 100;

const communicator = joinRanks();
const { rank, size } = communicator;
const digits = await loadDataset("digits");
const network = sequential(flatten(), linear(64, 32), relu(), dropout(0.2), linear(32, 10));
const model = classifier(network, [1, 8, 8]);

async function train({ folder, accumulate = 1, sharded = false, killAt, stopAt }) {
  const vector = new ParameterVector(network, { stateSlots: stateSlotCount(adamw) });
  vector.initialize(network, SEED);
  const { segments, parameters, gradients, memory } = vector;
  const common = {
    segments,
    parameters,
    gradients,
    backend: wasmBackend(memory),
    rule: adamw,
    hyper: { lr: 3e-3 },
  };
  const optimizer = sharded ? new ShardedOptimizer({ ...common, communicator }) : new Optimizer(common);
  const parts = size * accumulate;
  const program = await TrainingProgram.create({
    model,
    vector,
    batchSize: BATCH / parts,
    seed: SEED,
    parts,
  });
  const batches = new Batches(digits.train, { batchSize: BATCH, seed: SEED, normalization: digits, parts });
  const stop = new AbortController();
  const fill = (step, { x, labels }, part) => {
    if (step === killAt && rank === 1) process.kill(process.pid, "SIGKILL");
    if (step === stopAt && rank === size - 1) stop.abort();
    batches.fill(step, x, labels, part);
  };
  const parted = new PartedProgram({ program, vector, communicator, accumulate, fill });
  const evaluator = await Evaluator.create({
    ...{ model, vector, communicator, split: digits.test, normalization: digits },
    batchSize: 70,
  });

  const begin = () =>
    existsSync(`${folder}/config.json`) ? openRun(folder) : createRun(folder, { steps: STEPS });
  const own = rank === 0 ? begin() : undefined;
  await communicator.barrier();
  const result = await fit({
    ...{ vector, program: parted, optimizer, communicator, steps: STEPS },
    run: own ?? followRun(folder),
    evaluateEvery: 20,
    evaluate: () => evaluator.run(),
    fill: () => {},
    checkpoint: { everySteps: 20 },
    signal: stop.signal,
  });

  const hash = createHash("sha256").update(new Uint8Array(parameters.slice().buffer)).digest("hex");
  if (rank === 0) {
    const { end, step, evaluations } = result;
    const losses = evaluations.map(({ loss, trainLoss, accuracy }) => [trainLoss, loss, accuracy]);
    process.stdout.write(`${JSON.stringify({ end, step, losses, hash, parameters: [...parameters] })}\n`);
  }
  await program.release();
}

for (const settings of process.argv.slice(2)) await train(JSON.parse(settings));
await communicator.leave();
