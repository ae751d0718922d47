/** What the bundler gives: components, style sheets, files by their address, and the list of recordings (vite.config.ts). */
/// <reference types="svelte" />
/// <reference types="vite/client" />

declare module "virtual:recordings" {
  export interface RecordingEntry {
    readonly file: string;
    /** Whose code, in its own words. */
    readonly recorded: string;
    /** Transforms and rules, in the order of their chain. */
    readonly names: readonly string[];
    readonly steps: number;
  }
  const entries: readonly RecordingEntry[];
  export default entries;
}
