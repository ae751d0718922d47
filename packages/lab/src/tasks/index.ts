/** The tasks by name. */
import { digitsMlp } from "./digits-mlp.ts";
import { mnistMlp } from "./mnist-mlp.ts";
import type { Task } from "./task.ts";

export type { Task } from "./task.ts";

export const tasks: Readonly<Record<string, Task>> = {
  "mnist-mlp": mnistMlp,
  "digits-mlp": digitsMlp,
};
