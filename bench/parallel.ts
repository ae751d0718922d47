/**
 * What several ranks cost and bring: `npx tsx bench/parallel.ts [--rounds 5] [--dry]`. Open MPI is needed; the C call needs gcc, too.
 *
 *   all-reduce   10⁶ floats on two ranks: ours, which hears signals while it waits, beside the C call
 *   throughput   ResNet-20 steps of one rank and of two, at the same local batch
 *   batch-norm   the same steps of two ranks with batch statistics per rank, and with those of both together
 *   logging      what rank 0 writes, beside the steps between two evaluations of a small network
 *   memory       AdamW's state on 1, 2 and 4 ranks, whole on each and divided
 *
 * Every measurement is a job of its own; jobs run one at a time in rounds A B C A B C …, so that a slow minute falls on all. It replaces
 * its section of RESULTS.md, except with --dry.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { describeCommit, describeLoad, describeMachine } from "./machine.ts";
import { replaceSection } from "./results.ts";

const RESULTS = new URL("RESULTS.md", import.meta.url);
const RANK = fileURLToPath(new URL("parallel-rank.ts", import.meta.url));
const C_SOURCE = fileURLToPath(new URL("parallel.c", import.meta.url));
const FLOATS = 1_000_000;
const LOCAL_BATCH = 32;
const STEPS = 20;
/** In ResNet-20: one after each convolution. */
const BATCH_NORMS = 19;
const LOG_EVERY = 100;
const MILLIONS = 32;

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "5" }, dry: { type: "boolean", default: false } },
});
const rounds = Number(values.rounds);

const ENV = {
  OMPI_ALLOW_RUN_AS_ROOT: "1",
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1",
  OMPI_MCA_rmaps_base_oversubscribe: "1",
  NO_COLOR: "1",
};

function mpirun(ranks: number, words: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync("mpirun.openmpi", ["-n", String(ranks), ...words], {
    env: { ...process.env, ...ENV },
    encoding: "utf8",
  });
  if (status === 0) return stdout;
  throw new Error(`Cannot measure on ${ranks} ranks as mpirun.openmpi failed: ${error?.message ?? stderr}`);
}

const onRanks = <T>(ranks: number, ...words: readonly (string | number)[]): T =>
  JSON.parse(mpirun(ranks, [process.execPath, "--import", "tsx", RANK, ...words.map(String)])) as T;

/** The C program, compiled into a folder; undefined where there is no compiler. */
function compile(folder: string): string | undefined {
  const program = join(folder, "allreduce");
  const { status } = spawnSync("gcc", ["-O2", C_SOURCE, "-o", program, "-l:libmpi.so.40"]);
  return status === 0 ? program : undefined;
}

interface Measured {
  c: number[];
  ours: number[];
  blocking: number[];
  pieces: number[];
  one: number[];
  two: number[];
  perRank: number[];
  synchronised: number[];
  logging: { trainMs: number; logMs: number }[];
}

function measure(program: string | undefined): Measured {
  const measured: Measured = {
    ...{ c: [], ours: [], blocking: [], pieces: [], one: [], two: [], perRank: [], synchronised: [] },
    logging: [],
  };
  for (let round = 0; round < rounds; round++) {
    if (program !== undefined) measured.c.push(Number(mpirun(2, [program, String(FLOATS), "200"])));
    const { ours, blocking, pieces } = onRanks<Record<"ours" | "blocking" | "pieces", number>>(
      ...[2, "allreduce", FLOATS, 200],
    );
    measured.ours.push(ours);
    measured.blocking.push(blocking);
    measured.pieces.push(pieces);
    measured.one.push(...onRanks<{ samplesMs: number[] }>(1, "resnet20", LOCAL_BATCH, STEPS).samplesMs);
    measured.two.push(...onRanks<{ samplesMs: number[] }>(2, "resnet20", LOCAL_BATCH, STEPS).samplesMs);
    const norms = onRanks<Record<"perRank" | "synchronised", number[]>>(2, "batch-norm", LOCAL_BATCH, STEPS);
    measured.perRank.push(...norms.perRank);
    measured.synchronised.push(...norms.synchronised);
    measured.logging.push(onRanks(2, "logging", LOG_EVERY));
    process.stderr.write(`round ${round + 1} of ${rounds}: ${JSON.stringify(measured)}\n`);
  }
  return measured;
}

