/**
 * `thalweg bench [step|copy|mlp|conv|all]`: this machine against the peers that are installed. The benchmark is the
 * repository's `bench/`, a program of its own with its own options; this command only starts it.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { Failure, UsageError } from "./errors.ts";
import type { Io } from "./io.ts";

const BENCH = new URL("../../../../bench/", import.meta.url);

export function define(command: Command, io: Io, folder = BENCH): void {
  command
    .description(
      "Time Thalweg beside PyTorch, tfjs, jax-js and deepbox on this machine; other options go to bench/run.ts.",
    )
    .argument("[benchmarks...]", "step, copy, mlp, conv, or all of them")
    .allowUnknownOption()
    .addHelpText(
      "after",
      "\nExamples:\n  $ thalweg bench step --dry\n  $ thalweg bench all --threads 1,2 --rounds 5",
    )
    .action((_: string[], __: object, { args }: Command) => run(args, io, folder));
}

async function run(args: readonly string[], io: Io, folder: URL): Promise<void> {
  const program = new URL("run.ts", folder);
  if (!existsSync(program)) {
    throw new Failure(
      "Cannot run benchmarks as they are not part of the package: clone Thalweg's repository and run this there",
    );
  }
  const { workloads } = (await import(new URL("workload.ts", folder).href)) as { workloads: object };
  const words = args.flatMap((word) => (word === "all" ? Object.keys(workloads) : [word]));
  const node = [
    process.execPath,
    ["--import", import.meta.resolve("tsx"), fileURLToPath(program), ...words],
  ] as const;
  const child = spawn(...node, { cwd: fileURLToPath(folder), stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.setEncoding("utf8").on("data", (text: string) => io.stdout.write(text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => io.stderr.write(text));
  const [status] = await once(child, "close");
  // it has said what went wrong
  if (status === 2) throw new UsageError("");
  if (status !== 0) throw new Failure("");
}
