/** `thalweg diagnostics RUN`: what a run trained with --diagnose tells of itself, as numbers, alerts and a picture. */
import type { NonStationarity } from "@thalweg/landscape";
import { readRun } from "@thalweg/train";
import type { Command } from "commander";
import { type RunDiagnostics, readDiagnostics } from "../diagnostics/read.ts";
import { repeated } from "./arguments.ts";
import { fromUser } from "./errors.ts";
import type { Io } from "./io.ts";
import { checkPicture, PICTURES, writePicture } from "./landscape-files.ts";
import { columns, printJson } from "./print.ts";

interface Options {
  plot?: string[];
  json?: boolean;
}

export function define(command: Command, io: Io): void {
  command
    .description(
      "Show what a run tells of itself: step quality, gradient tests, noise scale, sharpness, updates, and what each cost.",
    )
    .argument("<run>", "the folder of a run trained with --diagnose, finished or not")
    .option("--plot <file>", `draw all of it as ${PICTURES.join(" or ")}; repeat for more`, repeated)
    .option("--json", "print JSON: every line, alerts, and the last half's non-stationarity")
    .addHelpText(
      "after",
      `
Examples:
  $ thalweg train digits-mlp --rule sgd --set lr=0.1 --diagnose --out runs/watched
  $ thalweg diagnostics runs/watched --plot watched.svg
  $ thalweg diagnostics runs/watched --json`,
    )
    .action((folder: string, options: Options) => run(folder, options, io));
}

async function run(folder: string, { plot = [], json }: Options, io: Io): Promise<void> {
  for (const file of plot) checkPicture(file);
  const found = fromUser(() => readDiagnostics(folder));
  if (plot.length > 0) {
    const { diagnosticsFigure } = await import("../figures/diagnostics-figure.ts");
    const id = readRun(folder)?.id.slice(0, 12) ?? "";
    const provenance = `${found.task} by ${found.rule}, run ${id}, ${found.lines.length} lines in ${found.steps} steps, budget ${percent(found.budget)}`;
    const title = `Diagnostics of ${found.task} by ${found.rule}`;
    const svg = fromUser(() => diagnosticsFigure({ run: found, title, provenance }));
    for (const file of plot) await writePicture(file, svg, provenance, io);
  }
  if (json) printJson(io.stdout, { folder, ...found });
  else io.stdout.write(describe(found));
}

function describe({
  task,
  rule,
  steps,
  lines,
  alerts,
  nonStationarity,
  budget,
  formula,
}: RunDiagnostics): string {
  const last = <T>(read: (line: RunDiagnostics["lines"][number]) => T | undefined): T | undefined => {
    const line = lines.findLast((one) => read(one) !== undefined);
    return line && read(line);
  };
  const examples = last((line) => line.examples);
  const curvature = last((line) => line.curvature);
  const tensors = last((line) => line.tensors);
  const cabs = last((line) => line.cabs);
  const left = last((line) => line.leftOut?.curvature);
  const ratios = Object.entries(tensors?.each ?? {}).sort(([, a], [, b]) => (b.ratio ?? 0) - (a.ratio ?? 0));
  const rows: string[][] = [
    ["loss", brief(lines.at(-1)?.loss)],
    ["step quality α", brief(examples?.alpha)],
    [
      "norm, inner, orthogonal test",
      [examples?.normTest, examples?.innerTest, examples?.orthogonalTest].map(brief).join(", "),
    ],
    ["noise scale", brief(examples?.noiseScale)],
    ["mean GSNR", brief(examples?.meanGsnr)],
    ["early-stopping criterion", brief(examples?.earlyStopping)],
    ["batch size by CABS", brief(cabs)],
    [
      "sharpness λ₁",
      `${brief(curvature?.sharpness)}${curvature?.ratio === undefined ? "" : `, ${percent(curvature.ratio)} of ${formula}`}`,
    ],
    ["trace", curvature ? `${brief(curvature.trace.value)} ± ${brief(curvature.trace.standardError)}` : "–"],
    ["TIC", brief(curvature?.tic)],
    ...ratios.slice(0, 3).map(([name, { ratio }]) => [`update over weight, ${name}`, brief(ratio)]),
    ...Object.entries(lines.at(-1)?.overhead ?? {}).map(([name, share]) => [
      `cost of ${name}`,
      percent(share),
    ]),
  ];
  const panel = nonStationarity ? `${rest(nonStationarity)}\n` : "";
  const warnings = alerts.map(({ name, text }) => `! ${name}: ${text}\n`).join("");
  const missing = left === undefined ? "" : `Curvature was left out: ${left}\n`;
  return `${task} by ${rule}: ${lines.length} lines in ${steps} steps, within ${percent(budget)} of training's time. Last values:\n\n${columns(rows)}\n${panel}${missing}${warnings || "No alert fired.\n"}`;
}

/** How the last half of the run went on. */
function rest({ from, to, lossSlope, autocorrelation, diffusion }: NonStationarity): string {
  const parts = [
    `the loss changes by ${lossSlope.toExponential(1)} a step`,
    ...(autocorrelation === undefined ? [] : [`updates have a cosine of ${brief(autocorrelation)}`]),
    ...(diffusion === undefined ? [] : [`weights move as steps to the power ${brief(diffusion)}`]),
  ];
  return `Steps ${from} to ${to}: ${parts.join(", ")}.`;
}

const brief = (value: number | null | undefined): string =>
  typeof value === "number" && Number.isFinite(value) ? String(Number(value.toPrecision(3))) : "–";
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
