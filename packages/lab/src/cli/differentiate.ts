/** `thalweg differentiate MODEL --loss NAME -o FILE`: the training graph of an ONNX model, for any runtime. */
import { readOnnx } from "@thalweg/graph";
import { trainingGraph } from "@thalweg/train";
import type { Command } from "commander";
import { oneOf, required } from "./arguments.ts";
import { fromUser, fromUserLater, UsageError } from "./errors.ts";
import { writeBytes } from "./files.ts";
import type { Io } from "./io.ts";
import {
  defineModelOptions,
  differentiationOptions,
  LOSSES,
  type ModelOptions,
  readModel,
} from "./model-options.ts";
import { columns, printJson } from "./print.ts";

interface Options extends ModelOptions {
  parameters?: "defaults" | "inputs";
  out?: string;
  json?: boolean;
}

const EXAMPLES = `
Examples:
  $ thalweg differentiate model.onnx --loss softmax-cross-entropy --size batch=32 -o training.onnx
  $ thalweg differentiate model.onnx --loss mse --output prediction --freeze 'encoder.*' -o training.onnx

The training graph takes the model's inputs, "labels", and the parameters by their names, whose values in the file are the
default. It gives "loss", "gradient/NAME" for each parameter, and "update/NAME" for each running statistic.`;

export function define(command: Command, io: Io): void {
  defineModelOptions(
    command.description("A training graph that any ONNX runtime runs: loss and gradients of a model."),
  )
    .option("-o, --out <file>", "where the training graph goes")
    .option(
      "--parameters <kind>",
      "defaults: with their values, which a runtime can overrule; inputs: without, fed at each run",
      oneOf("--parameters", "defaults", "inputs"),
    )
    .option("--json", "print its inputs and outputs as JSON")
    .addHelpText("after", `${LOSSES}\n${EXAMPLES}`)
    .action((model: string | undefined, options: Options) => run(model, options, io));
}

async function run(path: string | undefined, options: Options, io: Io): Promise<void> {
  const file = await readModel(path);
  const out = required("--out", options.out, ["the file that the training graph goes to"]);
  const chosen = fromUser(() => differentiationOptions(file, options));
  const open = file.model.symbols.filter((name) => chosen.sizes?.[name] === undefined);
  if (open.length > 0) {
    throw new UsageError(
      `Cannot differentiate ${path} as its sizes must be fixed: give ${open.map((name) => `--size ${name}=…`).join(" ")}`,
    );
  }
  const bytes = await fromUserLater(() =>
    trainingGraph(file.model, { ...chosen, plainInputs: options.parameters === "inputs" }),
  );
  await writeBytes(out, bytes, io);
  const { inputs, outputs } = readOnnx(bytes);
  const described = inputs.map(({ name, dtype, sizes }) => ({ name, dtype, shape: sizes }));
  if (options.json) {
    printJson(io.stdout, { path: out, inputs: described, outputs });
    return;
  }
  const rows = described.map(({ name, dtype, shape }) => ["input", name, `${dtype} [${shape.join(", ")}]`]);
  io.stdout.write(columns([...rows, ...outputs.map((name) => ["output", name, ""])]));
}
