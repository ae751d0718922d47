/** `thalweg replay FILE.json`: the parameters after each recorded gradient. The result is always JSON. */
import { parseRecording, replay } from "@thalweg/optim";
import type { Command } from "commander";
import { addEngineOption, type EngineName } from "./engine.ts";
import { fromUser } from "./errors.ts";
import { parseJson, readText } from "./files.ts";
import type { Io } from "./io.ts";
import { printJson } from "./print.ts";

const FORM = `
A recording names a rule, the parameters' first values, and the gradients per step, per parameter, row-major:
  {"rule": "adamw", "options": {"lr": 0.01}, "schedule": "warmup(2) > cosine",
   "parameters": [{"name": "w", "shape": [2], "data": [1, -1]}],
   "gradients": [[[0.5, "NaN"]], [[0.25, 2]]]}
Instead of "rule": a declaration {"name", "hyper", "state", "update"} with a formula of your own, or a "chain" of
{"transform", "options"} and {"rule", "options"}. NaN and infinities are text.

Example:
  $ thalweg replay recording.json --engine reference > steps.json`;

export function define(command: Command, io: Io): void {
  command
    .description("Run a rule over recorded gradients and print the parameters after each step, as JSON.")
    .argument("<file>", "a recording, or - for standard input")
    .option("--json", "print JSON (it always does)")
    .addHelpText("after", FORM);
  addEngineOption(command, "wasm").action(async (file: string, { engine }: { engine: EngineName }) => {
    const json = await parseJson(await readText(file, io), file);
    // the recording brings its own rule, so what the replay refuses is what the user wrote
    const result = fromUser(() => replay(parseRecording(json), engine));
    printJson(io.stdout, result, 0);
  });
}
