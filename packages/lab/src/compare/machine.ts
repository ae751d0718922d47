/** What a result was measured on. */
import { createRequire } from "node:module";
import os from "node:os";
import type { MachineFacts } from "../report/index.ts";

const require = createRequire(import.meta.url);
const versionOf = (name: string) => (require(`${name}/package.json`) as { version: string }).version;

export const thalwegVersion = (require("../../package.json") as { version: string }).version;

/** This machine, and how a comparison uses it. */
export function machineFacts(workers: number): MachineFacts {
  return {
    cpu: os.cpus()[0]?.model.trim() ?? "unknown",
    cores: os.availableParallelism(),
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    os: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.version,
    onnxruntime: versionOf("onnxruntime-node"),
    threadsPerRun: 1,
    workers,
    thalweg: thalwegVersion,
  };
}
