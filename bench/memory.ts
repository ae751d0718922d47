/**
 * The memory of training: what a process takes beside what is planned, and what computing blocks again spares and costs.
 *
 * Run: npx tsx bench/memory.ts. Each row is a process of its own (packages/train/src/memory/measure.ts; Linux only). It replaces its
 * section of RESULTS.md.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Measurement } from "../packages/train/src/memory/measure.ts";
import { describeCommit, describeLoad, describeMachine } from "./machine.ts";
import { replaceSection } from "./results.ts";

const script = fileURLToPath(new URL("../packages/train/src/memory/measure.ts", import.meta.url));
const load = describeLoad();

const CASES = [
  ["gpt", "GPT, 6 × 128, 128 positions", [8, 16, 32], ["kept", "attention", "blocks"]],
  ["resnet20", "ResNet-20", [32, 64, 128], ["kept", "blocks"]],
] as const;

/** Rounds A B A B, so that a slow minute falls on both; the least time and the median memory of each. */
const ROUNDS = 3;

const run = (...args: string[]): Measurement =>
  JSON.parse(
    execFileSync(process.execPath, ["--expose-gc", "--import", "tsx", script, ...args], { encoding: "utf8" }),
  );

function measure(name: string, batch: number, ways: readonly string[]): Measurement[] {
  const rounds = Array.from({ length: ROUNDS }, () =>
    ways.map((way) => run(name, String(batch), ...(way === "kept" ? [] : [way]))),
  );
  return ways.map((_, k) => {
    const all = rounds.map((round) => round[k]!).sort((a, b) => a.measured - b.measured);
    return { ...all[ROUNDS >> 1]!, milliseconds: Math.min(...all.map(({ milliseconds }) => milliseconds)) };
  });
}

/** Relative; of float32 over four steps. */
const ROUNDING = 1e-6;

const mb = (bytes: number) => (bytes / 1e6).toFixed(1);
const rows = CASES.flatMap(([name, title, batches, ways]) =>
  batches.flatMap((batch) => {
    const all = measure(name, batch, ways);
    const [kept] = all as [Measurement];
    return all.map(({ measured, predicted, alive, milliseconds, losses }, k) => {
      const same = losses.every((loss, i) => Math.abs(loss / kept.losses[i]! - 1) < ROUNDING)
        ? ""
        : " **no**";
      const spared = `${(100 * (1 - measured / kept.measured)).toFixed(0)} %${same}, ${(milliseconds / kept.milliseconds).toFixed(2)} ×`;
      return `| ${title}, batch ${batch} | ${ways[k]} | ${mb(measured)} | ${mb(predicted)} | ${(predicted / measured).toFixed(2)} | ${mb(alive)} | ${milliseconds.toFixed(0)} | ${k === 0 ? "" : spared} |`;
    });
  }),
);
const section = `## Memory

${describeMachine()}; ${describeCommit()}; ${load}. Training in float32 with AdamW, one thread, four steps in a process of its own: megabytes by which the resident memory grows at its peak, above the process with everything compiled and nothing computed; beside it \`processMemory\` (ONNX Runtime's planner and arena modelled) and the lives of the tensors alone. Median of ${ROUNDS}; ms of processor time a step, the least of ${4 * ROUNDS}. "blocks", "attention": \`--checkpoint\`; losses are the same to 10⁻⁶${rows.some((row) => row.includes("**no**")) ? ", but where marked" : ""}.

| network | activations | measured | planned | ÷ | alive | ms | spared, time |
| --- | --- | --- | --- | --- | --- | --- | --- |
${rows.join("\n")}
`;
console.log(section);
const page = new URL("RESULTS.md", import.meta.url);
writeFileSync(page, replaceSection(readFileSync(page, "utf8"), "memory", section));
