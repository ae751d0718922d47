/**
 * The runner's side of the protocol: start a contestant, wait for its line, stop it at its time limit.
 *
 * Every contestant is offered the same threads through the options and through the variables that numerical libraries
 * read. Whatever goes wrong becomes a {@link Refusal} with the reason, since a row that cannot run is a result too.
 */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Measurement, Options, Refusal } from "./contestant.ts";
import type { Contestant } from "./contestants.ts";
import type { BenchmarkName } from "./workload.ts";

export async function run(
  contestant: Contestant,
  benchmark: BenchmarkName,
  options: Options,
  limitMs: number,
): Promise<Measurement | Refusal> {
  const refuse = (unavailable: string): Refusal => ({
    contestant: contestant.name,
    benchmark,
    version: "",
    unavailable,
  });
  const [program, ...first] = contestant.command;
  if (program === undefined) return refuse(contestant.absent ?? "not installed");

  const threads = String(options.threads);
  const child = spawn(program, [...first, benchmark, JSON.stringify(options)], {
    cwd: fileURLToPath(new URL(".", import.meta.url)),
    env: {
      ...process.env,
      OMP_NUM_THREADS: threads,
      OPENBLAS_NUM_THREADS: threads,
      MKL_NUM_THREADS: threads,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  let late = false;
  const alarm = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, limitMs);
  const ending = await new Promise<string>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code, signal) => resolve(`ended with ${signal ?? `exit code ${code}`}`));
  });
  clearTimeout(alarm);

  if (late) {
    const steps = options.warmup + 1;
    const perStep = limitMs / 1000 / steps;
    return refuse(`> ${perStep.toFixed(0)} s a step: ${steps} steps did not end in ${limitMs / 1000} s`);
  }
  const line = stdout.trimEnd().split("\n").at(-1) ?? "";
  try {
    const answer = JSON.parse(line) as Measurement | Refusal;
    if ("unavailable" in answer || answer.samplesMs.length > 0) return answer;
    return refuse("answered without a sample");
  } catch {
    const reason =
      stderr.split("\n").find((text) => /error/i.test(text)) ?? stderr.trimEnd().split("\n").at(-1);
    return refuse(`${ending} without an answer: ${reason?.trim() || "nothing on stderr"}`);
  }
}
