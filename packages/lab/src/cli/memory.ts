/**
 * `thalweg memory MODEL`: the memory that training takes, before it is tried. What is counted, and how exactly, is the matter of
 * @thalweg/train, src/memory; this file reads the question and writes the table.
 */
import {
  CHECKPOINTS,
  type Checkpoints,
  largestBatch,
  MEMORY_PARTS,
  type MemoryPart,
  type MemoryPlan,
  type MemoryRequest,
  markCheckpoints,
  type PrecisionName,
  type ProcessMemory,
  planMemory,
  precisions,
  processMemory,
  type RuleOfThumb,
  SHARDED_FROM,
  type Sharding,
  stateCount,
  transformerRule,
} from "@thalweg/train";
import type { Command } from "commander";
import type { MemoryBar } from "../figures/memory-figure.ts";
import { readRuleSpec } from "../rules/index.ts";
import { oneOf, required, sizes, wholeNumber } from "./arguments.ts";
import { fromUser, UsageError } from "./errors.ts";
import { writeText } from "./files.ts";
import type { Io } from "./io.ts";
import { type AskedModel, askedModel, type ModelRequest } from "./memory-models.ts";
import { columns, printJson } from "./print.ts";

interface Options extends ModelRequest {
  batch?: number;
  precision: PrecisionName;
  rule: string;
  checkpoint?: Checkpoints;
  zero?: "0" | "1" | "2" | "3";
  ranks?: number;
  deviceMemory?: number;
  plot?: string;
  json?: boolean;
}

const HELP = `
A model is gpt(layers=…, width=…, …), gpt2 to gpt2-xl, resnet(depth=…), wrn(depth=…, width=…), a network of the zoo, a task, a
TypeScript file with --data, or an ONNX file. Gigabytes are 10⁹ bytes.

Examples:
  $ thalweg memory gpt2-xl --batch 32 --sequence 1024 --precision mixed --rule adamw
  $ thalweg memory 'gpt2-xl(dropout=0)' --batch 32 --precision mixed --checkpoint blocks --zero 2 --ranks 8 --plot memory.svg
  $ thalweg memory resnet20 --batch 128 --rule 'muon' --device-memory 2GB
  $ thalweg memory model.onnx --size tokens=128 --batch 8 --json`;

export function define(command: Command, io: Io): void {
  command
    .description(
      "Plan the memory of training: parameters, gradients, state, activations, and the largest batch that fits.",
    )
    .argument("[model]", "see below")
    .option("--batch <n>", "examples on each rank (default: the task's, else 1)", wholeNumber("--batch", 1))
    .option("--sequence <n>", "positions of a sequence (default: the model's)", wholeNumber("--sequence", 1))
    .option(
      "--precision <name>",
      "fp32, fp16, bf16, or mixed: 16 bits with master copies in 32",
      oneOf("--precision", ...(Object.keys(precisions) as PrecisionName[])),
      "fp32" as const,
    )
    .option("--rule <rule>", "whose state is counted; see thalweg rules", "adamw")
    .option(
      "--checkpoint <what>",
      "compute activations again: blocks, or attention alone",
      oneOf("--checkpoint", ...CHECKPOINTS),
    )
    .option(
      "--zero <stage>",
      "shard over ranks: 1 state, 2 and gradients, 3 and parameters",
      oneOf("--zero", "0", "1", "2", "3"),
    )
    .option("--ranks <n>", "for --zero", wholeNumber("--ranks", 1))
    .option("--device-memory <size>", "find the largest batch that fits into it: 16GB, 512MB, 80GiB", bytes)
    .option("--data <name>", "what a TypeScript file trains on: digits, mnist, or an NPZ file")
    .option("--loss <name>", "of an ONNX file's output (default: softmax-cross-entropy)")
    .option("--size <name=value>", "a symbolic size of an ONNX file; repeat for more", sizes("--size"))
    .option("--plot <file>", "draw it as SVG")
    .option("--json", "print JSON")
    .addHelpText("after", HELP)
    .action((model: string | undefined, options: Options) => run(model, options, io));
}

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  ...{ k: 1e3, M: 1e6, G: 1e9, T: 1e12 },
  ...{ Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 },
};

