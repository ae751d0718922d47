/**
 * The machine and the commit, as a reader of a benchmark needs to know them.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, type as osType, totalmem } from "node:os";

export function describeMachine(): string {
  const model = cpus()[0]?.model.trim() ?? "unknown processor";
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  return `${model}, ${availableParallelism()} cores, ${memory}, ${operatingSystem()}, Node ${process.version}`;
}

/** How busy the machine was before we began: above a tenth of its cores, figures are to be taken as noisy. */
export function describeLoad(): string {
  const [lastMinute = 0] = loadavg();
  const noisy = lastMinute > 0.1 * availableParallelism();
  return `load average ${lastMinute.toFixed(2)} before the start${noisy ? " — **noisy: others were computing too**" : ""}`;
}

/** Our own version: the commit, and whether source files differ from it. */
export function describeCommit(): string {
  const git = (...args: string[]) =>
    spawnSync("git", args, { cwd: new URL("..", import.meta.url), encoding: "utf8" });
  const { stdout, status } = git("rev-parse", "--short", "HEAD");
  if (status !== 0) return "Thalweg outside of a repository";
  const changed = git("diff", "--quiet", "HEAD", "--", "packages", "bench/*.ts").status !== 0;
  return `Thalweg at ${stdout.trim()}${changed ? " with uncommitted changes" : ""}`;
}

function operatingSystem(): string {
  try {
    const name = /^PRETTY_NAME="?(.*?)"?$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1];
    return name ?? osType();
  } catch {
    return osType();
  }
}
