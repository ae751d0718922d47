/** `thalweg curvature PLACE`: how the loss bends where a run has come to, or where a task starts; with a rule, while it trains. */
import {
  type Estimate,
  type ModelForm,
  modelForms,
  moment,
  parseAxis,
  sampleExamples,
} from "@thalweg/landscape";
import type { Command } from "commander";
import {
  type CurvatureReport,
  type CurvatureRequest,
  type Effort,
  efforts,
  type MatrixName,
  matrices,
  measureCurvature,
  radii,
} from "../curvature/measure.ts";
import { examplesOf, isRunFolder, loadPlace, type Part, type Place, parts } from "../curvature/place.ts";
import { planes } from "../landscape/plane.ts";
import { namesMatching } from "../tasks/patterns.ts";
import { oneOf, repeated, setting, wholeNumber } from "./arguments.ts";
import { type MapPlane, map, mapPlanes } from "./curvature-map.ts";
import { fromUser, fromUserLater, UsageError } from "./errors.ts";
import type { Io } from "./io.ts";
import { checkPicture, PICTURES, writePicture } from "./landscape-files.ts";
import { columns, printJson } from "./print.ts";
import { defineTaskOptions, givenTaskOptions, type TaskOptions } from "./task-options.ts";

interface Options extends TaskOptions {
  task?: string;
  part?: Part;
  samples?: number;
  seed: number;
  matrix: MatrixName;
  top?: number;
  effort?: Effort;
  tensors?: string[];
  rule?: string;
  set?: Record<string, number>;
  schedule?: string;
  steps?: number;
  every?: number;
  batch?: number | "full";
  map?: string;
  plane?: MapPlane;
  form: ModelForm;
  workers?: number;
  out?: string;
  plot?: string;
  json?: boolean;
}

/** Examples to measure on, where it is not said and there are as many. */
const USUAL_SAMPLES = 1_000;

export function define(command: Command, io: Io): void {
  command
    .description(
      "Measure how the loss bends: its largest eigenvalues and the smallest, trace, spectral density, where the gradient lies, and how far a run is from the edge of stability.",
    )
    .argument(
      "<place>",
      "a run's folder; a task, model.onnx or model.ts for where it starts; or weights.safetensors with --task",
    )
    .option("--task <task>", "the task or file that weights belong to")
    .option(
      "--part <part>",
      "the data: train, validation or test (default: train)",
      oneOf("--part", ...parts),
    )
    .option(
      "--samples <n>",
      `examples to measure on (default: ${USUAL_SAMPLES}, or all)`,
      wholeNumber("--samples", 1),
    )
    .option("--seed <n>", "draws examples and vectors; of a task, its start too", wholeNumber("--seed", 0), 0)
    .option(
      "--matrix <name>",
      "hessian, or gauss-newton: without the network's own curvature",
      oneOf("--matrix", ...matrices),
      "hessian",
    )
    .option("--top <k>", "how many of the largest eigenvalues (default: 5)", wholeNumber("--top", 1, 100))
    .option(
      "--effort <effort>",
      "of trace and density: quick, normal or full (default: normal)",
      oneOf("--effort", ...(Object.keys(efforts) as Effort[])),
    )
    .option(
      "--tensors <pattern>",
      "only these move, others stand still; * is any text; repeat for more",
      repeated,
    )
    .option(
      "--rule <rule>",
      "train the task from its start by this rule, and follow λ₁ to the edge of stability",
    )
    .option("--set <name=value>", "with --rule: a hyperparameter; repeat for more", setting)
    .option("--schedule <spec>", "with --rule: of lr (default: constant)")
    .option("--steps <n>", "with --rule: updates, instead of the task's", wholeNumber("--steps", 1))
    .option(
      "--every <n>",
      "with --rule: steps between measurements (default: 50 in all)",
      wholeNumber("--every", 1),
    )
    .option(
      "--batch <n>",
      "with --rule: examples of a step, or full for all (default: the task's)",
      batchSize,
    )
    .option(
      "--map <from:to:points>",
      "go over a plane instead, and say where the loss is convex; -1:1:11, for one",
    )
    .option(
      "--plane <name>",
      `with --map: ${mapPlanes.join(", ")}; see thalweg landscape (default: filter)`,
      oneOf("--plane", ...mapPlanes),
    )
    .option(
      "--form <form>",
      "of the model: evaluation, or training, where each batch is normalised by itself",
      oneOf("--form", ...modelForms),
      "evaluation",
    )
    .option(
      "--workers <n>",
      "with --map: threads; 0: this one (default: the cores)",
      wholeNumber("--workers", 0, 64),
    )
    .option(
      "--out <folder>",
      "with --map: where it is kept, and gone on with (default: landscapes/convexity-<id>)",
    )
    .option(
      "--plot <file>",
      `draw the spectrum, the way to the edge, or the map, as ${PICTURES.join(" or ")}`,
    )
    .option("--json", "print JSON, with the density's nodes and weights");
  defineTaskOptions(command);
  command
    .addHelpText(
      "after",
      `
Eigenvalues come with their residual: a true one lies within it. Estimates come with their standard error.
In its evaluation form running means stand for those of a batch, and nothing is dropped; in its training form chunks of 500 examples, or the
batch, are normalised by themselves.

Examples:
  $ thalweg curvature runs/digits-mlp-sgd-1f0c9a2b --plot spectrum.svg
  $ thalweg curvature runs/digits-mlp-adamw-1f0c9a2b --top 10 --samples 500 --matrix gauss-newton
  $ thalweg curvature digits-mlp --tensors '*.weight' --effort quick
  $ thalweg curvature runs/digits-mlp-sgd-1f0c9a2b --map -1:1:11 --samples 300 --plot convexity.svg
  $ thalweg curvature digits-mlp --rule gd --set lr=0.3 --batch full --steps 500 --plot edge.svg`,
    )
    .action((place: string, options: Options) => choose(place, options, io));
}

