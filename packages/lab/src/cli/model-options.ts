/** What the commands that differentiate an ONNX file have in common: the file, the loss, the sizes, what is frozen. */
import { nearest } from "@thalweg/formula";
import { type DifferentiationOptions, type ModelFile, outputLosses, readModelFile } from "@thalweg/train";
import type { Command } from "commander";
import { namesMatching } from "../tasks/patterns.ts";
import { oneOf, repeated, required, sizes, weighted } from "./arguments.ts";
import { UsageError } from "./errors.ts";
import { readWith } from "./files.ts";

export interface ModelOptions {
  loss?: string;
  output?: Record<string, number>;
  size?: Record<string, number>;
  mode?: "training" | "inference";
  freeze?: string[];
}

export const LOSSES = `
Losses:
${Object.entries(outputLosses)
  .map(([name, { formula, labels }]) => {
    const kind = { classes: "labels are classes", values: "labels are values", none: "no labels" }[labels];
    return `  ${name.padEnd(24)} ${formula} (${kind})`;
  })
  .join("\n")}`;

/** Add the argument and the options. */
export function defineModelOptions(command: Command): Command {
  return command
    .argument("[model]", "an ONNX file, opset 13 or newer")
    .option("--loss <name>", "what is differentiated; see below")
    .option("--output <name[=weight]>", "the output it is of; repeat to add several", weighted("--output"))
    .option("--size <name=value>", "a symbolic size of the model; repeat for more", sizes("--size"))
    .option(
      "--mode <mode>",
      "let normalisation and dropout act as in training or inference (default: as the file says)",
      oneOf("--mode", "training", "inference"),
    )
    .option(
      "--freeze <pattern>",
      "no gradient for these initializers; * is any text; repeat for more",
      repeated,
    );
}

/** Read the file. Raises UsageError where there is none, OnnxError for one that is broken. */
export const readModel = (path: string | undefined): Promise<ModelFile> =>
  readWith(required("a model", path, ["an ONNX file"]), readModelFile);

/** The options as `@thalweg/train` takes them. Raises UsageError for a loss or a pattern that names nothing. */
export function differentiationOptions({ model }: ModelFile, options: ModelOptions): DifferentiationOptions {
  const { output, size, mode, freeze = [] } = options;
  const names = Object.keys(outputLosses);
  const loss = required("--loss", options.loss, names);
  if (!names.includes(loss)) {
    const close = nearest(loss, names);
    throw new UsageError(
      `Cannot differentiate by the loss "${loss}" as there is none of that name: there are ${names.join(", ")}${close ? `; did you mean "${close}"?` : ""}`,
    );
  }
  const frozen = namesMatching(freeze, [...model.initializers.keys()]);
  return {
    loss,
    parameters: (name) => !frozen.has(name),
    ...(output && { outputs: output }),
    ...(size && { sizes: size }),
    ...(mode && { training: mode === "training" }),
  };
}