const median = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;
const least = (numbers: readonly number[]) => Math.min(...numbers);
const both = (numbers: readonly number[], digits: number) =>
  numbers.length === 0 ? "–" : `${least(numbers).toFixed(digits)} / ${median(numbers).toFixed(digits)}`;
const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(0);

function memoryRows(): string[] {
  return [1, 2, 4].flatMap((ranks) =>
    [0, 1].map((zero) => {
      const { state, rss } = onRanks<{ state: number; rss: number }>(ranks, "memory", MILLIONS, zero);
      return `| ${ranks} | ${zero ? "divided" : "whole"} | ${mib(state)} | ${mib(rss)} |`;
    }),
  );
}

const head = `${describeMachine()}; ${describeCommit()}; ${describeLoad()}.`;
const folder = mkdtempSync(join(tmpdir(), "thalweg-bench-"));
const { c, ours, blocking, pieces, one, two, perRank, synchronised, logging } = measure(compile(folder));
rmSync(folder, { recursive: true });
const reference = c.length === 0 ? blocking : c;
const logMs = least(logging.map((one) => one.logMs));
const trainMs = least(logging.map((one) => one.trainMs));
const section = `## Several ranks

${head}
Open MPI, ${rounds} interleaved rounds; least / median over the rounds, in ms.

| all-reduce of 10⁶ floats, 2 ranks, medians of 200 | ms |
| --- | --- |
| C, MPI_Allreduce | ${both(c, 3)} |
| through koffi, blocking | ${both(blocking, 3)} |
| **ours**: the event loop free until all are there | ${both(ours, 3)} |
| ours, in four pieces one after the other | ${both(pieces, 3)} |

Ours takes ${(least(ours) / least(reference)).toFixed(2)}× the ${c.length === 0 ? "blocking" : "C"} call by least times, ${(median(ours) / median(reference)).toFixed(2)}× by medians.

| ResNet-20, local batch ${LOCAL_BATCH}, one SGD step with momentum | ms | images/s |
| --- | --- | --- |
| 1 rank | ${both(one, 0)} | ${((1e3 * LOCAL_BATCH) / least(one)).toFixed(0)} |
| 2 ranks | ${both(two, 0)} | ${((2e3 * LOCAL_BATCH) / least(two)).toFixed(0)} |

Two ranks train ${((2 * least(one)) / least(two)).toFixed(2)} times as many images a second as one by least times, ${((2 * median(one)) / median(two)).toFixed(2)} by medians.

| ResNet-20 on 2 ranks, statistics of batch normalisation | ms |
| --- | --- |
| of each rank's part | ${both(perRank, 0)} |
| of both together (\`--batch-norm synchronised\`), ${BATCH_NORMS} layers with four exchanges each | ${both(synchronised, 0)} |

Synchronised statistics take ${(least(synchronised) / least(perRank)).toFixed(2)} times as long a step by least times, ${(median(synchronised) / median(perRank)).toFixed(2)} by medians.

What rank 0 writes at an evaluation takes ${(1e3 * logMs).toFixed(0)} µs: ${((100 * logMs) / (LOG_EVERY * median(two))).toFixed(4)} % of ${LOG_EVERY} steps of ResNet-20 on two ranks, and ${((100 * logMs) / trainMs).toFixed(2)} % of ${LOG_EVERY} steps of a network as small as digits-mlp (${trainMs.toFixed(1)} ms).

| ranks | AdamW's state of ${MILLIONS}·10⁶ parameters | MiB per rank | resident memory added by the first step, MiB |
| --- | --- | --- | --- |
${memoryRows().join("\n")}`;
process.stdout.write(`${section}\n`);
if (!values.dry) writeFileSync(RESULTS, replaceSection(readFileSync(RESULTS, "utf8"), "parallel", section));
