/** `thalweg gradient MODEL --inputs FILE --loss NAME -o FILE`: loss and gradient of an ONNX model, by its own names. */
import { readNpz, serializeNpz } from "@thalweg/data";
import { prepareGradient } from "@thalweg/train";
import type { Command } from "commander";
import { required, wholeNumber } from "./arguments.ts";
import { fromUser, fromUserLater } from "./errors.ts";
import { readWith, writeBytes } from "./files.ts";
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
  inputs?: string;
  labels?: string;
  out?: string;
  seed?: number;
  threads?: number;
  json?: boolean;
}

const EXAMPLES = `
Examples:
  $ thalweg gradient resnet18.onnx --inputs batch.npz --loss softmax-cross-entropy --labels y -o gradients.npz
  $ thalweg gradient model.onnx --inputs batch.npz --loss mse --freeze 'encoder.*' --json

The NPZ file (numpy.savez) holds an array for each input of the model, by its name, and the labels.`;

export function define(command: Command, io: Io): void {
  defineModelOptions(
    command.description("Loss and gradient for every initializer of an ONNX model, on one batch."),
  )
    .option("--inputs <file>", "an NPZ file with the batch")
    .option("--labels <name>", "its array that holds the labels (default: labels)")
    .option("-o, --out <file>", "write the gradients there, an NPZ file with the initializers' names")
    .option("--seed <n>", "draws dropout's noise (default: 0)", wholeNumber("--seed", 0))
    .option("--threads <n>", "that one operator may use (default: 1)", wholeNumber("--threads", 1))
    .option("--json", "print loss and norms as JSON")
    .addHelpText("after", `${LOSSES}\n${EXAMPLES}`)
    .action((model: string | undefined, options: Options) => run(model, options, io));
}

async function run(path: string | undefined, options: Options, io: Io): Promise<void> {
  const { labels, seed, threads, out } = options;
  const file = await readModel(path);
  const chosen = fromUser(() => differentiationOptions(file, options));
  const inputs = required("--inputs", options.inputs, ["an NPZ file with the batch"]);
  const compute = await fromUserLater(async () => {
    const arrays = await readWith(inputs, readNpz);
    return prepareGradient(file.model, {
      ...chosen,
      arrays,
      ...(labels !== undefined && { labels }),
      ...(seed !== undefined && { seed }),
      ...(threads !== undefined && { threads }),
    });
  });
  const { loss, gradients } = await compute();
  if (out !== undefined) await writeBytes(out, serializeNpz(gradients as never), io);
  const rows = [...gradients].map(([name, { shape, data }]) => ({
    name,
    shape,
    norm: norm(data as Float32Array),
  }));
  if (options.json) {
    printJson(io.stdout, { model: file.path, sha256: file.sha256, loss, gradients: rows });
    return;
  }
  io.stdout.write(`loss ${loss}\n\n`);
  const cells = rows.map((row) => [row.name, `[${row.shape.join(", ")}]`, row.norm.toPrecision(6)]);
  io.stdout.write(columns([["parameter", "shape", "‖gradient‖"], ...cells], new Set([2])));
}

function norm(values: ArrayLike<number>): number {
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += values[i]! ** 2;
  return Math.sqrt(squares);
}
