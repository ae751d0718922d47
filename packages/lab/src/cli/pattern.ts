/** `thalweg pattern TASK`: a plane through the space of parameters on which the loss shows a drawn picture. */
import { readFileSync } from "node:fs";
import { extname } from "node:path";
import {
  chunkSizes,
  Evaluator,
  edgeBand,
  fieldOf,
  heightField,
  type Mask,
  parseMask,
  placesOf,
  rowModel,
  sampleExamples,
  serializeSurface,
  survey,
  trainPattern,
} from "@thalweg/landscape";
import { parseSchedules, withHyper, writeRule } from "@thalweg/optim";
import type { Evaluation, Json } from "@thalweg/train";
import type { Command } from "commander";
import { schedulesFor } from "../compare/learner.ts";
import { examplesOf } from "../curvature/place.ts";
import { icons } from "../landscape/icons.ts";
import { keptTraining } from "../landscape/kept-training.ts";
import { fingerprintOf, loadSubject } from "../landscape/subject.ts";
import { readRuleSpec } from "../rules/index.ts";
import { finiteNumber, setting, wholeNumber } from "./arguments.ts";
import { Failure, fromUser, fromUserLater, UsageError } from "./errors.ts";
import { readingFrom, writeBytes } from "./files.ts";
import { interruptible } from "./interrupt.ts";
import type { Io } from "./io.ts";
import { checkPicture, PICTURES, writePicture } from "./landscape-files.ts";
import { printJson } from "./print.ts";
import { defineTaskOptions, type TaskOptions } from "./task-options.ts";

interface Options extends TaskOptions {
  mask: string;
  band?: boolean;
  rule: string;
  set?: Record<string, number>;
  schedule: string;
  steps: number;
  cells: number;
  contrast: number;
  ceiling: number;
  batch?: number;
  examples: number;
  margin: number;
  seed: number;
  plot?: string;
  out?: string;
  folder?: string;
  json?: boolean;
}

/** As loss-patterns trains it, with a larger rate for the smaller networks here. */
const RULE = "clipByGlobalNorm(maxNorm=10) > adam(lr=2e-3)";

export function define(command: Command, io: Io): void {
  command
    .description("Train a plane in the space of parameters until the loss on it shows a drawn picture.")
    .argument("<model>", "a task, or model.onnx or model.ts with --data")
    .option("--mask <name|file>", `${Object.keys(icons).join(", ")}, or a text file of # . and ?`, "heart")
    .option("--band", "train the cells along the picture's edges only, for large ones")
    .option("--rule <rule>", "what trains it; see thalweg rules", RULE)
    .option("--set <name=value>", "a hyperparameter of the rule; repeat for more", setting)
    .option("--schedule <spec>", "of lr, or 'lr=…; …'", "constant")
    .option("--steps <n>", "of training", wholeNumber("--steps", 1), 400)
    .option("--cells <n>", "cells of each kind in a step, at most", wholeNumber("--cells", 1), 50)
    .option("--contrast <c>", "weight of the high cells", finiteNumber("--contrast"), 1)
    .option("--ceiling <τ>", "loss above which a cell is high enough", finiteNumber("--ceiling"), 2.5)
    .option("--batch <n>", "examples of a step (default: the task's)", wholeNumber("--batch", 1))
    .option("--examples <n>", "that the picture is measured on, at most", wholeNumber("--examples", 2), 1_000)
    .option("--margin <n>", "cells around the picture", wholeNumber("--margin", 0, 50), 1)
    .option("--seed <n>", "draws the plane's start, batches and cells", wholeNumber("--seed", 0), 1)
    .option("--plot <file>", `draw it as ${PICTURES.join(" or ")}`)
    .option("--out <file>", "write heights and directions as NPZ")
    .option(
      "--folder <folder>",
      "where the training is kept, and gone on with after a stop (default: landscapes/pattern-<id>)",
    )
    .option("--json", "print JSON");
  defineTaskOptions(command);
  command
    .addHelpText(
      "after",
      `
A picture is lines of equal length: # where the loss shall be low, . where high, ? where it does not matter.

Examples:
  $ thalweg pattern digits-mlp --mask heart --plot heart.svg
  $ thalweg pattern mnist-mlp --mask logo.txt --band --steps 2000 --out logo.npz`,
    )
    .action((model: string, options: Options) => run(model, options, io));
}