/** A number, or the word full. */
const batchSize = (text: string): number | "full" =>
  text === "full" ? "full" : wholeNumber("--batch", 1)(text);

/** Options of a place at rest, and of one that is left by training. */
const AT_REST = ["task", "part", "top", "effort", "tensors", "map", "plane", "workers", "out"] as const;
const IN_TRAINING = ["set", "schedule", "steps", "every", "batch"] as const;

function choose(word: string, options: Options, io: Io): Promise<void> {
  const { rule } = options;
  const stray = (rule === undefined ? IN_TRAINING : AT_REST).filter((key) => options[key] !== undefined);
  const listed = stray.map((key) => `--${key}`).join(", ");
  if (rule === undefined) {
    if (stray.length === 0) return run(word, options, io);
    throw new UsageError(
      `Cannot use ${listed} as they are for training: give --rule, too, or leave them out`,
    );
  }
  if (stray.length > 0) {
    throw new UsageError(
      `Cannot use ${listed} with --rule as λ₁ alone is followed, of all parameters on training examples: leave them out`,
    );
  }
  if (isRunFolder(word)) {
    throw new UsageError(`Cannot train ${word} by ${rule} as it is a run that has its rule: give a task`);
  }
  return import("./curvature-follow.ts").then(({ follow }) => follow(word, { ...options, rule }, io));
}

/** What a map has no use for. */
const WITHOUT_MAP = ["top", "effort", "tensors"] as const;

function checkMap({ map, plane, matrix, workers, out, ...others }: Options): void {
  for (const [name, value] of Object.entries({ workers, out })) {
    if (map !== undefined || value === undefined) continue;
    throw new UsageError(`Cannot use --${name} ${value} as it is for a map: give --map, too`);
  }
  if (map === undefined && plane !== undefined) {
    throw new UsageError(`Cannot use --plane ${plane} as it is for a map: give --map, too`);
  }
  const stray = WITHOUT_MAP.filter((key) => others[key] !== undefined).map((key) => `--${key}`);
  if (matrix !== "hessian") stray.push(`--matrix ${matrix}`);
  if (map === undefined || stray.length === 0) return;
  throw new UsageError(
    `Cannot use ${stray.join(", ")} with --map as both ends of the whole Hessian's spectrum are mapped: leave them out`,
  );
}

async function run(word: string, options: Options, io: Io): Promise<void> {
  checkMap(options);
  if (options.plot !== undefined) checkPicture(options.plot);
  const { part = "train", seed, matrix, form, top = 5, effort = "normal", tensors } = options;
  const given = givenTaskOptions(options).map(([name]) => name);
  if (isRunFolder(word) && given.length > 0) {
    throw new UsageError(
      `Cannot look at ${word} with ${given.join(", ")} as a run has its own: leave them out`,
    );
  }
  const say = (line: string) => io.stderr.write(`${line}\n`);
  const place = await fromUserLater(() => loadPlace(word, options, { say, env: io.env }));
  const { name, loaded } = place.subject;
  const { among, split } = examplesOf(loaded, part);
  const available = among?.length ?? split.count;
  const { samples = Math.min(USUAL_SAMPLES, available) } = options;
  if (samples > available) {
    throw new UsageError(
      `Cannot measure on ${samples} examples as ${part} of ${loaded.dataset.name} has ${available}: give --samples ${available}, or fewer`,
    );
  }
  if (options.map !== undefined) return runMap(place, { ...options, map: options.map }, samples, io);
  const names = place.vector.segments.map((segment) => segment.name);
  const chosen = fromUser(() => new Set(tensors === undefined ? names : namesMatching(tensors, names)));
  const request: CurvatureRequest = {
    place,
    part,
    samples,
    seed,
    matrix,
    top,
    effort,
    form,
    moves: (tensor) => chosen.has(tensor),
  };
  const onStage = (stage: string) => {
    if (io.stderr.isTTY) say(`Measuring: ${stage}`);
  };
  const report = await fromUserLater(() => measureCurvature({ ...request, onStage }));

  const title = `Curvature of ${name}`;
  const subtitle = [
    ...(place.training
      ? [`${loaded.task.name} by ${place.training.rule.name}, step ${place.training.step}`]
      : []),
    `${matrix} of ${report.parameters} parameters`,
    `${samples} ${part} examples, seed ${seed}`,
    ...(form === "training" ? ["training form"] : []),
  ].join(" · ");
  try {
    if (options.plot !== undefined) {
      await writePicture(options.plot, await picture(title, subtitle, report), `${title} · ${subtitle}`, io);
    }
  } finally {
    // a picture that cannot be written does not cost the result
    if (options.json) {
      const step = place.training?.step;
      const asked = {
        place: word,
        task: loaded.task.name,
        ...(step !== undefined && { step }),
        part,
        samples,
        seed,
        matrix,
        form,
        effort,
      };
      printJson(io.stdout, { ...asked, ...report });
    } else {
      io.stdout.write(`${title}, ${subtitle}\n\n${describe(report)}`);
    }
  }
  if (!report.largest.converged) {
    say("Some of the largest eigenvalues have not converged: their residuals tell how far they are known");
  }
}

