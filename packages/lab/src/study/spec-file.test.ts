import { catalogue } from "@thalweg/optim";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { stringify } from "yaml";
import { tasks } from "../tasks/index.ts";
import { labelOf } from "./spec.ts";
import { presets, readStudySpec, StudyFileError, studyText } from "./spec-file.ts";

const read = (text: string) => readStudySpec({ path: "study.yaml", text });
const messageOf = (text: string): string => {
  try {
    read(text);
  } catch (error) {
    return (error as Error).message;
  }
  return "nothing was refused";
};

/** Studies that mean something, as plain data. */
const studies = fc.record(
  {
    name: fc.stringMatching(/^[a-z][a-z0-9-]{0,9}$/),
    tasks: fc.uniqueArray(fc.constantFrom(...Object.keys(tasks)), { minLength: 1, maxLength: 4 }),
    rules: fc.uniqueArray(
      fc.constantFrom("sgd", "adamw", "lion", "muon(scale=none)", "clipByGlobalNorm(maxNorm=1) > adamw"),
      {
        minLength: 1,
        maxLength: 4,
      },
    ),
    schedules: fc.uniqueArray(fc.constantFrom("constant", "cosine", "warmup(5%) > cosine", "wsd"), {
      minLength: 1,
      maxLength: 3,
    }),
    batchSizes: fc.uniqueArray(fc.integer({ min: 1, max: 512 }), { minLength: 1, maxLength: 3 }),
    steps: fc.uniqueArray(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 3 }),
    trials: fc.integer({ min: 2, max: 100 }),
    replicates: fc.integer({ min: 1, max: 4 }),
    seeds: fc.uniqueArray(fc.integer({ min: 100, max: 999 }), { minLength: 1, maxLength: 5 }),
    tuningSeeds: fc.uniqueArray(fc.integer({ min: 0, max: 99 }), { minLength: 1, maxLength: 3 }),
    sampler: fc.constantFrom("halton", "random", "tpe", "gp"),
    seed: fc.nat(),
  },
  { requiredKeys: ["tasks", "rules"] },
);

