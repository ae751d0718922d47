/**
 * How good are learning-rate suggestions? `npx tsx bench/lr-finder.ts [--settings NAMES] [--rules NAMES]`
 *
 * Per setting and rule, the tuned rate is the best of a grid of constant rates, four per decade over the rule's range in
 * `thalweg compare`, by the mean final validation loss of full runs on three seeds. A rate diverges where any of these runs
 * fails, or ends with more than 90 % of the untrained loss. Against that, each (setting, rule, group of five seeds) gives one
 * suggestion per method, the median over the group. Counted are the suggestions within a factor of 3 of the tuned rate, and those
 * at or above the lowest rate that diverges. Seeds of the search and of the tuning are different ones.
 *
 * Optima are flat, so the best of the grid is itself uncertain: the column "of the centre" counts against the geometric centre of all rates
 * whose loss is within 5 % of the best. Two settings took part in choosing our method's constants; the held-out ones did not.
 * Writes the section `lr-finder` of RESULTS.md, except with --dry. `--out FILE` keeps what was measured, and `--cases FILE,FILE`
 * writes the section from such files; `--tuned FILE` takes the tuned rates from one, as no finder changes them.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Batches, type Dataset, holdOut, loadDataset } from "@thalweg/data";
import { lookUp, Optimizer, type Rule, rules, stateSlotCount, wasmBackend } from "@thalweg/optim";
import {
  Evaluator,
  ParameterVector,
  rangeTest,
  type Suggestion,
  TrainingProgram,
  testRates,
  fit as train,
} from "@thalweg/train";
import { spaceOf } from "../packages/lab/src/compare/spaces.ts";
import { searchRate } from "../packages/lab/src/lr-finder/find.ts";
import type { Float } from "../packages/lab/src/samplers/index.ts";
import { type Task, tasks } from "../packages/lab/src/tasks/index.ts";
import { describeCommit, describeLoad, describeMachine } from "./machine.ts";
import { replaceSection } from "./results.ts";

const RESULTS = new URL("RESULTS.md", import.meta.url);
const TUNING_SEEDS = [1_000, 1_001, 1_002];
const PER_DECADE = 4;
const GROUPS = 7;
const GROUP_SIZE = 5;
const FACTOR = 3;
const TEST = { steps: 200, from: 1e-6, to: 10 };

interface Setting {
  readonly task: Task;
  readonly rules: readonly string[];
  /** Whether our method's constants were chosen without it. */
  readonly heldOut: boolean;
}

const ALL = ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw", "lion"];
const FEW = ["sgd", "momentum", "adamw", "lion"];
const [digits, mnist] = [tasks["digits-mlp"]!, tasks["mnist-mlp"]!];

const SETTINGS: Readonly<Record<string, Setting>> = {
  "digits-mlp": { task: digits, rules: ALL, heldOut: false },
  "mnist-mlp": { task: mnist, rules: ALL, heldOut: false },
  "digits-mlp, batch 128": { task: { ...digits, batchSize: 128, steps: 300 }, rules: FEW, heldOut: true },
  "mnist-mlp, batch 32": { task: { ...mnist, batchSize: 32 }, rules: FEW, heldOut: true },
};

interface Tuned {
  readonly rate: number;
  /** Geometric centre of the rates within 5 % of the best loss. */
  readonly centre: number;
  /** The lowest rate of the grid that diverges. */
  readonly diverging: number;
  readonly grid: readonly { readonly rate: number; readonly loss: number }[];
}

interface Case {
  readonly setting: string;
  readonly heldOut: boolean;
  readonly rule: string;
  readonly tuned: Tuned;
  /** By group. */
  readonly suggestions: readonly (readonly Suggestion[])[];
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      settings: { type: "string", default: Object.keys(SETTINGS).join("|") },
      rules: { type: "string" },
      dry: { type: "boolean", default: false },
      out: { type: "string" },
      cases: { type: "string" },
      tuned: { type: "string" },
    },
  });
  const load = describeLoad();
  const cases =
    values.cases === undefined ? await measure(values) : values.cases.split(",").flatMap(readCases);
  const section = [
    "## Learning-rate suggestions",
    "",
    `${describeMachine()}; ${describeCommit()}; ${load}.${values.cases === undefined ? "" : " Measured in parts, put together here."}`,
    "",
    "Median suggestion of five seeds against the best constant rate of full runs:",
    "",
    ...[false, true].flatMap((heldOut) => {
      const some = cases.filter((one) => one.heldOut === heldOut);
      if (some.length === 0) return [];
      return [heldOut ? "Held out:" : "With which our constants were chosen:", "", methodTable(some), ""];
    }),
    caseTable(cases),
    "",
    await overhead(),
  ].join("\n");
  process.stdout.write(`${section}\n`);
  if (values.dry) return;
  const page = existsSync(RESULTS) ? readFileSync(RESULTS, "utf8") : "# Results\n";
  writeFileSync(RESULTS, replaceSection(page, "lr-finder", section));
}

