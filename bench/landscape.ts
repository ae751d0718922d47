/**
 * How fast are landscapes? `npx tsx bench/landscape.ts [--only NAMES] [--dry]`
 *
 *   mlp      MLP 784-128-64-10, 51×51 points, 10 000 samples, one thread; and in two levels, 1 000 samples and 9×9 points on all
 *   torch    the same plane by PyTorch's loop, one thread: its median over 20 points, times 2 601
 *   resnet   ResNet-20 on 32×32×3 images, one thread: the first picture (coarsest grid, 250 samples); from the time of a few points on both
 *            chunks that of 51×51 points on 1 000 samples; and by turns with them ONNX Runtime alone on a model with the same weights
 *            fixed, the least that a point can cost
 *   refine   the same plane measured where contours need it: its whole time, and at 60 points drawn at random its error in contours
 *   ping     p99 and most of 1 000 HTTP pings to this process while a worker thread of it evaluates
 *
 * Examples are random numbers: times do not depend on them. Writes the section `landscape` of RESULTS.md, except with --dry.
 */
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, get } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import {
  chunkSizes,
  correctedMean,
  levelsOf,
  Refiner,
  type Surface,
  survey,
  tilesOf,
  twoLevelPlan,
  twoLevelTiles,
} from "@thalweg/landscape";
import { stream } from "@thalweg/random";
import { bareForward, evaluatorOf, mlp, PLANE, resnet } from "./landscape-models.ts";
import { describeCommit, describeLoad, describeMachine } from "./machine.ts";
import { replaceSection } from "./results.ts";

const RESULTS = new URL("RESULTS.md", import.meta.url);
const SAMPLES = 10_000;
const POINTS = 51 * 51;

type Row = readonly [what: string, figure: string, wanted: string];
const seconds = ({ wall, cpu }: Times): string =>
  `${(wall / 1000).toPrecision(3)} s (processor ${(cpu / 1000).toPrecision(3)} s)`;

interface Times {
  readonly wall: number;
  /** Processor time of all threads, which other processes disturb less. */
  readonly cpu: number;
}

async function timed<T>(work: () => Promise<T>): Promise<[Times, T]> {
  const begin = performance.now();
  const before = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  return [{ wall: performance.now() - begin, cpu: (user + system) / 1000 }, result];
}

async function timeMlp(): Promise<Row[]> {
  const chunks = chunkSizes(SAMPLES, { first: 250, size: 1_000 });
  const form = { grid: PLANE, chunks };
  const evaluator = await evaluatorOf(mlp(), PLANE, chunks);
  const [whole, { surface }] = await timed(() => survey({ evaluators: [evaluator], form }));
  await evaluator.release();

  const levels = [1_000, ...chunkSizes(SAMPLES - 1_000, { first: 1_000, size: 1_000 })];
  const plan = twoLevelPlan(PLANE, 1);
  const two = await evaluatorOf(mlp(), PLANE, levels);
  const tiles = twoLevelTiles(PLANE, levels.length, plan);
  const [short, { surface: few }] = await timed(() =>
    survey({ evaluators: [two], form: { grid: PLANE, chunks: levels }, tiles }),
  );
  await two.release();
  const { values, bar } = correctedMean(few, "loss", plan);
  const error = rootMeanSquare(values, surface);
  return [
    ["MLP, 51×51 on 10 000", seconds(whole), "≤ 6 s"],
    ["the same in two levels", seconds(short), "≤ 1.5 s"],
    ["their error, and its bar", `${error.toExponential(1)}, ${bar.toExponential(1)}`, "below its bar"],
  ];
}

function rootMeanSquare(values: Float64Array, truth: Surface): number {
  const exact = truth.mean("loss");
  return Math.sqrt(values.reduce((sum, value, i) => sum + (value - exact[i]!) ** 2, 0) / values.length);
}

