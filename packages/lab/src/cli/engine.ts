/** The option `--engine`: where a rule's formula is computed. */

import { lookUp } from "@thalweg/optim";
import { type Command, Option } from "commander";
import { fromUser } from "./errors.ts";

export type EngineName = "reference" | "wasm";

const engines: Readonly<Record<EngineName, EngineName>> = { reference: "reference", wasm: "wasm" };

export function addEngineOption(command: Command, preset: EngineName): Command {
  const option = new Option(
    "--engine <name>",
    "reference (float64 interpreter) or wasm (fused float32 kernel)",
  );
  return command.addOption(
    option.default(preset).argParser((name) => fromUser(() => lookUp("engine", engines, name))),
  );
}