function bytes(text: string): number {
  const [, number = "", unit = ""] = /^(\d+(?:\.\d+)?)\s*([kMGT]i?|Ki|)B?$/.exec(text.trim()) ?? [];
  const value = Number(number) * (UNITS[unit] ?? Number.NaN);
  if (number !== "" && value > 0 && Number.isFinite(value)) return value;
  throw new UsageError(
    `Cannot use --device-memory as it must be a size above 0, such as 16GB or 512MiB: current value is ${text}`,
  );
}

/** A question with its answer. */
interface Answer {
  readonly asked: AskedModel;
  readonly request: MemoryRequest;
  readonly plan: MemoryPlan;
  readonly sharding: Sharding;
  readonly largest?: { readonly batchSize: number; readonly plan: MemoryPlan };
  readonly process?: ProcessMemory;
  readonly thumb?: RuleOfThumb;
}

async function run(name: string | undefined, options: Options, io: Io): Promise<void> {
  const sharding = readSharding(options);
  const { rule } = fromUser(() => readRuleSpec(options.rule));
  const asked = await askedModel(
    required("a model", name, [
      "gpt2-xl, resnet20, a task, an ONNX or TypeScript file; see thalweg memory --help",
    ]),
    options,
    io,
  );
  const { batch = asked.batchSize ?? 1, precision, checkpoint, deviceMemory } = options;
  const { model } = asked;
  // what cannot be planned is said before anything is
  fromUser(() => {
    const { loss, parameters, buffers } = model.trace(batch);
    stateCount(rule, parameters);
    if (checkpoint) markCheckpoints(checkpoint, loss, [...parameters, ...buffers]);
  });
  const request = { model, batchSize: batch, rule, precision, sharding, ...(checkpoint && { checkpoint }) };
  const answer: Answer = {
    ...{ asked, request, sharding, plan: planMemory(request) },
    ...(deviceMemory !== undefined && { largest: fromUser(() => largestBatch(request, deviceMemory)) }),
    ...(precision === "fp32" && sharding.ranks === 1 && { process: await processMemory(request) }),
    ...(asked.transformer && { thumb: transformerRule({ ...asked.transformer, batchSize: batch }) }),
  };
  try {
    if (options.plot !== undefined) {
      const { memoryFigure } = await import("../figures/memory-figure.ts");
      await writeText(options.plot, memoryFigure(drawing(answer)), io);
    }
  } finally {
    // a picture that cannot be written does not cost the result
    if (options.json) printJson(io.stdout, asJson(answer));
    else io.stdout.write(asText(answer));
  }
}

function readSharding({ zero, ranks }: Options): Sharding {
  const stage = Number(zero ?? 0) as Sharding["stage"];
  if (stage > 0 && ranks === undefined) {
    throw new UsageError(
      `Cannot shard by --zero ${zero} as it divides what is kept among ranks: say how many with --ranks`,
    );
  }
  return { stage, ranks: ranks ?? 1 };
}

const PARTS: Readonly<Record<MemoryPart, string>> = {
  parameters: "parameters",
  masters: "master copies",
  gradients: "gradients",
  state: "optimizer state",
  buffers: "buffers",
  inputs: "batch, noise, constants",
  activations: "activations",
  workspace: "backward's workspace",
};

/** The stages that divide parts among the ranks. */
const DIVIDED: Partial<Record<MemoryPart, number>> = SHARDED_FROM;

