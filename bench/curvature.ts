/**
 * The five largest eigenvalues of the Hessian of the MLP 784-128-64-10 on 2 000 MNIST samples, on one thread; beside PyTorch's double
 * backward under SciPy's ARPACK, from the same bits to the same residual of 10⁻³, where python3 has them.
 *
 * Run: npx tsx bench/curvature.ts. It replaces its section of RESULTS.md, except with --dry.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { holdOut, loadDataset } from "@thalweg/data";
import {
  eigenpairs,
  SampledLoss,
  sampleExamples,
  samplesFrom,
  spectralDensity,
  trace,
} from "@thalweg/landscape";
import { rules, withHyper } from "@thalweg/optim";
import { fit as train } from "@thalweg/train";
import { createLearner } from "../packages/lab/src/compare/learner.ts";
import { tasks } from "../packages/lab/src/tasks/index.ts";
import { describeCommit, describeLoad, describeMachine } from "./machine.ts";
import { replaceSection } from "./results.ts";

const COUNT = 2_000;
const ROUNDS = 3;
const load = describeLoad();

const task = tasks["mnist-mlp"]!;
const dataset = await loadDataset("mnist", {});
const indices = holdOut(dataset.train, { count: task.validation, seed: 0 }).train;
const rule = withHyper(rules.momentum!, { lr: 0.05 });
const learner = await createLearner({ task, dataset, rule, batchSize: 128, seed: 1, indices });
await train({ ...learner, steps: 300, evaluateEvery: 300, evaluate: async () => ({}) });
const { model, vector } = learner;

const examples = { split: dataset.train, normalization: dataset };
const chosen = sampleExamples(dataset.train, { count: COUNT, seed: 1, among: indices });
const samples = samplesFrom({ ...examples, indices: chosen });
const loss = new SampledLoss({ model, vector, samples });
const hessian = loss.hessian();

interface Measured {
  readonly version: string;
  /** Milliseconds. */
  readonly product: number;
  readonly wall: number;
  readonly cpu: number;
  readonly products: number;
  readonly values: readonly number[];
}

async function timed<T>(work: () => Promise<T>): Promise<{ result: T; wall: number; cpu: number }> {
  const [start, before] = [performance.now(), process.cpuUsage()];
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  return { result, wall: performance.now() - start, cpu: (user + system) / 1e3 };
}

async function ours(): Promise<Measured> {
  const into = new Float64Array(vector.size);
  const direction = new Float32Array(vector.size).fill(1 / Math.sqrt(vector.size));
  const once = async () => (await timed(() => hessian.apply(direction, into))).wall;
  await once();
  const single: number[] = [];
  for (let k = 0; k < 15; k++) single.push(await once());
  const rounds = [];
  for (let k = 0; k < ROUNDS; k++)
    rounds.push(await timed(() => eigenpairs(hessian, { count: 5, tolerance: 1e-3 })));
  const { products, values } = rounds[0]!.result;
  return {
    version: "Thalweg",
    product: Math.min(...single),
    wall: Math.min(...rounds.map(({ wall }) => wall)),
    cpu: Math.min(...rounds.map(({ cpu }) => cpu)),
    products,
    values,
  };
}

/** Undefined, with the reason said, where there is no PyTorch or SciPy. */
function theirs(): Measured | undefined {
  const folder = mkdtempSync(join(tmpdir(), "thalweg-bench-curvature-"));
  try {
    const [x, labels] = [new Float32Array(COUNT * 784), new Int32Array(COUNT)];
    samples.fill(0, COUNT, { x, labels });
    for (const [name, values] of Object.entries({
      "x.f32": x,
      "labels.i32": labels,
      "theta.f32": vector.parameters,
    })) {
      writeFileSync(join(folder, name), new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    }
    const script = fileURLToPath(new URL("peers/curvature.py", import.meta.url));
    const python = process.env.THALWEG_PYTHON ?? "/usr/bin/python3";
    const { stdout, stderr, status } = spawnSync(python, [script, folder, String(COUNT)], {
      encoding: "utf8",
      env: { ...process.env, OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1" },
    });
    if (status === 0) return JSON.parse(stdout);
    console.error(`No PyTorch to compare with: ${stderr.trim().split("\n").at(-1)}`);
    return undefined;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const mine = await ours();
const others = theirs();
const traced = await timed(() => trace(hessian));
const density = await timed(() => spectralDensity(hessian, { runs: 5, steps: 50 }));
await loss.release();
await learner.release();

const rows = [mine, ...(others ? [others] : [])].map(
  ({ version, product, wall, cpu, products, values }) =>
    `| ${version} | ${product.toFixed(1)} | ${products} | ${(wall / 1e3).toFixed(2)} | ${(cpu / 1e3).toFixed(2)} | ${values.map((value) => value.toPrecision(5)).join(", ")} |`,
);
const section = `## Curvature

${describeMachine()}; ${describeCommit()}; ${load}. MLP 784-128-64-10, 109 386 parameters, after 300 steps; ${COUNT} MNIST samples, one thread. Least of ${ROUNDS} rounds.

| five largest eigenvalues, residuals below 10⁻³ λ | ms a product | products | seconds | seconds of processor | eigenvalues |
| --- | --- | --- | --- | --- | --- |
${rows.join("\n")}

Trace by Hutch++ with ${traced.result.products} products: ${(traced.cpu / 1e3).toFixed(2)} s of processor, ${traced.result.value.toFixed(1)} ± ${traced.result.standardError.toFixed(1)}. Spectral density, 5 runs of 50 steps: ${(density.cpu / 1e3).toFixed(2)} s of processor.`;
console.log(section);
if (!process.argv.includes("--dry")) {
  const page = new URL("RESULTS.md", import.meta.url);
  writeFileSync(page, replaceSection(readFileSync(page, "utf8"), "curvature", section));
}
