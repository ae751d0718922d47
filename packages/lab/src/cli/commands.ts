/**
 * The commands, in the order in which help lists them. Each lives in a file of its own, loaded only when it is called:
 * `thalweg rules` must not wait for ONNX Runtime. A command's file exports `define`, which adds arguments, options, an
 * example and the action to an empty commander command.
 */
import type { Command } from "commander";
import type { Io } from "./io.ts";

export interface CommandFile {
  define(command: Command, io: Io): void;
}

export interface CommandEntry {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  readonly load: () => Promise<CommandFile>;
}

export const commands: readonly CommandEntry[] = [
  {
    name: "compare",
    summary: "compare update rules on a task: the main job",
    load: () => import("./compare.ts"),
  },
  {
    name: "study",
    summary: "compare rules on many tasks, with any number of workers",
    load: () => import("./study.ts"),
  },
  { name: "train", summary: "train a task once, with one rule", load: () => import("./train.ts") },
  { name: "find-lr", summary: "find a learning rate for a rule", load: () => import("./find-lr.ts") },
  { name: "tasks", summary: "list the tasks, or show one", load: () => import("./tasks.ts") },
  { name: "rules", summary: "list the update rules, or explain one", load: () => import("./rules.ts") },
  { name: "schedules", summary: "list the schedules, or explain one", load: () => import("./schedules.ts") },
  { name: "schedule", summary: "print a schedule, one number per step", load: () => import("./schedule.ts") },
  { name: "replay", summary: "run a rule over recorded gradients", load: () => import("./replay.ts") },
  { name: "walk", summary: "run a rule on a surface in the plane", load: () => import("./walk.ts") },
  {
    name: "minimize",
    summary: "run a method on a problem with a known minimum",
    load: () => import("./minimize.ts"),
  },
  { name: "problems", summary: "list the problems, or explain one", load: () => import("./problems.ts") },
  {
    name: "minimizers",
    summary: "list the methods for problems, or explain one",
    load: () => import("./minimizers.ts"),
  },
  {
    name: "gradient",
    summary: "loss and gradient of an ONNX model",
    load: () => import("./gradient.ts"),
  },
  {
    name: "differentiate",
    summary: "turn an ONNX model into a training graph",
    load: () => import("./differentiate.ts"),
  },
  {
    name: "memory",
    summary: "plan the memory that training takes",
    load: () => import("./memory.ts"),
  },
  {
    name: "landscape",
    summary: "the loss along a line or over a plane through a model",
    load: () => import("./landscape.ts"),
  },
  {
    name: "curvature",
    summary: "how the loss bends where a run has come to",
    load: () => import("./curvature.ts"),
  },
  {
    name: "diagnostics",
    summary: "what a run trained with --diagnose tells of itself",
    load: () => import("./diagnostics.ts"),
  },
  {
    name: "connect",
    summary: "a low road from one model to another",
    load: () => import("./connect.ts"),
  },
  {
    name: "pattern",
    summary: "a plane on which the loss shows a drawn picture",
    load: () => import("./pattern.ts"),
  },
  { name: "lab", summary: "the pages, on 127.0.0.1", load: () => import("./lab.ts") },
  { name: "query", summary: "ask runs and studies a question in SQL", load: () => import("./query.ts") },
  { name: "data", summary: "list, fetch and verify datasets", load: () => import("./data.ts") },
  { name: "bench", summary: "time this machine against other libraries", load: () => import("./bench.ts") },
];
