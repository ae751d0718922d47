/**
 * A contestant's side of the protocol: read the request, run one benchmark, print one JSON line.
 *
 * A contestant is a program started as `program BENCHMARK OPTIONS`, OPTIONS being JSON (see {@link Options}).
 * It prepares, takes `warmup` untimed steps, then times single steps until `budgetMs` is used up or `maxSamples`
 * are taken, at least one. Each step must be finished when it returns: the loss is read, nothing stays queued.
 * What it prints last on stdout is a {@link Measurement}, or a {@link Refusal} that says why it cannot.
 */
import type { BenchmarkName, Sizes } from "./workload.ts";

export interface Options<B extends BenchmarkName = BenchmarkName> {
  readonly contestant: string;
  readonly variant: string;
  readonly threads: number;
  readonly warmup: number;
  readonly budgetMs: number;
  readonly maxSamples: number;
  readonly sizes: Sizes<B>;
}

export interface Measurement {
  readonly contestant: string;
  readonly benchmark: BenchmarkName;
  readonly version: string;
  /** Threads really used. */
  readonly threads: number;
  readonly samplesMs: readonly number[];
  /** The least processor time that one of them took, all threads together: what others compute meanwhile hardly adds to it. */
  readonly cpuMs: number;
  /** The most memory that the process has had, all of it resident at once. */
  readonly peakMb: number;
  /** Losses before each of the first updates (one more than `warmup`), or one number about θ after `warmup` steps. */
  readonly check: readonly number[];
}

export interface Refusal {
  readonly contestant: string;
  readonly benchmark: BenchmarkName;
  readonly version: string;
  readonly unavailable: string;
}

/** A prepared benchmark. `step` returns the loss before its update; where there is no loss, `check` is asked instead. */
export interface Prepared {
  step(): number | undefined | Promise<number | undefined>;
  check?(): number | Promise<number>;
}

export type Preparations = {
  readonly [B in BenchmarkName]?: (options: Options<B>) => Prepared | Promise<Prepared>;
};

/** Serve the request on the command line and print the answer. `threads` is what this program can use of those offered. */
export async function serve(
  preparations: Preparations,
  version: (options: Options) => string,
  threads: (offered: number) => number = () => 1,
): Promise<void> {
  const [benchmark, json] = process.argv.slice(2) as [BenchmarkName, string];
  const options = JSON.parse(json) as Options;
  const prepare = preparations[benchmark] as ((o: Options) => Prepared | Promise<Prepared>) | undefined;
  const head = { contestant: options.contestant, benchmark, version: version(options) };
  try {
    if (prepare === undefined) throw new Error(`${options.contestant} has no program for ${benchmark}`);
    const { samplesMs, cpuMs, check } = await measure(await prepare(options), options);
    const peakMb = process.resourceUsage().maxRSS / 1024;
    answer({ ...head, threads: threads(options.threads), samplesMs, cpuMs, check, peakMb });
  } catch (error) {
    answer({ ...head, unavailable: error instanceof Error ? error.message : String(error) });
  }
}

async function measure(prepared: Prepared, options: Options) {
  const check: number[] = [];
  const samplesMs: number[] = [];
  for (let k = 0; k < options.warmup; k++) {
    const loss = await prepared.step();
    if (loss !== undefined) check.push(loss);
  }
  if (prepared.check !== undefined) check.push(await prepared.check());
  let spentMs = 0;
  let cpuMs = Number.POSITIVE_INFINITY;
  do {
    const cpu = process.cpuUsage();
    const start = performance.now();
    const loss = await prepared.step();
    const elapsedMs = performance.now() - start;
    const { user, system } = process.cpuUsage(cpu);
    cpuMs = Math.min(cpuMs, (user + system) / 1000);
    if (loss !== undefined && samplesMs.length === 0) check.push(loss);
    samplesMs.push(elapsedMs);
    spentMs += elapsedMs;
  } while (spentMs < options.budgetMs && samplesMs.length < options.maxSamples);
  return { samplesMs, cpuMs, check };
}

function answer(line: Measurement | Refusal): void {
  process.stdout.write(`${JSON.stringify(line)}\n`, () => process.exit(0));
}
