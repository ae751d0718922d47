/**
 * Builds the pages into `dist`. Paths are relative, so that the same files work below any address: on the lab's server, and as an
 * exported copy on any other. What is large (three, KaTeX, CodeMirror, onnxruntime-web) is reached by dynamic imports alone.
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, type Plugin } from "vite";

const TRAJECTORIES = fileURLToPath(new URL("../optim/fixtures/trajectories/", import.meta.url));

interface Part {
  rule?: string | { name: string };
  transform?: string;
}

/** The list of recordings that rules are held to, without their numbers: who recorded what, by which rules and transforms. */
function recordings(): Plugin {
  const name = "virtual:recordings";
  const entry = (file: string) => {
    const {
      recorded,
      rule,
      chain = [{ rule }],
      expected,
    } = JSON.parse(readFileSync(TRAJECTORIES + file, "utf8")) as Part & {
      recorded: string;
      chain?: Part[];
      expected: { steps: unknown[] };
    };
    const names = chain.map(
      (part) => part.transform ?? (typeof part.rule === "string" ? part.rule : part.rule?.name),
    );
    return { file, recorded, names, steps: expected.steps.length };
  };
  return {
    name: "recordings",
    resolveId: (id) => (id === name ? `\0${name}` : undefined),
    load: (id) =>
      id === `\0${name}`
        ? `export default ${JSON.stringify(readdirSync(TRAJECTORIES).map(entry))}`
        : undefined,
  };
}

export default defineConfig({
  base: "./",
  plugins: [svelte(), recordings()],
  build: {
    target: "es2023",
    outDir: "dist",
    emptyOutDir: true,
    modulePreload: { polyfill: false }, // an inline script, which the pages' security policy forbids
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1_500,
  },
  worker: { format: "es" },
});
