/** What a result was measured on. */
import { createRequire } from "node:module";
import os from "node:os";
import type { MachineFacts } from "../report/comparison.ts";

const require = createRequire(import.meta.url);
const versionOf = (name: string) => (require(`${name}/package.json`) as { version: string }).version;

const thalweg = (require("../../package.json") as { version: string }).version;
const onnxruntime = versionOf("onnxruntime-node");

/** The software that computes a run: other versions may round differently, so it is part of a run's identity. */
export const engine = `thalweg ${thalweg}, onnxruntime ${onnxruntime}`;

/** This machine, and how a comparison uses it. */
export function machineFacts(workers: number): MachineFacts {
  return {
    cpu: os.cpus()[0]?.model.trim() ?? "unknown",
    cores: os.availableParallelism(),
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    os: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.version,
    onnxruntime,
    threadsPerRun: 1,
    workers,
    thalweg,
  };
}
