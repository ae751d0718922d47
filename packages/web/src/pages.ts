/** The pages, in the order of the navigation. Each is loaded when it is first opened. */
import type { Component } from "svelte";

export interface PageEntry {
  /** The first word of the address: `#/playground`. */
  readonly path: string;
  readonly title: string;
  /** One line for people who do not know it yet. */
  readonly summary: string;
  readonly load: () => Promise<{ default: Component }>;
}

export const pages: readonly PageEntry[] = [
  {
    path: "playground",
    title: "Playground",
    summary: "Race update rules on a surface or a small network, and edit their formulas while they run",
    load: () => import("./pages/playground/Page.svelte"),
  },
  {
    path: "runs",
    title: "Runs",
    summary: "Training runs, live while they train",
    load: () => import("./pages/runs/Page.svelte"),
  },
  {
    path: "comparison",
    title: "Comparison",
    summary: "Studies and what they can claim",
    load: () => import("./pages/comparison/Page.svelte"),
  },
  {
    path: "landscape",
    title: "Landscape",
    summary: "The loss around a model, as map and surface",
    load: () => import("./pages/landscape/Page.svelte"),
  },
  {
    path: "schedules",
    title: "Schedules",
    summary: "Compose a schedule, find a learning rate, choose a batch size",
    load: () => import("./pages/schedules/Page.svelte"),
  },
  {
    path: "catalogue",
    title: "Catalogue",
    summary: "Every rule and schedule: its formula, its numbers, its source",
    load: () => import("./pages/catalogue/Page.svelte"),
  },
];
