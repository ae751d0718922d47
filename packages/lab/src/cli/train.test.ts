import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readRun } from "@thalweg/train";
import { afterAll, describe, expect, test } from "vitest";
import { runCli } from "./testing.ts";

const root = mkdtempSync(join(tmpdir(), "thalweg-cli-train-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const BAD_USAGE: readonly (readonly [line: string, says: RegExp])[] = [
  ["train", /without a task: give mnist-mlp, .*digits-mlp/],
  ["train digits-mpl --rule sgd", /the task "digits-mpl".*did you mean "digits-mlp"/s],
  ["train digits-mlp", /without --rule: give gd, sgd/],
  ["train digits-mlp --rule adm", /the rule "adm".*did you mean "adam"/s],
  ["train digits-mlp --rule sgd --set lr=-1", /lr must be finite and not negative: current value is -1/],
  ["train digits-mlp --rule sgd --set lr=NaN", /lr must be a number: current value is NaN/],
  ["train digits-mlp --rule sgd --set beta1=0", /no hyperparameter "beta1"/],
  ["train digits-mlp --rule sgd --schedule cosin", /Did you mean "cosine"/],
  ["train digits-mlp --rule sgd --steps 5 --schedule warmup(9)", /the run has 5 steps/],
  [
    "train digits-mlp --rule momentum --schedule momentun=linear",
    /no hyperparameter "momentun".*did you mean "momentum"/,
  ],
  [
    "train digits-mlp --rule momentum --schedule momentum=2*constant",
    /2\*constant at step 0 as momentum must be in \[0, 1\): current value is 1.8/,
  ],
  ["train digits-mlp --rule sgd --steps 0", /--steps.*current value is 0/],
  ["train digits-mlp --rule sgd --seed -1", /--seed.*current value is -1/],
  [
    "train digits-mlp --rule sgd --batches ramp(16)",
    /column 1: ramp needs to: write ramp\(from, to, examples=…/,
  ],
  ["train digits-mlp --rule sgd --batches constant(9999)", /there are \d+ images to train on.*wants 9999/],
  ["train digits-mlp --rule svrg --batches constant(32)", /kind "full".*batches of one size/],
  ["train digits-mlp --rule sophia-g --batches constant(32)", /kind "sampled-labels".*batches of one size/],
  ["train --resume no-such-folder", /Cannot resume no-such-folder as it must hold a run.*ENOENT/],
  ["train digits-mlp --resume x --seed 3", /Cannot resume x with a task, --seed as a run keeps its config/],
];

/** What lies in the default place of runs; somebody may have been there before. */
const runs = () => (existsSync("runs") ? readdirSync("runs") : []);

describe("train", () => {
  test.each(BAD_USAGE)("refuses `thalweg %s` with exit 2", async (line, says) => {
    const before = runs();
    const { code, out, err } = await runCli(line.split(" "));
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toMatch(says);
    expect(err).not.toMatch(/^\s+at /m);
    expect(runs()).toEqual(before);
  });

  test("trains with a batch size that changes, and a constant schedule of the task's size changes nothing", async () => {
    const train = async (name: string, more: string) => {
      const line = `train digits-mlp --rule sgd --steps 100 --json --out ${join(root, name)}${more}`;
      const { code, out, err } = await runCli(line.split(" "));
      expect({ code, err }).toMatchObject({ code: 0 });
      return JSON.parse(out);
    };
    const fixed = await train("fixed", "");
    const size = fixed.config.batchSize;
    const same = await train("same", ` --batches constant(${size})`);
    const ramp = await train("ramp", ` --batches ramp(${size / 2},${size},examples=2000,increment=8)`);
    const losses = (result: typeof fixed) =>
      result.evaluations.map(({ trainLoss }: { trainLoss: number }) => trainLoss);
    expect(losses(same)).toEqual(losses(fixed));
    expect(losses(ramp)).not.toEqual(losses(fixed));
    expect(ramp.config).toMatchObject({
      batchSize: size / 2,
      batches: `ramp(${size / 2},${size},examples=2000,increment=8)`,
    });
    const resumed = await runCli(["train", "--resume", join(root, "ramp"), "--json"]);
    expect(JSON.parse(resumed.out)).toEqual({ ...ramp, folder: join(root, "ramp"), reused: true });
  });

  test("prints a line per evaluation with the last update's rate, and finds the run again", async () => {
    const out = join(root, "lines");
    const line = `train digits-mlp --rule adamw --set lr=0.004 --schedule linear --steps 200 --out ${out}`;
    const first = await runCli(line.split(" "));
    expect(first.code).toBe(0);
    expect(first.err).toBe(`Training digits-mlp by adamw, 200 steps, into ${out}\n`);
    const [head, ...rows] = first.out.trimEnd().split("\n");
    const summary = rows.pop();
    expect(head!.trim().split(/ {2,}/)).toEqual([
      ...["step", "train loss", "validation loss", "validation accuracy", "lr", "seconds"],
    ]);
    const cells = rows.map((row) => row.trim().split(/ {2,}/));
    // linear: the factor of step k, from 0, is 1 − k/200; so updates 100 and 200 have 1 − 99/200 and 1 − 199/200
    expect(cells.map(([step, , , , lr]) => [step, lr])).toEqual([
      ["0", "–"],
      ["100", "0.00202"],
      ["200", "0.0000200"],
    ]);
    const { lines, end } = readRun(out)!;
    const last = lines.at(-1)!;
    expect(end).toMatchObject({ end: "finished", step: 200 });
    expect(cells[2]![2]).toBe((last.validationLoss as number).toFixed(4));
    expect(summary).toBe(
      `Test accuracy ${(100 * (last.testAccuracy as number)).toFixed(2)} %, test loss ${(last.testLoss as number).toFixed(4)} nat`,
    );
    expect(existsSync(join(out, "checkpoint.safetensors"))).toBe(true);

    const again = await runCli(["train", "--resume", out]);
    expect(again).toMatchObject({ code: 0, out: first.out.replace(/\n$/, " (found from before)\n") });
    const other = await runCli([...line.split(" "), "--seed", "2"]);
    expect(other).toMatchObject({ code: 1 });
    expect(other.err).toMatch(/holds another run, with another seed: choose another folder/);
  });

  test("reports divergence as a result, exit 0, in JSON too", async () => {
    const words = ["train", "digits-mlp", "--rule", "sgd", "--set", "lr=1e30", "--steps", "50"];
    const { code, out } = await runCli([...words, "--out", join(root, "diverged"), "--json"]);
    expect(code).toBe(0);
    const result = JSON.parse(out);
    expect(result).toMatchObject({
      end: "diverged",
      reused: false,
      config: { rule: "sgd", hyper: { lr: 1e30 } },
    });
    expect(result.reason).toMatch(/^the loss of step \d+ is (NaN|Infinity)$/);
    const text = await runCli([...words, "--out", join(root, "diverged")]);
    expect(text.out).toContain(`Diverged at step ${result.step}: ${result.reason} (found from before)\n`);
  });

  test("trains a rule from a file, and resumes it without the file", async () => {
    const file = join(root, "mine.yaml");
    writeFileSync(
      file,
      "name: mine\nhyper: { lr: 0.1, growthRate: .inf }\nupdate: theta = theta - min(lr, growthRate) * g\n",
    );
    const out = join(root, "own rule");
    const words = ["train", "digits-mlp", "--rule", `clipByGlobalNorm(maxNorm=2) > ${file}`, "--steps", "20"];
    const first = await runCli([...words, "--set", "lr=0.2", "--out", out, "--json"]);
    expect(first.code).toBe(0);
    expect(JSON.parse(first.out).config).toMatchObject({
      rule: "clipByGlobalNorm(maxNorm=2) > mine",
      hyper: { maxNorm: 2, lr: 0.2, growthRate: "Infinity" },
    });
    rmSync(file);
    const again = await runCli(["train", "--resume", out, "--json"]);
    expect(JSON.parse(again.out)).toEqual({ ...JSON.parse(first.out), reused: true });
  });

  test("--resume refuses a run that this version of Thalweg would compute differently", async () => {
    const out = join(root, "older");
    await runCli(["train", "digits-mlp", "--rule", "sgd", "--steps", "5", "--out", out]);
    const path = join(out, "config.json");
    const config = JSON.parse(readFileSync(path, "utf8"));
    writeFileSync(
      path,
      JSON.stringify({ ...config, engine: "thalweg 0.0.9", formula: ["theta = theta - g"] }),
    );
    const { code, err } = await runCli(["train", "--resume", out]);
    expect(code).toBe(1);
    expect(err).toMatch(/holds another run, with another (formula, engine|engine, formula)/);
    writeFileSync(path, JSON.stringify({ ...config, steps: -5 }));
    const broken = await runCli(["train", "--resume", out]);
    expect(broken.code).toBe(2);
    expect(broken.err).toMatch(/config\.json is of no run that can be continued:.*steps/s);
  });
});
