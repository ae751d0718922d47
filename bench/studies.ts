/**
 * What a study costs beyond its runs, what a second worker brings, and whether ten thousand trials are too many.
 *
 *   overhead   processor time of a study's worker, per trial, over that of the same runs in a bare loop; rounds of one and the other, least of each
 *   workers    the clock of a study with two workers over that with one, from the first result to the last
 *   scale      a study of 10 000 finished trials, made up: clock and memory of `thalweg study status` and `report`
 *
 * Run: npx tsx bench/studies.ts [overhead] [workers] [scale]. It prints a table and writes nothing.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stream } from "@thalweg/random";
import { engine } from "../packages/lab/src/compare/machine.ts";
import { runTrial } from "../packages/lab/src/compare/trial.ts";
import { beginStudy } from "../packages/lab/src/study/begin.ts";
import { launchLocal } from "../packages/lab/src/study/launch/local.ts";
import { claimsFolder } from "../packages/lab/src/study/layout.ts";
import { writePlan } from "../packages/lab/src/study/plan-file.ts";
import { prepareStudy } from "../packages/lab/src/study/prepare.ts";
import { ResultsWriter } from "../packages/lab/src/study/results.ts";
import { readStudySpec } from "../packages/lab/src/study/spec-file.ts";
import { configOf, workOnStudy } from "../packages/lab/src/study/worker.ts";
import { describeCommit, describeLoad, describeMachine } from "./machine.ts";

const TASKS = ["quad-deep", "logreg-digits", "spiral-mlp", "matrix-factorization"];
const ROUNDS = 3;
const BIN = fileURLToPath(new URL("../packages/lab/bin/thalweg.mjs", import.meta.url));

const prepare = (text: string) =>
  prepareStudy(readStudySpec({ path: "bench.yaml", text }), { say: console.error, workers: 1 });

const processorSeconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

async function timed(work: () => Promise<unknown>): Promise<number> {
  const before = processorSeconds();
  await work();
  return processorSeconds() - before;
}

async function overhead(root: string): Promise<void> {
  console.log("| task | trials | bare loop, s each | study, s each | study / bare |\n|---|---|---|---|---|");
  for (const name of TASKS) {
    const text = `{name: bench, tasks: ${name}, rules: adamw, trials: 24, replicates: 1, seeds: 6}`;
    const prepared = await prepare(text);
    const { facts, trials, loaded } = prepared;
    const { task, dataset } = loaded[0]!;
    const known = { task, dataset, fingerprint: facts.tasks[0]!.fingerprint };
    const tuning = trials.filter(({ hyper }) => hyper !== undefined);
    const bare = async (folder: string) => {
      for (const trial of trials) {
        const hyper = trial.hyper ?? tuning[trial.number]!.hyper!; // as many finals, with other values
        const config = configOf(trial, hyper, known, facts.rules[0]!, facts);
        await runTrial(config, { task, dataset, folder: join(folder, String(trial.id)) });
      }
    };
    const least = { bare: Number.POSITIVE_INFINITY, study: Number.POSITIVE_INFINITY };
    for (let round = 0; round < ROUNDS; round++) {
      const at = (kind: string) => join(root, `${name}-${kind}-${round}`);
      beginStudy(at("study"), text, prepared, "");
      least.bare = Math.min(least.bare, await timed(() => bare(at("bare"))));
      least.study = Math.min(least.study, await timed(() => workOnStudy({ folder: at("study") })));
    }
    const each = (total: number) => (total / trials.length).toFixed(4);
    console.log(
      `| ${name} | ${trials.length} | ${each(least.bare)} | ${each(least.study)} | ${(least.study / least.bare).toFixed(3)} |`,
    );
  }
}

async function workers(root: string): Promise<void> {
  const text = `{name: bench, tasks: [spiral-mlp, logreg-digits], rules: [adamw, sgd], trials: 12, seeds: 6, replicates: 1}`;
  const prepared = await prepare(text);
  const clocks: number[] = [];
  for (const count of [1, 2, 1, 2]) {
    const folder = join(root, `workers-${count}-${clocks.length}`);
    beginStudy(folder, text, prepared, "");
    let first = Number.NaN;
    let before = 0;
    await launchLocal({
      folder,
      workers: count,
      onProgress: (results) => {
        if (results.size > 0 && Number.isNaN(first)) {
          first = performance.now();
          before = results.size;
        }
      },
    });
    const seconds = (performance.now() - first) / 1e3;
    clocks.push(seconds / (prepared.trials.length - before));
  }
  const least = (of: 0 | 1) => Math.min(clocks[of]!, clocks[of + 2]!);
  console.log(
    `two workers over one: ${(least(1) / least(0)).toFixed(3)} of the clock per trial (${least(0).toFixed(3)} s and ${least(1).toFixed(3)} s)`,
  );
}

async function scale(root: string): Promise<void> {
  const folder = join(root, "scale");
  mkdirSync(claimsFolder(folder), { recursive: true });
  const rules = "[adamw, nadamw, momentum, rmsprop, lion, muon, soap, schedule-free-adamw]";
  const names = [
    "quad-deep",
    "logreg-digits",
    "spiral-mlp",
    "matrix-factorization",
    "digits-scaled-mlp",
    "deep-linear",
  ];
  const { facts, trials } = await prepare(
    `{name: scale, tasks: [${names}], rules: ${rules}, trials: 94, seeds: 10}`,
  );
  writePlan(folder, { ...facts, code: engine }, trials, {
    machine: {},
    command: "",
    startedAt: new Date(0).toISOString(),
  });
  const writer = new ResultsWriter(folder, "made-up");
  const tuned = trials.filter(({ phase }) => phase === "tuning");
  for (const trial of trials) {
    const random = stream(1, "made up", trial.id);
    const hyper = trial.hyper ?? tuned[trial.id % tuned.length]!.hyper!;
    const loss = 1 + 0.1 * random.normal() ** 2;
    const run = trial.id.toString(16).padStart(16, "0");
    const measures = {
      trainLoss: loss,
      validationLoss: loss,
      testLoss: loss + 0.01 * random.normal(),
      testAccuracy: 1 / (1 + loss),
      [facts.tasks.find(({ name }) => name === trial.task)!.metric.measure]: loss + 0.01 * random.normal(),
    };
    writer.append({
      ...{
        id: trial.id,
        hyper,
        folder: `runs/${run}`,
        fingerprint: facts.tasks.find(({ name }) => name === trial.task)!.fingerprint,
      },
      ...{
        end: "finished",
        reason: "",
        steps: trial.steps,
        gradients: trial.steps,
        seconds: 0.5,
        target: null,
      },
      ...{ final: measures, best: measures, initial: { ...measures, validationLoss: 5, testLoss: 5 } },
      ...{ attempt: 0, endedAt: new Date(trial.id * 1e3).toISOString() },
    });
    writeFileSync(join(claimsFolder(folder), `${run}.0.json`), `{"trial":${trial.id}}\n`);
  }
  for (const words of [
    ["status", folder],
    ["report", folder],
  ]) {
    const told = `data:text/javascript,process.on("exit",()=>process.stderr.write("usage "+JSON.stringify(process.resourceUsage())+"\\n"))`;
    const begun = performance.now();
    const { status, stderr } = spawnSync(process.execPath, ["--import", told, BIN, "study", ...words], {
      encoding: "utf8",
    });
    const clock = (performance.now() - begun) / 1e3;
    const usage = JSON.parse(/usage (.*)/.exec(stderr)?.[1] ?? "{}") as {
      maxRSS: number;
      userCPUTime: number;
      systemCPUTime: number;
    };
    console.log(
      `study ${words[0]} of ${trials.length} finished trials: ${clock.toFixed(2)} s by the clock, ${((usage.userCPUTime + usage.systemCPUTime) / 1e6).toFixed(2)} s of processor, ${(usage.maxRSS / 1024).toFixed(0)} MiB${status === 0 ? "" : `, exit code ${status}: ${stderr}`}`,
    );
  }
}

const PARTS = { overhead, workers, scale };
const asked = process.argv.slice(2);
console.log(`${describeMachine()}\n${describeCommit()}\n${describeLoad()}\n`);
for (const [name, part] of Object.entries(PARTS)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const root = mkdtempSync(join(tmpdir(), "thalweg-studies-"));
  try {
    await part(root);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
