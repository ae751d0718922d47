/**
 * Builds the pages into `dist`. Paths are relative, so that the same files work below any address: on the lab's server, and as an
 * exported copy on any other. What is large (three, KaTeX, CodeMirror, onnxruntime-web) is reached by dynamic imports alone.
 */
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

export default defineConfig({
  base: "./",
  plugins: [svelte()],
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
