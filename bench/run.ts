/**
 * The benchmark's runner: `npx tsx bench/run.ts step|copy|mlp|conv|gpt|resnet20|vgg9 [--rounds 3] [--threads 1,2]`.
 *
 * Contestants run one at a time, each in its own process, in rounds A B C A B C …, so that a slow minute of a shared
 * machine falls on all of them. Prints a table per thread count and writes the benchmark's section of RESULTS.md.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { run } from "./child.ts";
import type { Measurement, Refusal } from "./contestant.ts";
import { type Contestant, contestants } from "./contestants.ts";
import { describeCommit, describeLoad, describeMachine } from "./machine.ts";
import { type Entry, replaceSection, table } from "./results.ts";
import { type BenchmarkName, type Workload, workloads } from "./workload.ts";

const USAGE = `usage: npx tsx bench/run.ts step|copy|mlp|conv|gpt|resnet20|vgg9 …
  --rounds N      times each contestant is started (3)
  --threads LIST  thread counts, a table for each (1)
  --budget MS     timed steps per start, at least one (1500)
  --limit S       a contestant is stopped after this long (60)
  --only LIST     contestants whose name contains one of these; RESULTS.md is left alone
  --dry           print only, too`;

/** A contestant that needed this long in one round sits out the others. */
const SLOW_MS = 20_000;

const RESULTS = new URL("RESULTS.md", import.meta.url);
const PREFACE = `# Results

Written by \`bench/run.ts\`, a section per benchmark; [README.md](README.md) says how they are measured.
Ratios are times divided by the baseline's (below 1 is faster), of minima.
`;

interface Settings {
  readonly rounds: number;
  readonly budgetMs: number;
  readonly limitMs: number;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: "string", default: "3" },
      threads: { type: "string", default: "1" },
      budget: { type: "string", default: "1500" },
      limit: { type: "string", default: "60" },
      only: { type: "string", default: "" },
      dry: { type: "boolean", default: false },
    },
  });
  const names = positionals.map(benchmarkName);
  if (names.length === 0) throw new RangeError("Cannot run as no benchmark is named");
  const threadCounts = values.threads
    .split(",")
    .map((text) => positive("--threads", text, availableParallelism()));
  const settings = {
    rounds: positive("--rounds", values.rounds),
    budgetMs: positive("--budget", values.budget),
    limitMs: positive("--limit", values.limit) * 1000,
  };
  installPeers();
  const wanted = values.only.split(",");
  for (const name of names) {
    const load = describeLoad();
    const all = (await contestants(name)).filter((c) => wanted.some((part) => c.name.includes(part)));
    if (all.length === 0)
      throw new RangeError(`Cannot run ${name} as no contestant's name contains ${values.only}`);
    const tables: string[] = [];
    const versions = new Set([describeCommit()]);
    for (const threads of threadCounts) {
      const entries = await compete(name, all, threads, settings);
      for (const { measurements } of entries) for (const m of measurements) versions.add(m.version);
      tables.push(`### ${threads} thread${threads > 1 ? "s" : ""}\n\n${table(workloads[name], entries)}`);
    }
    const section = [
      `## ${name}`,
      `${workloads[name].title}.`,
      `- machine: ${describeMachine()}; ${load}`,
      `- versions: ${[...versions].join("; ")}`,
      `- date: ${new Date().toISOString().slice(0, 10)}`,
      `- method: ${settings.rounds} interleaved rounds, a process each; ${workloads[name].warmup} warm-up steps, then single steps for ${settings.budgetMs} ms; n = steps timed in rounds run\n`,
      tables.join("\n\n"),
    ].join("\n");
    console.log(`\n${section}\n`);
    if (!values.dry && values.only === "") writeSection(name, section);
  }
}

/** Run the contestants of one benchmark in rounds. */
async function compete(
  name: BenchmarkName,
  all: readonly Contestant[],
  threads: number,
  { rounds, budgetMs, limitMs }: Settings,
): Promise<Entry[]> {
  const { sizes, warmup }: Workload = workloads[name];
  const taking = all.filter((contestant) => threads === 1 || contestant.threads === "any");
  const measured = new Map<Contestant, Measurement[]>(taking.map((contestant) => [contestant, []]));
  const refusals = new Map<Contestant, Refusal>();
  const slow = new Set<Contestant>();
  for (let round = 1; round <= rounds; round++) {
    for (const contestant of taking) {
      if (refusals.has(contestant) || slow.has(contestant)) continue;
      const { variant } = contestant;
      const request = {
        contestant: contestant.name,
        variant,
        threads,
        warmup,
        budgetMs,
        maxSamples: 1000,
        sizes,
      };
      const start = performance.now();
      const answer = await run(contestant, name, request as Parameters<typeof run>[2], limitMs);
      if (performance.now() - start > SLOW_MS) slow.add(contestant);
      if ("unavailable" in answer) refusals.set(contestant, answer);
      else measured.get(contestant)!.push(answer);
      const outcome =
        "unavailable" in answer ? answer.unavailable : `${Math.min(...answer.samplesMs).toFixed(2)} ms`;
      console.error(`${name}, ${threads} thread(s), round ${round}: ${contestant.name}: ${outcome}`);
    }
  }
  return taking.map((contestant) => {
    const refusal = refusals.get(contestant);
    return { contestant, measurements: measured.get(contestant)!, ...(refusal && { refusal }) };
  });
}

/** Install the peers' libraries once, in their own folder; a contestant that then lacks its library says so itself. */
function installPeers(): void {
  const folder = fileURLToPath(new URL("peers/", import.meta.url));
  if (existsSync(`${folder}node_modules/.package-lock.json`)) return;
  console.error("Installing the peers (tfjs, jax-js, deepbox) into bench/peers, once …");
  const { status } = spawnSync("npm", ["ci"], { cwd: folder, stdio: ["ignore", 2, 2] });
  if (status !== 0) console.error("npm ci failed: going on with the contestants that can start");
}

function writeSection(name: BenchmarkName, section: string): void {
  const page = existsSync(RESULTS) ? readFileSync(RESULTS, "utf8") : PREFACE;
  writeFileSync(RESULTS, replaceSection(page, name, section));
}

function benchmarkName(text: string): BenchmarkName {
  if (Object.hasOwn(workloads, text)) return text as BenchmarkName;
  throw new RangeError(
    `Cannot run ${text} as it is no benchmark: choose from ${Object.keys(workloads).join(", ")}`,
  );
}

function positive(option: string, text: string, most = Number.POSITIVE_INFINITY): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  const range = most === Number.POSITIVE_INFINITY ? "at least 1" : `from 1 to ${most}`;
  throw new RangeError(`Cannot run as ${option} must be a whole number ${range}: current value is ${text}`);
}

try {
  await main();
} catch (error) {
  console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  process.exitCode = error instanceof RangeError || error instanceof TypeError ? 2 : 1;
}