function asText({ asked, request, plan, sharding, largest, process, thumb }: Answer): string {
  const { batchSize, rule, precision, checkpoint } = request;
  const { parameterCount: count, bytes: parts, total } = plan;
  const shown = MEMORY_PARTS.filter((part) => parts[part] > 0);
  const rows = shown.map((part) => {
    const divided = sharding.ranks > 1 && sharding.stage >= (DIVIDED[part] ?? Number.POSITIVE_INFINITY);
    return [
      PARTS[part],
      size(parts[part]),
      share(parts[part] / total),
      divided ? `of ${sharding.ranks} ranks` : "",
    ];
  });
  const fixed = parts.parameters + parts.masters + parts.gradients + parts.state;
  const lines = [
    `${asked.name}: ${grouped(count)} parameters; ${batchSize} × ${asked.example}, ${precision}, ${rule.name}${sharding.stage > 0 ? `, ZeRO stage ${sharding.stage} on ${sharding.ranks} ranks` : ""}`,
    "",
    columns(
      [...rows, ["in all", size(total), "", sharding.ranks > 1 ? "on each rank" : ""]],
      new Set([1, 2]),
    ).trimEnd(),
    "",
    `${(fixed / count).toPrecision(3)} bytes per parameter before any activation.`,
    `Kept of the forward pass for the backward pass: ${size(plan.kept)}.`,
    ...(checkpoint
      ? [
          `${plan.blocks === 1 ? "1 piece is" : `${plan.blocks} pieces are`} computed again, which is ${share(plan.recomputed)} more work.`,
        ]
      : []),
    `At the worst moment (${plan.during}) the largest are`,
    columns(
      plan.largest.slice(0, 5).map(({ name, count, bytes }) => ["", size(bytes), `${count}`, name]),
      new Set([1, 2]),
    ).trimEnd(),
    ...(thumb
      ? [
          `Rule of thumb in 16 bits (ZeRO, §3.2: no attention scores, masks, logits): ${size(thumb.kept)} kept, ${size(thumb.checkpointed)} with checkpoints for ${share(thumb.recomputed)} more work.`,
        ]
      : []),
    ...(process
      ? [
          `Trained here, the process grows by ${size(process.total)}: vectors ${size(process.vectors)}, ONNX Runtime's arena ${size(process.arena)}, batch ${size(process.batch)}, copies of outputs ${size(process.copies)}.`,
        ]
      : []),
    ...(largest ? [`Largest batch that fits: ${largest.batchSize}, ${size(largest.plan.total)}.`] : []),
  ];
  return `${lines.join("\n")}\n`;
}

/** 3.12 GB. Gigabytes are 10⁹ bytes, as in the papers. */
function size(value: number): string {
  const [unit, factor] = (
    [
      ["TB", 1e12],
      ["GB", 1e9],
      ["MB", 1e6],
      ["kB", 1e3],
    ] as const
  ).find(([, factor]) => value >= factor) ?? ["B", 1];
  return `${unit === "B" ? value : (value / factor).toFixed(2)} ${unit}`;
}

const share = (part: number): string => `${(100 * part).toFixed(1)} %`;
const grouped = (value: number): string => String(value).replaceAll(/(?<=\d)(?=(\d{3})+$)/g, " ");

function asJson({ asked, request, plan, sharding, largest, process, thumb }: Answer) {
  const { batchSize, rule, precision, checkpoint = null } = request;
  return {
    ...{
      model: asked.name,
      example: asked.example,
      batchSize,
      precision,
      rule: rule.name,
      checkpoint,
      sharding,
    },
    ...plan,
    ...(thumb && { ruleOfThumb: thumb }),
    ...(process && { process }),
    ...(largest && { largestBatch: { batchSize: largest.batchSize, total: largest.plan.total } }),
  };
}

/** What was asked for, and beside it what it is compared with in the mind: without checkpoints, with fewer stages. */
function drawing({ asked, request, plan, sharding }: Answer): {
  title: string;
  subtitle: string;
  bars: MemoryBar[];
} {
  const { batchSize, rule, precision, checkpoint } = request;
  const bars: MemoryBar[] = [];
  if (checkpoint) {
    const { checkpoint: _, ...without } = request;
    bars.push({ label: "all kept", bytes: planMemory(without).bytes });
  }
  for (let stage = 0; stage < sharding.stage; stage++) {
    const fewer = planMemory({ ...request, sharding: { ...sharding, stage: stage as Sharding["stage"] } });
    bars.push({ label: stage === 0 ? "unsharded" : `stage ${stage}`, bytes: fewer.bytes });
  }
  const own = sharding.stage > 0 ? `stage ${sharding.stage}` : checkpoint ? "checkpoints" : precision!;
  return {
    title: `${asked.name}: ${size(plan.total)}`,
    subtitle: `batch ${batchSize} × ${asked.example}, ${precision}, ${rule.name}`,
    bars: [...bars, { label: own, bytes: plan.bytes }],
  };
}
