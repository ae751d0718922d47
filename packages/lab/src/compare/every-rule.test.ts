/**
 * Do the parts meet? Every rule of the catalogue, some with their choices, and chains with every transform and wrapper, through
 * one comparison; and a rule from a file beside the built-in that it copies.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  adamw,
  checkHyper,
  declareRule,
  parseSchedules,
  type Rule,
  rule,
  rules,
  transformCatalogue,
  wrapperCatalogue,
} from "@thalweg/optim";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { assess } from "../report/assess.ts";
import type { MeasuredComparison, MeasuredRule, Run } from "../report/comparison.ts";
import { readRuleSpec } from "../rules/index.ts";
import { parseSpace } from "../samplers/index.ts";
import { type Task, tasks } from "../tasks/index.ts";
import { type LoadedTask, loadTask } from "../tasks/load.ts";
import { type CompareOptions, compare } from "./compare.ts";
import { schedulesFor } from "./learner.ts";
import { writeOutputs } from "./outputs.ts";
import { SPACES, spaceOf } from "./spaces.ts";

const root = mkdtempSync(join(tmpdir(), "thalweg-every-rule-"));
let digits: LoadedTask;
beforeAll(async () => {
  digits = await loadTask(tasks["digits-mlp"]!, { say() {} });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const STEPS = 24;

const withoutClock = ({ evaluations }: Run) => evaluations;

describe("compare() over the whole catalogue", () => {
  const links = Object.entries({ ...transformCatalogue, ...wrapperCatalogue });
  const chains = links.map(([name, { make }]) =>
    make().place === "after" ? `momentum > ${name}` : `${name} > momentum`,
  );
  const folder = join(root, "all");
  let measured: MeasuredComparison;
  const of = (name: string): MeasuredRule => measured.rules.find((rule) => rule.name === name)!;
  beforeAll(async () => {
    measured = await compare({
      ...{ ...digits, folder, budget: 1, seeds: 1, steps: STEPS },
      rules: [...Object.keys(rules), "muon(scale=none, lr=0.05)", "rmsprop(dialect=keras)", ...chains],
    });
  }, 120_000); // ten seconds on two idle cores

  test("every rule and every chain runs to its end, and moves", () => {
    expect(measured.rules.length).toBe(Object.keys(rules).length + 2 + links.length);
    for (const { name, trials, runs } of measured.rules) {
      for (const { status, steps } of [...trials, ...runs]) {
        expect({ name, status, steps }).toEqual({ name, status: "finished", steps: STEPS });
      }
      const [first, last] = [runs[0]!.evaluations[0]!, runs[0]!.evaluations.at(-1)!];
      expect({ name, moved: first.testLoss !== last.testLoss }).toEqual({ name, moved: true });
    }
  });

  test("each pays for the gradients that it takes", () => {
    const paid = (name: string) => of(name).runs[0]!.gradients;
    expect(paid("adamw")).toBe(STEPS);
    expect(paid("sam > momentum")).toBe(2 * STEPS);
    expect(paid("sophia-g")).toBe(STEPS + 3); // labels are drawn in steps 1, 11 and 21
    const { train } = measured.task.dataset;
    expect(paid("svrg")).toBe(2 * STEPS + Math.ceil(train / measured.task.batchSize)); // all data in step 1
    expect(of("sam > momentum").runs[0]!.evaluations.map(({ gradients }) => gradients)).toEqual([
      0,
      2 * STEPS,
    ]);
    expect(assess(measured).rules.find(({ name }) => name === "svrg")!.cost).toMatchObject({
      tuningGradients: paid("svrg"),
      finalGradients: paid("svrg"),
    });
  });

  test("tells sophia-g the batch's size, and a rule that has a value of the asker's nothing", () => {
    expect(of("sophia-g").tuned.batchSize).toBe(32);
    expect(of("muon(scale=none, lr=0.05)")).toMatchObject({ space: {}, tuned: { lr: 0.05 } });
  });

  test("says where a rule's runs differ from the others' by more than the rule", () => {
    const odd = measured.rules.filter(({ exceptions }) => exceptions.length > 0);
    expect(Object.fromEntries(odd.map(({ name, exceptions }) => [name, exceptions]))).toEqual({
      agd: [
        "the network has no biases, which it cannot update",
        'starting values of its own, from the initialisation "agd"',
      ],
      "schedule-free-sgd": ["schedule constant"],
      "schedule-free-adamw": ["schedule constant"],
      "schedule-free-radam": ["schedule constant"],
    });
  });

  test("the report shows every formula, its LaTeX as mathematics, and its source", async () => {
    const { report, json } = await writeOutputs(folder, assess(measured));
    const page = readFileSync(report, "utf8");
    for (const { name } of measured.rules) expect(page).toContain(name.replaceAll(">", "&gt;"));
    expect(page.match(/<math /g)!.length).toBeGreaterThan(measured.rules.length);
    expect(page).toContain("agd: the network has no biases");
    expect(JSON.parse(readFileSync(json, "utf8")).rules).toHaveLength(measured.rules.length);
  });
});

describe("compare() with a rule of one's own", () => {
  const [link] = adamw.links;
  const { lr, beta1, beta2, eps, weightDecay } = adamw.hyper;
  const yaml = `
name: my-adamw
hyper: { lr: ${lr}, beta1: ${beta1}, beta2: ${beta2}, eps: ${eps}, weightDecay: ${weightDecay} }
state: [m, v]
update: |
${link!.update.trim().replaceAll(/^ */gm, "  ")}
source: Loshchilov & Hutter, arXiv:1711.05101, Algorithm 2
space: { lr: { low: 1.e-5, high: 0.1, log: true } }
`;

  test("in a file gives the numbers of the built-in, to the last digit, whatever the threads", async () => {
    const file = join(root, "my-adamw.yaml");
    writeFileSync(file, yaml);
    const study = { ...digits, budget: 3, seeds: 2, steps: 40, schedule: "warmup(5%) > cosine" };
    const both = await compare({ ...study, folder: join(root, "copy"), rules: ["adamw", file], workers: 2 });
    const [builtIn, own] = both.rules;
    expect(own!.name).toBe("my-adamw");
    expect(own!.tuned).toEqual(builtIn!.tuned);
    expect(own!.trials.map(({ validationLoss }) => validationLoss)).toEqual(
      builtIn!.trials.map(({ validationLoss }) => validationLoss),
    );
    expect(own!.runs.map(withoutClock)).toEqual(builtIn!.runs.map(withoutClock));
    expect(own!.latex).toEqual(builtIn!.latex);
    const folders = both.rules.map(({ runs }) => runs[0]!.folder);
    expect(folders[0]).not.toBe(folders[1]);

    writeFileSync(file, yaml.replace("beta2 * v", "beta2 * v * 1.01")); // another formula is another run
    const changed = await compare({ ...study, folder: join(root, "copy"), rules: [file], workers: 1 });
    expect(changed.rules[0]!.runs[0]!.folder).not.toBe(folders[1]);
    expect(changed.rules[0]!.runs.map(withoutClock)).not.toEqual(own!.runs.map(withoutClock));
  });
});

describe("checkTrainable()", () => {
  const matrices = { name: "only-matrices", hyper: { lr: 0.1 }, update: "theta = theta - lr * g" };

  test("refuses what a task cannot give, before anything is written", async () => {
    const folder = join(root, "refused");
    const cubes = declareRule({ ...matrices, minimumRank: 3 });
    const unknown = declareRule({ ...matrices, initialisation: "agdd" });
    const { sampledLoss: _, ...mute } = digits.task.model([1, 8, 8], 10);
    const silent: Task = { ...digits.task, model: () => mute };
    const asked = (rule: Rule) => [{ rule, fixed: [] }];
    const run = (options: Partial<CompareOptions>) => compare({ ...digits, folder, rules: [], ...options });
    await expect(run({ rules: asked(cubes) })).rejects.toThrow(
      'Cannot train digits-mlp by only-matrices as it needs parameters of at least 3 dimensions: "1.weight" has shape [64,64]',
    );
    await expect(run({ rules: asked(unknown) })).rejects.toThrow('did you mean "agd"');
    await expect(run({ rules: ["sophia-g"], task: silent })).rejects.toThrow(
      "Cannot train digits-mlp by sophia-g as it needs labels drawn from the model's predictions",
    );
    expect(existsSync(folder)).toBe(false);
  });
});

describe("schedulesFor()", () => {
  const { lr } = parseSchedules("linear", 10);

  test("gives a schedule of lr to every lr of a chain, and to none where there is none", () => {
    const { rule } = readRuleSpec("sgd > adamw");
    expect(Object.keys(schedulesFor(rule, { lr: lr! }, 10))).toEqual(["sgd.lr", "adamw.lr"]);
    expect(schedulesFor(rules.agd!, { lr: lr! }, 10)).toEqual({});
    expect(() => schedulesFor(rules.agd!, { momentum: lr! }, 10)).toThrow(
      'Cannot use a schedule of momentum with agd as it has no hyperparameter "momentum": it has',
    );
  });
});

describe("SPACES", () => {
  test("has a row for every rule of the catalogue, with its default rate inside, and no other", () => {
    expect(Object.keys(SPACES).sort()).toEqual(Object.keys(rules).sort());
    for (const [name, space] of Object.entries(SPACES)) {
      for (const [hyper, dimension] of Object.entries(parseSpace(space))) {
        const { low, high } = dimension as { low: number; high: number };
        const value = rules[name]!.hyper[hyper]!;
        expect({ name, inside: low <= value && value <= high }).toEqual({ name, inside: true });
        for (const end of [low, high]) expect(() => checkHyper(rules[name]!, { [hyper]: end })).not.toThrow();
      }
    }
  });

  test("follows rules into chains and files: spaceOf()", () => {
    const space = (text: string) => spaceOf(readRuleSpec(text).rule);
    expect(space("clipByValue > lion > ema")).toEqual({ lr: SPACES.lion!.lr });
    expect(space("sgd > adamw")).toEqual({ "sgd.lr": SPACES.sgd!.lr, "adamw.lr": SPACES.adamw!.lr });
    expect(spaceOf(rule({ name: "mine", hyper: { lr: 0.5 }, update: "theta = theta - lr * g" }))).toEqual({
      lr: { low: 0.005, high: 50, log: true },
    });
    expect(spaceOf(rule({ name: "none", update: "theta = theta - g" }))).toEqual({});
  });
});