describe("readStudySpec()", () => {
  it("gives back what a study says", () => {
    fc.assert(
      fc.property(studies, (study) => {
        const { spec, tasks: found, rules } = read(stringify(study));
        expect(spec).toMatchObject({
          ...study,
          tasks: study.tasks.map((name) => ({ name })),
          rules: study.rules.map((rule) => ({ rule })),
        });
        expect(found.map((task) => ("name" in task ? task.name : ""))).toEqual(study.tasks);
        expect(rules.map(({ label }) => label)).toEqual(study.rules.map((rule) => labelOf({ rule })));
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  it("reads JSON too, and a value for a list of one", () => {
    const { spec } = read('{"tasks": "digits-mlp", "rules": "sgd", "schedules": "constant"}');
    expect(spec).toMatchObject({
      name: "study",
      schedules: ["constant"],
      seeds: [43, 44, 45, 46, 47],
      tuningSeeds: [42],
      replicates: 2,
    });
  });

  it("counts seeds up from 43 and tuning seeds down from 42, so that none is both", () => {
    const { spec } = read("{tasks: digits-mlp, rules: sgd, seeds: 3, tuningSeeds: 3}");
    expect(spec).toMatchObject({ seeds: [43, 44, 45], tuningSeeds: [42, 41, 40] });
  });

  it("points at a misspelt key wherever it stands, and says which one was meant", () => {
    fc.assert(
      fc.property(studies, fc.nat(), fc.nat(), (study, which, where) => {
        const keys = Object.keys(study).filter((one) => !/^seeds?$/.test(one)); // these two are near each other
        const key = keys[which % keys.length]!;
        const at = where % (key.length - 1);
        const misspelt = key.slice(0, at) + key[at + 1]! + key[at]! + key.slice(at + 2); // two letters exchanged
        fc.pre(misspelt !== key && !Object.hasOwn(study, misspelt));
        const text = stringify(study).replace(new RegExp(`^${key}:`, "m"), `${misspelt}:`);
        const line = text.split("\n").findIndex((one) => one.startsWith(`${misspelt}:`)) + 1;
        const message = messageOf(text);
        expect(message).toContain(`study.yaml:${line}:1: there is no field "${misspelt}"`);
        expect(message).toContain(`did you mean "${key}"?`);
      }),
      { seed: 2, numRuns: 60 },
    );
  });

  it("never fails in another way than by a message with a place, whatever the text", () => {
    const scalars = fc.oneof(
      fc.constantFrom("tasks", "rules", "sgd", "digits-mlp", "lr", "&a", "*a", "? [", "- -", "{", "0x", "~"),
      fc.string(),
    );
    const texts = fc.oneof(
      fc.string(),
      fc
        .array(fc.tuple(scalars, fc.constantFrom(": ", ":\n  - ", "\n", ", ")), { maxLength: 8 })
        .map((parts) => parts.flat().join("")),
      fc.tuple(studies, fc.nat(), fc.string({ maxLength: 3 })).map(([study, at, put]) => {
        const text = stringify(study);
        const place = at % text.length;
        return text.slice(0, place) + put + text.slice(place + 1);
      }),
    );
    fc.assert(
      fc.property(texts, (text) => {
        try {
          read(text);
        } catch (error) {
          expect(error).toBeInstanceOf(StudyFileError);
          expect((error as Error).message).toMatch(/^Cannot read study\.yaml:\d+:\d+: /);
        }
      }),
      { seed: 3, numRuns: 400 },
    );
  });

  it("tells all mistakes at once, in the file's order", () => {
    const error = messageOf("tasks: [digits-mpl]\nrules: [adamv, sgd]\nsampler: haltn\n");
    expect(error.match(/study\.yaml:\d+:\d+/g)).toEqual([
      "study.yaml:1:9",
      "study.yaml:2:9",
      "study.yaml:3:10",
    ]);
    for (const name of ['did you mean "digits-mlp"?', 'did you mean "adam"?', 'did you mean "halton"?'])
      expect(error).toContain(name);
  });

  it("shows the line, with a mark under the place", () => {
    expect(messageOf("tasks: digits-mlp\nrules: sgd\nsampler: haltn\n")).toMatch(
      /^Cannot read study\.yaml:3:10: Cannot find the sampler "haltn": .*; did you mean "halton"\?\n {2}sampler: haltn\n {11}\^$/,
    );
  });

  const base = "tasks: digits-mlp\nrules: [sgd, adamw]\n";
  test.each([
    [
      "rules: [sgd, sgd]\ntasks: digits-mlp",
      ":1:14: rules must differ: sgd is there twice; give one of them another label",
    ],
    ["tasks: [digits-mlp, digits-mlp]\nrules: sgd", ":1:21: tasks must differ: digits-mlp is there twice"],
    [
      `${base}seeds: [42, 43]`,
      ":3:9: seeds must differ from tuningSeeds, 42, as the winners were chosen by those",
    ],
    [`${base}seeds: 0`, ":3:8: seeds must be how many there are, from 1 to 1000"],
    [`${base}seeds: []`, ":3:8: seeds must name at least one seed"],
    [`${base}trials: 0`, ":3:9: trials must be a whole number, at least 1"],
    [`${base}trials: many`, ":3:9: trials must be a whole number, at least 1"],
    [`${base}sampler: grid`, "replicates must be 1 with sampler grid"],
    [`${base}trials: 1`, "replicates must be 1 with trials: 1"],
    [`${base}pruner: asha`, ":3:9: a pruner compares runs before their end"],
    [`${base}pruner: ahsa\nschedules: constant`, ":3:9: Cannot prune as the pruner must be one of"],
    [`${base}pruner: asha\nschedules: constant\ntuningSeeds: 2`, ":3:9: a pruner needs one tuning seed"],
    [
      `${base}pruner: halving\nschedules: constant\nsampler: tpe`,
      ":3:9: halving lets no trial go on before all have begun",
    ],
    [`${base}schedules: cosin`, ":3:12: "],
    [
      `${base}limits: {secondsPerTrial: -1}`,
      ":3:27: limits.secondsPerTrial: secondsPerTrial must be above 0",
    ],
    [`${base}limits: {seconds: 1}`, ':3:10: there is no field "seconds": there are secondsPerTrial'],
    [`${base}spaces: modrn`, ':3:9: Cannot find the family of spaces "modrn"'],
    [
      `${base}spaces: {sdg: {lr: {low: 1, high: 2}}}`,
      'Cannot find the rule of this study "sdg": there are sgd, adamw; did you mean "sgd"?',
    ],
    ["tasks: digits-mlp\nrules: [{rule: sgd, space: {lr: {low: 1.e-3, hi: 1}}}]", ":2:28: Cannot search lr"],
    ["tasks: digits-mlp\nrules: [{rule: sgd, space: {momentum: {low: 0.1, high: 1}}}]", ":2:28: "],
    ["rules: sgd", "tasks is missing: a study needs tasks and rules"],
    ["", ":1:1: a study must be a map with at least tasks and rules"],
    ["tasks: [digits-mlp", "study.yaml:1:"],
    ["tasks: *a\nrules: sgd", ":1:1: "],
    [
      "tasks: {file: gone.onnx, data: digits}\nrules: sgd",
      "Cannot use gone.onnx as a task as there is no such file",
    ],
    [
      "tasks: {file: notes.txt, data: digits}\nrules: sgd",
      "Cannot use notes.txt as a task as it must be an ONNX file",
    ],
    ["tasks: digits-mlp\nrules: [3]", ":2:9: "],
  ])("refuses %j", (text, message) => {
    expect(messageOf(text)).toContain(message);
  });
});

test("the presets are studies", () => {
  expect(presets()).toEqual(expect.arrayContaining(["quick", "standard", "full"]));
  for (const name of presets()) {
    const { spec } = readStudySpec(studyText(name));
    expect(spec.name).toBe(name);
    expect(spec.replicates).toBe(2);
  }
});

test("studyText() says which studies there are", () => {
  expect(() => studyText("quik")).toThrow(
    'Cannot find the study "quik": there is no such file, and the studies that come with Thalweg are crowded-valley, full, quick, standard; did you mean "quick"?',
  );
});

test("a rule of every kind that the catalogue has can be in a study", () => {
  const { rules } = read(stringify({ tasks: ["digits-mlp"], rules: Object.keys(catalogue) }));
  expect(rules).toHaveLength(Object.keys(catalogue).length);
});
