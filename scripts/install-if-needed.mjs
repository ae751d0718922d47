/** Set-up for every script: the right Node, and the packages of the lock file, installed when they are not. */
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

/** Install what package-lock.json says, unless that has been done since it last changed. Ends the process on failure. */
export function installIfNeeded() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    console.error(`Cannot run Thalweg as it needs Node.js 20.19 or newer: this is ${process.version}`);
    process.exit(1);
  }
  const lock = `${root}/package-lock.json`;
  const installed = `${root}/node_modules/.package-lock.json`; // npm writes it last
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  console.error("Installing dependencies from the npm registry, as package-lock.json has them …");
  run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
}

/** Run a program in the repository with this terminal; ends the process with its exit code unless that is 0. */
export function run(program, args) {
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: "inherit" });
  if (error) console.error(`Cannot run ${program} as ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}