async function runMap(
  place: Place,
  {
    map: range,
    plane: name = "filter",
    part = "train",
    seed,
    form,
    plot,
    json,
    workers,
    out,
  }: Options & {
    map: string;
  },
  samples: number,
  io: Io,
): Promise<void> {
  const axis = fromUser(() => parseAxis(range));
  const { split, among } = examplesOf(place.subject.loaded, part);
  const indices = sampleExamples(split, { count: samples, seed, ...(among && { among }) });
  const plane = await fromUserLater(async () =>
    planes[name]!.make(place.subject, {
      ...{ dimensions: 2, seed, vectors: false, only: [], others: [] },
      derivativesOf: { count: samples, indices },
    }),
  );
  const subtitle = `${samples} ${part} examples, seed ${seed}${form === "training" ? ", training form" : ""}`;
  const set = part === "test" ? "test" : "train";
  const asked = { place, set, indices, form, plane, grid: [axis, axis] as const, seed, subtitle } as const;
  const given = {
    ...(plot !== undefined && { plot }),
    ...(json && { json }),
    ...(workers !== undefined && { workers }),
    ...(out !== undefined && { out }),
  };
  await map({ ...asked, ...given }, io);
}

async function picture(
  title: string,
  subtitle: string,
  { density, largest, smallest, edge }: CurvatureReport,
) {
  const { spectrumFigure } = await import("../figures/spectrum-figure.ts");
  const drawn = edge &&
    !edge.scaled && {
      threshold: edge.threshold,
      label: `stable below ${edge.formula} = ${brief(edge.threshold)}`,
    };
  return spectrumFigure({
    title,
    subtitle,
    density,
    eigenvalues: [...largest.values, ...smallest.values],
    ...(drawn && { edge: drawn }),
  });
}

function describe(report: CurvatureReport): string {
  const { loss, gradientNorm, largest, smallest, gradient, trace, density, negative, products } = report;
  const { sharpness, edge } = report;
  const eigenvalues = columns(
    [
      ["", "eigenvalue", "residual", "share of the gradient so far"],
      ...largest.values.map((value, k) => [
        `λ${k + 1}`,
        brief(value),
        largest.residuals[k]!.toExponential(1),
        percent(gradient.shares[k]!),
      ]),
      ["smallest", brief(smallest.values[0]!), smallest.residuals[0]!.toExponential(1), ""],
    ],
    new Set([1, 2, 3]),
  );
  const facts = [
    ["loss", brief(loss)],
    ["length of the gradient", brief(gradientNorm)],
    ["curvature along it", brief(gradient.curvature)],
    ["trace", withError(trace)],
    ["mean of λ²", withError(moment(density, 2))],
    ["eigenvalues below −λ1/1000", `${percent(negative.value)} ± ${percent(negative.standardError)}`],
    [`Keskar's sharpness, box ${radii.keskar}`, `${brief(sharpness.keskar)} %`],
    [`rise of the loss at worst, each weight by ${100 * radii.worst} %`, brief(sharpness.worst)],
    [`rise on average, each weight by ${100 * radii.average} %`, withError(sharpness.average)],
  ];
  const tensors = Object.entries(trace.tensors).map(([name, estimate]) => [`  ${name}`, withError(estimate)]);
  const stability =
    edge === undefined
      ? ""
      : `\n${edge.rule} is stable below ${edge.formula} = ${brief(edge.threshold)}; λ1${edge.scaled ? " in its scaled coordinates" : ""} is ${brief(edge.sharpness)}, ${percent(edge.ratio)} of that.\n`;
  return `${eigenvalues}\n${columns([...facts, ["trace of each tensor", ""], ...tensors])}${stability}\n${products} products with the matrix, ${density.runs.length} runs of density.\n`;
}

const brief = (value: number) => String(Number(value.toPrecision(4)));
const percent = (share: number) => (Number.isFinite(share) ? `${(100 * share).toFixed(1)} %` : "–");
const withError = ({ value, standardError }: Estimate) => `${brief(value)} ± ${standardError.toPrecision(2)}`;
