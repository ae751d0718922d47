/**
 * The built pages, built when they are missing or older than what they are made of. The package `@thalweg/web` lies beside this one; where it was shipped
 * without its sources, what was built is taken as it is.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);

/** What ends up in the pages. */
const SOURCES = ["web", "formula", "optim", "random", "graph", "nn"];

/** The folder of the built pages. `say` hears what is being done. Raises Error with the builder's words when it fails. */
export async function builtPages(say: (line: string) => void): Promise<string> {
  const home = dirname(require.resolve("@thalweg/web/package.json"));
  const dist = join(home, "dist");
  const index = join(dist, "index.html");
  const packages = dirname(home);
  const sources = SOURCES.map((name) => join(packages, name, "src")).filter(existsSync);
  if (!existsSync(join(home, "src"))) {
    if (existsSync(index)) return dist;
    throw new Error(`Cannot show the pages as ${dist} is missing: install @thalweg/web anew`);
  }
  const own = ["index.html", "package.json", "vite.config.ts"].map(
    (name) => statSync(join(home, name)).mtimeMs,
  );
  const changed = Math.max(...own, ...sources.map(newest));
  if (existsSync(index) && statSync(index).mtimeMs >= changed) return dist;
  say(existsSync(index) ? "Building the pages anew, as they changed …" : "Building the pages …");
  const started = performance.now();
  await build(home, dist);
  say(`Built the pages in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  return dist;
}

/** The latest change below a folder, ms. */
function newest(folder: string): number {
  const times = readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && !entry.name.includes(".test."))
    .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs);
  return Math.max(0, ...times);
}

/** Build beside what there is and put it in its place at once: other labs on this machine may be showing it. */
async function build(home: string, dist: string): Promise<void> {
  const workshop = join(home, "node_modules", `.pages-${process.pid}`);
  const [fresh, old] = [join(workshop, "fresh"), join(workshop, "old")];
  mkdirSync(workshop, { recursive: true });
  try {
    const vite = dirname(createRequire(join(home, "package.json")).resolve("vite/package.json"));
    await run(home, [join(vite, "bin/vite.js"), "build", "--logLevel", "warn", "--outDir", fresh]);
    if (existsSync(dist)) renameSync(dist, old);
    renameSync(fresh, dist);
  } finally {
    rmSync(workshop, { recursive: true, force: true });
  }
}

async function run(folder: string, words: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, words, { cwd: folder });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      output += chunk;
    });
  }
  const code = await new Promise<number | null>((done, fail) => {
    child.once("error", fail);
    child.once("close", done);
  });
  if (code !== 0) throw new Error(`Cannot build the pages:\n${output.trim()}`);
}
