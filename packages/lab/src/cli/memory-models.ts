/**
 * What `thalweg memory` can plan: a family of networks with options, a network of the zoo, a task, a TypeScript file or an ONNX file.
 * Nothing is trained, so only shapes are asked for: what an example looks like and what a label is follows from the network.
 */
import { nearest } from "@thalweg/formula";
import { Graph, type Tensor } from "@thalweg/graph";
import {
  burgersLoss,
  cifarResnet,
  crossEntropy,
  evidenceLoss,
  type GptOptions,
  gpt,
  type Module,
  tracing,
  type VaeOutput,
  vae,
  wideResnet,
  type ZooInput,
  zoo,
} from "@thalweg/nn";
import type { RuleOptions } from "@thalweg/optim";
import {
  type Model,
  outputLosses,
  type Plannable,
  plannable,
  plannableFile,
  readModelFile,
  type TransformerSize,
} from "@thalweg/train";
import { parseSpec, RuleSpecError } from "../rules/index.ts";
import { describeTaskFile, isTaskFile } from "../tasks/from-file.ts";
import { tasks } from "../tasks/index.ts";
import { loadTask, loadTaskFile } from "../tasks/load.ts";
import { required } from "./arguments.ts";
import { fromUser, fromUserLater, UsageError } from "./errors.ts";
import { readingFrom, readWith } from "./files.ts";
import type { Io } from "./io.ts";

/** What is planned, and what is said about it. */
export interface AskedModel {
  readonly name: string;
  /** "1024 positions", "3×32×32". */
  readonly example: string;
  readonly model: Plannable;
  /** A task's own, where it has one. */
  readonly batchSize?: number;
  /** For rules of thumb. */
  readonly transformer?: Omit<TransformerSize, "batchSize">;
}

export interface ModelRequest {
  readonly sequence?: number;
  readonly data?: string;
  readonly loss?: string;
  readonly size?: Record<string, number>;
}

/** GPT-2's sizes: Radford et al., 2019, Table 2; the largest is what ZeRO calls GPT-2 1.5B. */
const gpt2 = (layers: number, heads: number, width: number): GptOptions => ({
  ...{ vocabulary: 50_257, context: 1024, layers, heads, width },
  ...{ activation: "geluTanh", dropout: 0.1 },
});

const GPTS: Readonly<Record<string, GptOptions>> = {
  gpt: gpt2(12, 12, 768),
  gpt2: gpt2(12, 12, 768),
  "gpt2-medium": gpt2(24, 16, 1024),
  "gpt2-large": gpt2(36, 20, 1280),
  "gpt2-xl": gpt2(48, 25, 1600),
  "gpt-shakespeare": {
    ...{ vocabulary: 65, context: 256, layers: 6, heads: 6, width: 384 },
    ...{ bias: false, dropout: 0.2 },
  },
};

/** Options that a GPT may be given, by their form. */
const GPT_OPTIONS: Readonly<Record<keyof GptOptions, "number" | "boolean" | readonly string[]>> = {
  vocabulary: "number",
  context: "number",
  layers: "number",
  heads: "number",
  width: "number",
  dropout: "number",
  bias: "boolean",
  norm: ["pre", "post"],
  normalization: ["layer", "rms"],
  activation: ["gelu", "geluTanh", "relu", "reluSquared", "silu", "tanh"],
  tied: "boolean",
  checkpoint: "boolean",
};

/** Residual networks for CIFAR by depth and width. */
const RESNETS: Readonly<Record<string, (depth: number, width: number) => Module>> = {
  resnet: (depth, width) => cifarResnet({ depth, width }),
  wrn: (depth, width) => wideResnet({ depth, width }),
};

/** Find the model. Raises UsageError for what there is not, or what lacks a size. */
export async function askedModel(text: string, request: ModelRequest, io: Io): Promise<AskedModel> {
  if (text.endsWith(".onnx")) return fromFile(text, request);
  const load = { env: io.env, say: (line: string) => io.stderr.write(`${line}\n`), fallBack: false };
  if (isTaskFile(text)) {
    const data = required("--data", request.data, ["a dataset, or an NPZ file with x and y"]);
    const file = readingFrom(text, () => describeTaskFile(text, { data }));
    const loaded = await fromUserLater(() => readWith(text, () => loadTaskFile(file, load)));
    return fromTask(text, loaded);
  }
  const { name, options } = readSpec(text);
  if (Object.hasOwn(tasks, name) && Object.keys(options).length === 0) {
    return fromTask(name, await loadTask(tasks[name]!, load));
  }
  return fromUser(() => fromZoo(name, text, options, request));
}