async function timeTorch(): Promise<Row[]> {
  const script = fileURLToPath(new URL("peers/landscape_torch.py", import.meta.url));
  const env = { ...process.env, OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1" };
  const pythons = [process.env.THALWEG_PYTHON, "python3", "/usr/bin/python3"].filter(
    (one) => one !== undefined,
  );
  const stdout = pythons
    .map((python) => spawnSync(python, [script, "20", String(SAMPLES)], { encoding: "utf8", env }))
    .find(({ status }) => status === 0)?.stdout;
  if (stdout === undefined) return [["MLP by PyTorch's loop", "PyTorch is not installed", ""]];
  const {
    seconds: point,
    cpu,
    torch,
  } = JSON.parse(stdout) as Record<"seconds" | "cpu", number> & { torch: string };
  return [
    [
      `MLP by PyTorch ${torch}'s loop`,
      `${(point * POINTS).toPrecision(3)} s (processor ${(cpu * POINTS).toPrecision(3)} s)`,
      "≥ 5 × ours",
    ],
  ];
}

/** Chunks as the command line has them. */
const CONVOLUTIONAL = [250, 750];
const ROUNDS = 5;

async function timeResnet(): Promise<Row[]> {
  const model = resnet();
  const evaluator = await evaluatorOf(model, PLANE, CONVOLUTIONAL);
  const all = tilesOf(PLANE, 1);
  const coarsest = all.slice(
    0,
    all.findIndex(({ row }, i) => i > 0 && row === 0),
  ); // until the next level begins
  const points = coarsest.reduce((sum, { columns }) => sum + columns.length, 0);
  const form = { grid: PLANE, chunks: CONVOLUTIONAL };
  const [first] = await timed(() => survey({ evaluators: [evaluator], form, tiles: coarsest }));
  const bare = await bareForward(model, 50);
  const point: Times[] = [];
  const forward: Times[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    let [wall, cpu] = [0, 0];
    for (const chunk of CONVOLUTIONAL.keys()) {
      const tile = { chunk, row: 10 * round, columns: [5, 25] };
      const [one] = await timed(() => evaluator.evaluate(tile));
      wall += one.wall / 2;
      cpu += one.cpu / 2;
    }
    point.push({ wall, cpu });
    const [run] = await timed(async () => {
      for (let k = 0; k < 10; k++) await bare.run();
    });
    forward.push({ wall: 2 * run.wall, cpu: 2 * run.cpu }); // 500 images, of 1 000
  }
  await bare.release();
  await evaluator.release();
  const [least, lower] = [point, forward].map((all) => Math.min(...all.map(({ cpu }) => cpu))) as [
    number,
    number,
  ];
  return [
    [`ResNet-20, first picture: ${points} points on 250, one thread`, seconds(first), "≤ 10 s"],
    [
      "a point on 1 000 images: ours, and ONNX Runtime's forward alone (processor)",
      `${least.toFixed(0)} ms, ${lower.toFixed(0)} ms: ${(least / lower).toFixed(2)} ×`,
      "",
    ],
    [
      "ResNet-20, 51×51 on 1 000, from that, on two threads",
      `${((least * POINTS) / 120_000).toPrecision(3)} min (processor ${((least * POINTS) / 60_000).toPrecision(3)} min)`,
      "≤ 15 min on two",
    ],
  ];
}

async function timeRefined(): Promise<Row[]> {
  const model = resnet();
  const options = { tolerance: 0.5, widest: 8 };
  const evaluator = await evaluatorOf(model, PLANE, CONVOLUTIONAL);
  const form = { grid: PLANE, chunks: CONVOLUTIONAL };
  const rounds = (surface: Surface) => new Refiner(surface, options).rounds();
  const [whole, { surface }] = await timed(() => survey({ evaluators: [evaluator], form, rounds }));
  const refiner = Refiner.of(surface, options);
  const found = refiner.mean("loss");
  const { toLevel } = levelsOf(found);
  const drawn = stream(1, "bench/points");
  const errors: number[] = [];
  for (let k = 0; k < 60; k++) {
    const point = Math.floor(drawn.uniform() * POINTS);
    const [row, column] = [Math.floor(point / 51), point % 51];
    let sum = 0;
    for (const chunk of CONVOLUTIONAL.keys())
      sum += (await evaluator.evaluate({ chunk, row, columns: [column] }))[0]!;
    errors.push(Math.abs(toLevel(sum / 1_000) - toLevel(found[point]!)));
  }
  await evaluator.release();
  errors.sort((a, b) => a - b);
  const share = refiner.cost / (1_000 * POINTS);
  return [
    ["ResNet-20, the same plane refined, one thread", seconds(whole), "≤ 15 min on two"],
    [
      "its share of the work; errors at 60 points, median · most",
      `${(100 * share).toFixed(0)} %; ${errors[30]!.toFixed(2)} · ${errors[59]!.toFixed(2)} contours`,
      "≤ 0.5 contours",
    ],
  ];
}

const PINGS = 1_000;

async function timePings(): Promise<Row[]> {
  const server = createServer((_, response) => response.end("pong")).listen(0, "127.0.0.1");
  const worker = new Worker(new URL("landscape-worker.mjs", import.meta.url), { execArgv: [] });
  await once(worker, "message");
  const { port } = server.address() as AddressInfo;
  const times: number[] = [];
  for (let k = 0; k < PINGS; k++) {
    const [{ wall: ms }] = await timed(
      () =>
        new Promise<void>((resolve, reject) => {
          get({ port, host: "127.0.0.1" }, (response) => response.resume().on("end", resolve)).on(
            "error",
            reject,
          );
        }),
    );
    times.push(ms);
  }
  const ended = once(worker, "exit");
  worker.postMessage("end");
  await ended;
  server.close();
  times.sort((a, b) => a - b);
  return [
    [
      `${PINGS} HTTP pings while a thread evaluates, p99 · most`,
      `${times[Math.floor(0.99 * PINGS)]!.toFixed(1)} ms · ${times.at(-1)!.toFixed(1)} ms`,
      "p99 < 50 ms",
    ],
  ];
}

const PARTS: Readonly<Record<string, () => Promise<Row[]>>> = {
  mlp: timeMlp,
  torch: timeTorch,
  resnet: timeResnet,
  refine: timeRefined,
  ping: timePings,
};

const { values } = parseArgs({ options: { only: { type: "string" }, dry: { type: "boolean" } } });
const names = values.only?.split(",") ?? Object.keys(PARTS);
const load = describeLoad();
const rows: Row[] = [];
for (const name of names) {
  const part = PARTS[name];
  if (part === undefined)
    throw new RangeError(`Cannot time ${name} as there are ${Object.keys(PARTS).join(", ")}`);
  for (const row of await part()) {
    console.error(row.join(" | "));
    rows.push(row);
  }
}
const text = [
  `${describeMachine()}; ${load}. ${describeCommit()}. Each figure is one run.`,
  "",
  "| what | measured | wanted |",
  "| --- | --- | --- |",
  ...rows.map((row) => `| ${row.join(" | ")} |`),
].join("\n");
console.log(text);
if (!values.dry) writeFileSync(RESULTS, replaceSection(readFileSync(RESULTS, "utf8"), "landscape", text));
