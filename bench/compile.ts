/**
 * How long it takes until a training step can run: `npx tsx bench/compile.ts [--rounds 5]`. Every round is a process of its own, as
 * a user's first run is: nothing is warm. Wall time, and the processor time beside it, which a busy machine stretches less.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { cifarResnet, type Module, vgg9 } from "@thalweg/nn";
import { classifier, ParameterVector, TrainingProgram } from "@thalweg/train";
import { describeCommit, describeLoad, describeMachine } from "./machine.ts";

const MODELS: Readonly<Record<string, () => Module>> = {
  "ResNet-20": () => cifarResnet({ depth: 20 }),
  "ResNet-56": () => cifarResnet({ depth: 56 }),
  "VGG-9": () => vgg9(),
};

/** Trace, differentiate, lower, serialise and prepare one model. Loading ONNX Runtime itself is paid before. */
async function compile(name: string): Promise<void> {
  const build = MODELS[name];
  if (!build)
    throw new RangeError(`Cannot compile ${name} as it is none of ${Object.keys(MODELS).join(", ")}`);
  const module = build();
  const vector = new ParameterVector(module, { stateSlots: 0 });
  const options = { model: classifier(module, [3, 32, 32]), vector, batchSize: 128, seed: 0 };
  const cpu = process.cpuUsage();
  const start = performance.now();
  await TrainingProgram.create(options);
  const wallMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  console.log(JSON.stringify({ wallMs, cpuMs: (user + system) / 1000 }));
}

function measure(name: string, rounds: number) {
  const script = fileURLToPath(import.meta.url);
  const samples = Array.from({ length: rounds }, () => {
    const { stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", script, "--model", name], {
      encoding: "utf8",
    });
    const line = stdout.trim().split("\n").at(-1);
    if (!line) throw new Error(`Cannot measure ${name}: ${stderr}`);
    return JSON.parse(line) as { wallMs: number; cpuMs: number };
  });
  const least = (key: "wallMs" | "cpuMs") => Math.min(...samples.map((sample) => sample[key])).toFixed(0);
  console.log(`| ${name} | ${least("wallMs")} | ${least("cpuMs")} |`);
}

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "5" }, model: { type: "string" } },
});
if (values.model !== undefined) await compile(values.model);
else {
  console.log(
    `${describeMachine()}; ${describeCommit()}; ${describeLoad()}. Minima of ${values.rounds} processes.\n`,
  );
  console.log("| model, batch 128 | wall ms | processor ms |\n| --- | --- | --- |");
  for (const name of Object.keys(MODELS)) measure(name, Number(values.rounds));
}