function readSpec(text: string): { name: string; options: RuleOptions } {
  try {
    const [part, ...others] = parseSpec(text);
    if (part && others.length === 0) return part;
  } catch (error) {
    if (!(error instanceof RuleSpecError)) throw error;
    throw new UsageError(error.message.replace("Cannot read the rule", "Cannot read the model"), {
      cause: error,
    });
  }
  throw new UsageError(`Cannot plan ${text} as it must be one model, such as gpt(layers=48, width=1600)`);
}

function fromTask(name: string, { task, dataset }: Awaited<ReturnType<typeof loadTask>>): AskedModel {
  const { train, classes } = dataset;
  const model = plannable(task.model(train.shape, classes.length));
  return { name, example: train.shape.join("×"), model, batchSize: task.batchSize };
}

function fromZoo(name: string, text: string, options: RuleOptions, { sequence }: ModelRequest): AskedModel {
  const transformer = GPTS[name];
  if (Object.hasOwn(GPTS, name) && transformer)
    return fromGpt(text, { ...transformer, ...gptOptions(name, options) }, options, sequence);
  if (sequence !== undefined) {
    throw new RangeError(
      `Cannot plan ${text} for sequences of ${sequence} as only GPTs take sequences of any length: leave --sequence out`,
    );
  }
  if (Object.hasOwn(RESNETS, name)) {
    const { depth, width } = numbers(name, options, {
      depth: name === "wrn" ? 16 : 20,
      width: name === "wrn" ? 4 : 1,
    });
    const input = { kind: "image", shape: [3, 32, 32] } as const;
    return {
      name: text,
      example: "3×32×32",
      model: plannable(supervised(RESNETS[name]!(depth, width), input)),
    };
  }
  if (!Object.hasOwn(zoo, name)) refuse(name);
  if (Object.keys(options).length > 0) {
    throw new RangeError(
      `Cannot plan ${text} as ${name} has no options: families with options are ${[...Object.keys(GPTS), ...Object.keys(RESNETS)].join(", ")}`,
    );
  }
  const { input } = zoo[name as keyof typeof zoo];
  return { name, example: input.shape.join("×"), model: plannable(zooModel(name as keyof typeof zoo)) };
}

function fromGpt(name: string, size: GptOptions, given: RuleOptions, sequence = size.context): AskedModel {
  // a longer sequence needs a network with so many positions, unless it was asked for with fewer
  const context = Object.hasOwn(given, "context") ? size.context : Math.max(size.context, sequence);
  const { layers, width } = size;
  const model = supervised(gpt({ ...size, context }), { kind: "tokens", shape: [sequence] });
  return {
    name,
    example: `${sequence} positions`,
    model: plannable(model),
    transformer: { layers, width, positions: sequence },
  };
}

function gptOptions(name: string, options: RuleOptions): Partial<GptOptions> {
  for (const [key, value] of Object.entries(options)) {
    const form = Object.hasOwn(GPT_OPTIONS, key) ? GPT_OPTIONS[key as keyof GptOptions] : undefined;
    if (form === undefined) refuseOption(name, key, Object.keys(GPT_OPTIONS));
    if (Array.isArray(form) ? form.includes(value) : typeof value === form) continue;
    const wanted = Array.isArray(form)
      ? `one of ${form.join(", ")}`
      : form === "number"
        ? "a number"
        : "true or false";
    throw new RangeError(`Cannot plan ${name} as ${key} must be ${wanted}: current value is ${value}`);
  }
  return options as Partial<GptOptions>;
}

function numbers<D extends Record<string, number>>(name: string, options: RuleOptions, defaults: D): D {
  for (const [key, value] of Object.entries(options)) {
    if (!Object.hasOwn(defaults, key)) refuseOption(name, key, Object.keys(defaults));
    if (typeof value === "number") continue;
    throw new RangeError(`Cannot plan ${name} as ${key} must be a number: current value is ${value}`);
  }
  return { ...defaults, ...options } as D;
}