async function run(word: string, options: Options, io: Io): Promise<void> {
  const { steps, seed, cells, contrast, ceiling, margin } = options;
  const say = (line: string) => io.stderr.write(`${line}\n`);
  if (options.plot !== undefined) checkPicture(options.plot);
  if (options.out !== undefined && extname(options.out) !== ".npz") {
    throw new UsageError(
      `Cannot write ${options.out} as its extension must be .npz: it is ${extname(options.out) || "none"}`,
    );
  }
  const whole = fromUser(() => readMask(options.mask));
  const mask = options.band ? edgeBand(whole) : whole;
  const rule = fromUser(() => withHyper(readRuleSpec(options.rule).rule, options.set ?? {}));
  const schedules = fromUser(() => schedulesFor(rule, parseSchedules(options.schedule, steps), steps));
  const { name, loaded, model } = await fromUserLater(() =>
    loadSubject(word, { ...options, seed }, { say, env: io.env }),
  );
  const { task, dataset } = loaded;
  const trained = examplesOf(loaded, "train").among!;
  const from = { split: dataset.train, normalization: dataset };
  const batchSize = options.batch ?? task.batchSize;
  const config = {
    ...{ kind: "pattern", version: 1, steps, seed, cells, contrast, ceiling, batchSize },
    mask: [...mask.rows] as unknown as Json,
    model: model.module.parameters.map((spec) => `${spec.name} [${spec.shape}]`),
    task: (task.file ?? task.name) as unknown as Json,
    data: dataset.fingerprint,
    ...{ rule: writeRule(rule) as unknown as Json, schedule: options.schedule },
  };
  const kept = await fromUserLater(async () => keptTraining("pattern", config, options.folder));
  say(
    `Training a plane, ${steps} steps${kept.from > 0 ? `, going on at ${kept.from}` : ""}, in ${kept.folder}`,
  );
  const { family, result } = await interruptible(
    io,
    "Stopping after the step at hand; Ctrl-C again ends at once.",
    (signal) =>
      fromUserLater(() =>
        trainPattern({
          ...{ model, mask, rule, schedules, steps, seed, cells, contrast, ceiling, signal },
          examples: { ...from, indices: trained },
          ...{ batchSize, run: kept.run },
          onEvaluation: (evaluation) => {
            if (io.stderr.isTTY && evaluation.step > 0) say(progress(evaluation));
          },
        }),
      ),
  );
  if (result.end === "interrupted") {
    throw new Failure(
      `Interrupted at step ${result.step}. To go on, ask for the same again: it is kept in ${kept.folder}`,
    );
  }
  if (result.end === "diverged") {
    throw new Failure(`The plane diverged: ${result.reason}; give a smaller rate, as by --set lr=…`);
  }

  const rows = whole.rows.length;
  const columns = whole.rows[0]!.length;
  const grid = [axis(-(columns >> 1), columns, margin), axis((rows >> 1) - rows + 1, rows, margin)] as const;
  const indices = sampleExamples(dataset.train, {
    count: Math.min(options.examples, trained.length),
    seed,
    among: trained,
  });
  const chunks = chunkSizes(indices.length, { first: 250, size: 1_000 });
  const loss = task.file?.loss ?? (dataset.classes.length > 0 ? "softmax-cross-entropy" : "mse");
  const evaluator = await Evaluator.create({
    model: rowModel(model, { loss, classes: dataset.classes.length, measures: ["accuracy"] }),
    ...{ family, grid, chunks },
    examples: { ...from, indices },
    batchNorm: "batch",
  });
  try {
    const { surface } = await survey({ evaluators: [evaluator], form: { grid, chunks } });
    const landscape = heightField(surface);
    const heights = fieldOf(landscape, "loss");
    const heightsOf = (kind: "low" | "high") =>
      placesOf(whole, kind).map(([x, y]) => {
        const [column, row] = [x - grid[0].from, y - grid[1].from];
        return heights[row * grid[0].points + column]!;
      });
    const found = describeCells(heightsOf("low"), heightsOf("high"), ceiling);
    const facts = {
      model: name,
      mask: options.mask,
      ...{ steps, seed, examples: indices.length },
      plane: fingerprintOf(family.origin, ...family.basis).slice(0, 12),
    };
    if (options.out !== undefined) await writeBytes(options.out, serializeSurface(surface, { family }), io);
    if (options.plot !== undefined) {
      const { landscapeFigure } = await import("../figures/landscape-figure.ts");
      const provenance = `${name} (${task.architecture}) · ${dataset.name} train, ${indices.length} examples · trained plane ${facts.plane} · batch normalisation by batches`;
      const svg = landscapeFigure({
        landscape,
        title: `A ${options.mask} in the landscape of ${name}`,
        subtitle: `${percent(found.shown)} of the cells show it · ${steps} steps, seed ${seed}`,
        provenance,
        labels: family.labels,
        markers: [],
        isEuclidean: true,
      });
      await writePicture(options.plot, svg, provenance, io);
    }
    if (options.json) {
      printJson(io.stdout, {
        ...facts,
        ...found,
        x: [...landscape.x],
        y: [...landscape.y],
        loss: [...heights],
      });
      return;
    }
    const { landscapeText } = await import("../figures/landscape-text.ts");
    io.stdout.write(
      `${landscapeText(landscape, "loss")}Loss of low cells ${brief(found.low)}, of high cells ${brief(found.high)}; ${percent(found.shown)} of the cells are on their side of ${brief(found.between)}.\n`,
    );
  } finally {
    await evaluator.release();
  }
}

/** One point for each cell, and some around. */
const axis = (from: number, cells: number, margin: number) => ({
  from: from - margin,
  to: from + cells - 1 + margin,
  points: cells + 2 * margin,
});

const readMask = (word: string): Mask =>
  parseMask(icons[word] ?? readingFrom(word, () => readFileSync(word, "utf8")));

/** Mean losses of both kinds, and the share of cells on the right side of the middle between them, where nothing counts above τ. */
function describeCells(low: readonly number[], high: readonly number[], ceiling: number) {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const between = (mean(low) + mean(high.map((value) => Math.min(value, ceiling)))) / 2;
  const right =
    low.filter((value) => value < between).length + high.filter((value) => value > between).length;
  return { low: mean(low), high: mean(high), between, shown: right / (low.length + high.length) };
}

const brief = (value: number) => String(Number(value.toPrecision(3)));
const percent = (share: number) => `${(100 * share).toFixed(0)} %`;

const progress = ({ step, lowLoss, highLoss }: Evaluation) =>
  `  step ${step}: low cells ${brief(lowLoss!)}, high cells ${brief(highLoss!)}`;