/** Tune and search; what is done so far is kept in the file `out`. */
async function measure({
  settings,
  rules: only,
  out,
  tuned: tunedFile,
}: Record<string, string | boolean | undefined>): Promise<Case[]> {
  const cases: Case[] = [];
  const known = typeof tunedFile === "string" ? readCases(tunedFile) : [];
  for (const name of String(settings).split("|")) {
    const { task, rules: own, heldOut } = lookUp("setting", SETTINGS, name);
    const dataset = await loadDataset(task.dataset);
    for (const ruleName of typeof only === "string" ? only.split(",") : own) {
      const rule = lookUp("rule", rules, ruleName);
      const earlier = known.find((one) => one.setting === name && one.rule === ruleName)?.tuned;
      const tuned = earlier ?? (await tune(task, dataset, rule));
      const suggestions: (readonly Suggestion[])[] = [];
      for (let group = 0; group < GROUPS; group++) {
        const seeds = Array.from({ length: GROUP_SIZE }, (_, i) => group * GROUP_SIZE + i);
        const { finding } = await searchRate({ task, dataset, rule, seeds, ...TEST });
        suggestions.push(finding.suggestions);
      }
      const one = { setting: name, heldOut, rule: ruleName, tuned, suggestions };
      cases.push(one);
      process.stderr.write(
        `${name} ${ruleName}: tuned ${tuned.rate}, ours ${ratios(one, 0).join(" ")} of it\n`,
      );
      if (typeof out === "string") writeFileSync(out, JSON.stringify(cases));
    }
  }
  return cases;
}

/** JSON writes an infinite rate or loss as null. */
const readCases = (path: string): Case[] =>
  JSON.parse(readFileSync(path, "utf8"), (_, value) => (value === null ? Number.POSITIVE_INFINITY : value));

/** The best constant rate of a grid. */
async function tune(task: Task, dataset: Dataset, rule: Rule): Promise<Tuned> {
  const { low, high } = spaceOf(rule).lr as Float;
  const count = Math.round(Math.log10(high / low) * PER_DECADE);
  const grid: { rate: number; loss: number; diverges: boolean }[] = [];
  for (let k = 0; k <= count; k++) {
    const rate = Number((low * (high / low) ** (k / count)).toPrecision(3));
    const runs = [];
    for (const seed of TUNING_SEEDS) runs.push(await fullRun(task, dataset, rule, rate, seed));
    const loss = runs.reduce((sum, run) => sum + run.last, 0) / runs.length;
    grid.push({ rate, loss, diverges: runs.some((run) => !(run.last < 0.9 * run.first)) });
  }
  const best = grid.reduce((a, b) => (b.loss < a.loss ? b : a));
  const diverging = grid.find(({ rate, diverges }) => rate > best.rate && diverges);
  const near = grid.filter(({ loss }) => loss <= 1.05 * best.loss);
  const centre = Math.exp(near.reduce((sum, { rate }) => sum + Math.log(rate), 0) / near.length);
  return { rate: best.rate, centre, diverging: diverging?.rate ?? Number.POSITIVE_INFINITY, grid };
}

/** Validation loss before and after a run at a constant rate; Infinity after one that diverged. */
async function fullRun(task: Task, dataset: Dataset, rule: Rule, lr: number, seed: number) {
  const { vector, program, optimizer, fill, model, validation } = await prepare(
    task,
    dataset,
    rule,
    lr,
    seed,
  );
  const evaluator = await Evaluator.create({
    model,
    vector,
    batchSize: task.evaluationBatch,
    normalization: dataset,
    split: dataset.train,
    indices: validation,
  });
  const { end, evaluations } = await train({
    vector,
    program,
    optimizer,
    fill,
    steps: task.steps,
    evaluateEvery: task.steps,
    evaluate: () => evaluator.run(),
  });
  await Promise.all([program.release(), evaluator.release()]);
  const last = evaluations.at(-1)!.loss!;
  return {
    first: evaluations[0]!.loss!,
    last: end === "finished" && Number.isFinite(last) ? last : Number.POSITIVE_INFINITY,
  };
}

async function prepare(task: Task, dataset: Dataset, rule: Rule, lr: number, seed: number) {
  const model = task.model(dataset.train.shape, dataset.classes.length);
  const vector = new ParameterVector(model.module, { stateSlots: stateSlotCount(rule) });
  vector.initialize(model.module, seed);
  const optimizer = new Optimizer({
    backend: wasmBackend(vector.memory),
    segments: vector.segments,
    parameters: vector.parameters,
    gradients: vector.gradients,
    rule,
    hyper: { lr },
  });
  const { train: indices, validation } = holdOut(dataset.train, { count: task.validation, seed: 0 });
  const { batchSize } = task;
  const batches = new Batches(dataset.train, { batchSize, normalization: dataset, indices, seed });
  const program = await TrainingProgram.create({ model, vector, batchSize, seed });
  const fill = (step: number, { x, labels }: TrainingProgram["batch"]) =>
    batches.fill(step, x as Float32Array, labels as Int32Array);
  return { model, vector, optimizer, program, fill, validation };
}

