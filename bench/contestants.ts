/**
 * Who takes part: one row per contestant of each benchmark.
 *
 * To add one, write a program that speaks the protocol of `contestant.ts` and give it a row here. Contestants that are
 * not installed keep their row and say how to install them. A row marked `baseline` gets a column of ratios.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { BenchmarkName } from "./workload.ts";

export interface Contestant {
  readonly name: string;
  /** Command and its first arguments; benchmark and options follow. Empty when it is not installed. */
  readonly command: readonly string[];
  /** What its program is to do, where it knows several ways. */
  readonly variant: string;
  /** `one`: uses a single thread whatever it is offered, so it takes part at one thread only. */
  readonly threads: "one" | "any";
  readonly baseline: boolean;
  /** How its work differs from that of the others, if it does. */
  readonly note?: string;
  /** Why it cannot start here, and the way out. */
  readonly absent?: string;
}

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const node = (path: string) => [process.execPath, "--import", "tsx", here(path)];

const row = (name: string, command: readonly string[], more: Partial<Contestant> = {}): Contestant => ({
  name,
  command,
  variant: "default",
  threads: "one",
  baseline: false,
  ...more,
});

const thalwegStep = row("Thalweg", node("thalweg-step.ts"));
const thalwegTrain = row("Thalweg", node("thalweg-train.ts"), { threads: "any" });
const tfjs = node("peers/tfjs.mjs");
const jaxJs = node("peers/jax-js.mjs");
const deepbox = node("peers/deepbox.mjs");
const copy = node("peers/copy.mjs");

const copyKernel = row("WASM copy kernel", copy, { variant: "kernel", baseline: true });

/** PyTorch's rows are made for each interpreter that has it. */
interface TorchVariant {
  readonly label: string;
  readonly variant: string;
  readonly baseline: boolean;
}

const torchPlain: readonly TorchVariant[] = [{ label: "", variant: "default", baseline: true }];

const torchVariants: Readonly<Record<BenchmarkName, readonly TorchVariant[]>> = {
  step: [
    { label: " default (for-loop)", variant: "default", baseline: true },
    { label: " foreach", variant: "foreach", baseline: false },
    { label: " fused", variant: "fused", baseline: false },
  ],
  copy: torchPlain,
  mlp: torchPlain,
  conv: torchPlain,
  gpt: torchPlain,
  resnet20: torchPlain,
  vgg9: torchPlain,
};

const others: Readonly<Record<BenchmarkName, readonly Contestant[]>> = {
  step: [
    thalwegStep,
    { ...copyKernel, note: "the ceiling: moves the bytes, no arithmetic" },
    row("plain JS loop", node("peers/loop.mjs")),
    row("jax-js wasm", jaxJs, { note: "AdamW written out under jit: its optimizers are not on npm" }),
    row("tfjs wasm, Adam", tfjs, { variant: "wasm", note: "no AdamW in tfjs: Adam, less work" }),
    row("tfjs cpu, Adam", tfjs, { variant: "cpu", note: "no AdamW in tfjs: Adam, less work" }),
    row("deepbox", deepbox, { note: "keeps its state in float64" }),
  ],
  copy: [copyKernel, row("TypedArray.set", copy, { variant: "set" })],
  mlp: [
    thalwegTrain,
    row("jax-js wasm", jaxJs),
    row("tfjs wasm", tfjs, { variant: "wasm" }),
    row("tfjs cpu", tfjs, { variant: "cpu" }),
    row("deepbox", deepbox),
  ],
  conv: [
    thalwegTrain,
    row("jax-js wasm", jaxJs),
    row("tfjs wasm", tfjs, { variant: "wasm" }),
    row("tfjs cpu", tfjs, { variant: "cpu" }),
    row("deepbox", deepbox),
  ],
  gpt: [
    thalwegTrain,
    row("jax-js wasm", jaxJs),
    row("tfjs wasm", tfjs, { variant: "wasm" }),
    row("tfjs cpu", tfjs, { variant: "cpu" }),
  ],
  // the others cannot: see conv
  resnet20: [thalwegTrain],
  vgg9: [thalwegTrain],
};

/** Everyone who takes part in a benchmark, PyTorch first. */
export async function contestants(benchmark: BenchmarkName): Promise<Contestant[]> {
  const variants = torchVariants[benchmark];
  const torches = await pythonsWithTorch();
  const rows = torches.flatMap(({ python, version }) =>
    variants.map(({ label, variant, baseline }) =>
      row(`torch ${version.replace(/\+cpu$/, "")}${label}`, [python, here("peers/pytorch.py")], {
        variant,
        baseline,
        threads: "any",
      }),
    ),
  );
  const absent = "not installed: apt-get install python3-torch libopenblas0, or set THALWEG_PYTHON";
  return [...(rows.length > 0 ? rows : [row("torch", [], { absent, threads: "any" })]), ...others[benchmark]];
}

/** Interpreters that can import torch, one for each version of it, the newest first. */
async function pythonsWithTorch(): Promise<{ python: string; version: string }[]> {
  const found = new Map<string, string>();
  for (const python of [process.env.THALWEG_PYTHON, "python3", "/usr/bin/python3"]) {
    if (!python) continue;
    try {
      const { stdout } = await promisify(execFile)(python, [here("peers/pytorch.py")]);
      const { version } = JSON.parse(stdout) as { version: string };
      if (!found.has(version)) found.set(version, python);
    } catch {
      // No such interpreter, or no torch in it: not a contestant.
    }
  }
  const newestFirst = new Intl.Collator("en", { numeric: true });
  return [...found]
    .map(([version, python]) => ({ python, version }))
    .sort((a, b) => newestFirst.compare(b.version, a.version));
}