function refuseOption(name: string, key: string, known: readonly string[]): never {
  const close = nearest(key, known);
  throw new RangeError(
    `Cannot plan ${name} as it has no option "${key}": it has ${known.join(", ")}${close ? `; did you mean ${close}?` : ""}`,
  );
}

function refuse(name: string): never {
  const known = [
    ...new Set([...Object.keys(GPTS), ...Object.keys(RESNETS), ...Object.keys(zoo), ...Object.keys(tasks)]),
  ];
  const close = nearest(name, known);
  throw new RangeError(
    `Cannot plan "${name}" as there is no such model: give an ONNX file, a TypeScript file, or one of ${known.join(", ")}${close ? `; did you mean ${close}?` : ""}`,
  );
}

/** Networks whose loss is not the cross-entropy of their output. */
const OWN_LOSSES: Readonly<Record<string, () => Model>> = {
  vae() {
    const module: Module<Tensor, VaeOutput> = vae();
    return {
      module: { ...module, forward: (x, context) => module.forward(x, context).logits },
      inputs: (batch) => ({ x: { shape: [batch, 784], dtype: "float32" } }),
      measure: (context, { x }) => ({ loss: evidenceLoss(module.forward(x!, context), x!) }),
    };
  },
  "burgers-pinn"() {
    const module = zoo["burgers-pinn"].build();
    const points = (batch: number, columns: number) =>
      ({ shape: [batch, columns], dtype: "float32" }) as const;
    return {
      module,
      inputs: (batch) => ({
        known: points(batch, 2),
        values: points(batch, 1),
        collocation: points(batch, 2),
      }),
      measure: (context, { known, values, collocation }) => ({
        loss: burgersLoss(module, { known: known!, values: values!, collocation: collocation! }, context),
      }),
    };
  },
};

const zooModel = (name: keyof typeof zoo): Model =>
  OWN_LOSSES[name]?.() ?? supervised(zoo[name].build() as Module, zoo[name].input);

/** Cross-entropy against a class for each row of the logits, whatever comes before their last axis. */
function supervised(module: Module, { kind, shape }: ZooInput): Model {
  const dtype = kind === "tokens" ? "int32" : "float32";
  const context = tracing(module, { training: false, graph: new Graph() });
  const logits = module.forward(context.graph.input("x", [1, ...shape], dtype), context);
  const rows = logits.shape.slice(1, -1);
  return {
    module,
    inputs: (batch) => ({
      x: { shape: [batch, ...shape], dtype },
      labels: { shape: [batch, ...rows], dtype: "int32" },
    }),
    measure: (context, { x, labels }) => ({ loss: crossEntropy(module.forward(x!, context), labels!) }),
  };
}

async function fromFile(
  path: string,
  { loss = "softmax-cross-entropy", sequence, size = {} }: ModelRequest,
): Promise<AskedModel> {
  if (!Object.hasOwn(outputLosses, loss)) {
    throw new UsageError(
      `Cannot plan ${path} with the loss ${loss} as it must be one of ${Object.keys(outputLosses).join(", ")}`,
    );
  }
  const { model } = await readWith(path, readModelFile);
  const batch = model.inputs[0]?.sizes[0];
  const open = model.symbols.filter((name) => name !== batch && !Object.hasOwn(size, name));
  if (sequence !== undefined && open.length !== 1) {
    throw new UsageError(
      `Cannot plan ${path} for sequences of ${sequence} as one symbolic size must be left for it: there are ${open.join(", ") || "none"}; use --size name=value`,
    );
  }
  const sizes = { ...size, ...(sequence === undefined ? {} : { [open[0]!]: sequence }) };
  const example = model.inputs.map(
    ({ name, sizes: own }) =>
      `${name} ${own
        .slice(1)
        .map((one) => (typeof one === "number" ? one : (sizes[one] ?? one)))
        .join("×")}`,
  );
  return { name: path, example: example.join(", "), model: plannableFile(model, { loss, sizes }) };
}