/** Suggestions of one method divided by the tuned rate, by group. */
const ratios = ({ suggestions, tuned }: Case, method: number) =>
  suggestions.map((group) =>
    Number(((group[method]!.rate?.median ?? Number.NaN) / tuned.rate).toPrecision(2)),
  );

const isNear = (rate: number | undefined, tuned: number) =>
  rate !== undefined && Math.abs(Math.log(rate / tuned)) <= Math.log(FACTOR);

function methodTable(cases: readonly Case[]): string {
  const names = cases[0]!.suggestions[0]!.map(({ method }) => method);
  const rows = names.map((name, m) => {
    const all = cases.flatMap(({ suggestions, tuned }) =>
      suggestions.map((group) => ({ rate: group[m]!.rate?.median, tuned })),
    );
    const within = all.filter(({ rate, tuned }) => isNear(rate, tuned.rate));
    const central = all.filter(({ rate, tuned }) => isNear(rate, tuned.centre));
    const diverging = all.filter(({ rate, tuned }) => rate !== undefined && rate >= tuned.diverging);
    const none = all.filter(({ rate }) => rate === undefined);
    const off = all.flatMap(({ rate, tuned }) =>
      rate === undefined ? [] : [Math.abs(Math.log(rate / tuned.rate))],
    );
    off.sort((a, b) => a - b);
    return [
      name,
      `${within.length} of ${all.length}`,
      String(central.length),
      String(diverging.length),
      String(none.length),
      brief(Math.exp(off[off.length >> 1] ?? Number.NaN)),
      brief(Math.exp(off.at(-1) ?? Number.NaN)),
    ];
  });
  return markdown([
    ["method", `within ${FACTOR}×`, "of the centre", "diverging", "no answer", "median factor off", "worst"],
    ...rows,
  ]);
}

function caseTable(cases: readonly Case[]): string {
  const rows = cases.map((one) => {
    const { setting, rule, tuned, suggestions } = one;
    const rates = suggestions.map((group) => group[0]!.rate?.median ?? Number.NaN);
    const good = ratios(one, 0).filter((ratio) => ratio <= FACTOR && ratio >= 1 / FACTOR);
    return [
      setting,
      rule,
      brief(tuned.rate),
      brief(tuned.centre),
      brief(tuned.diverging),
      `${brief(Math.min(...rates))} to ${brief(Math.max(...rates))}`,
      `${brief(Math.min(...ratios(one, 0)))} to ${brief(Math.max(...ratios(one, 0)))}`,
      `${good.length} of ${rates.length}`,
    ];
  });
  return markdown([
    ["setting", "rule", "tuned", "centre", "diverges from", "ours", "ours ÷ tuned", `within ${FACTOR}×`],
    ...rows,
  ]);
}

/** A range test against the same steps at the same rates in a bare loop, in turns; minima of each. */
async function overhead(): Promise<string> {
  const task = tasks["digits-mlp"]!;
  const dataset = await loadDataset(task.dataset);
  const { model, vector, optimizer, program, fill } = await prepare(task, dataset, rules.adamw!, 1, 0);
  const fresh = optimizer.state();
  const range = { steps: 200, from: 1e-6, to: 1e-2 };
  const rates = testRates(range);
  const times: { test: number; bare: number }[] = [];
  for (let round = 0; round < 40; round++) {
    vector.initialize(model.module, 0);
    optimizer.load(fresh);
    const start = performance.now();
    await rangeTest({ vector, optimizer, program, fill, baseRate: 1, ...range });
    const middle = performance.now();
    for (let step = 0; step < range.steps; step++) {
      fill(step, program.batch);
      await program.run(step);
      optimizer.step({ lr: rates[step]! });
    }
    times.push({ test: middle - start, bare: performance.now() - middle });
  }
  await program.release();
  const [test, bare] = [Math.min(...times.map((t) => t.test)), Math.min(...times.map((t) => t.bare))];
  const percent = (100 * (test / bare - 1)).toFixed(1);
  return `A range test of ${range.steps} steps (digits-mlp, adamw): ${test.toFixed(1)} ms, the same steps in a bare loop ${bare.toFixed(1)} ms: ${percent} % more (minima of ${times.length}, in turns).`;
}

const brief = (x: number) => (Number.isFinite(x) ? String(Number(x.toPrecision(2))) : "–");

const markdown = ([header, ...rows]: readonly (readonly string[])[]) =>
  [header!, header!.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");

await main();
