import { describe, expect, it } from "vitest";
import { lookUp } from "./declaration.ts";
import { parseRecording, recordedRule, replay } from "./replay.ts";
import type { Link, Rule } from "./rule.ts";
import { adamw, rules } from "./rules/index.ts";

/** A recording that is in its form, with some fields changed or, where undefined, left out. */
function recording(changes: Record<string, unknown> = {}): Record<string, unknown> {
  const fields = {
    rule: "sgd",
    options: { lr: 0.5 },
    parameters: [
      { name: "weight", shape: [1, 2], data: [1, 2] },
      { name: "bias", shape: [], data: [3] },
    ],
    gradients: [
      [[2, 4], [6]],
      [[1, 1], [1]],
    ],
    ...changes,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
/** What a rule needs besides the usual recording: gradients for its phases, and matrices if it takes nothing else. */
const worldFor = ({ program, minimumRank, fallback }: Rule) => {
  const { parameters, gradients } = recording() as { parameters: object[]; gradients: unknown[] };
  const due = (s: number) => program.before.filter(({ every }) => s % every === 0);
  const [weight, bias] = parameters;
  return {
    phaseGradients: gradients.map((gradient, s) => due(s).map(() => gradient)),
    ...(minimumRank > 1 && fallback === undefined
      ? { parameters: [weight, { ...bias, shape: [1, 1] }] }
      : {}),
  };
};
/** A link as one writes it. */
const declarationOf = ({ kind: _, hyper, fallback, ...rest }: Link): Record<string, unknown> => ({
  ...rest,
  hyper: Object.fromEntries(
    Object.entries(hyper).map(([name, value]) => [name, Number.isFinite(value) ? value : String(value)]),
  ),
  ...(fallback === undefined ? {} : { fallback: declarationOf(fallback[0]!) }),
});
const parsing = (changes: Record<string, unknown>) => () => parseRecording(recording(changes));
const replaying = (changes: Record<string, unknown>) => () =>
  replay(parseRecording(recording(changes)), "reference");
/** Parameters after each step. */
const path = (changes: Record<string, unknown>, engine: "reference" | "wasm" = "reference") =>
  replay(parseRecording(recording(changes)), engine).steps.map(({ parameters }) =>
    parameters.flatMap(({ data }) => data),
  );

describe("parseRecording()", () => {
  it("takes a recording in its form, and fields it does not know", () => {
    const json = recording({ recorded: "by hand", expected: { steps: [] } });
    expect(parseRecording(json)).toEqual(json);
  });

  it.each([null, 3, "text", []])("refuses %j", (json) => {
    expect(() => parseRecording(json)).toThrow(/Cannot replay as the recording is not in its form:/);
  });

  it.each([
    ["rule", { rule: 5 }],
    ["rule", { rule: { name: "x" } }],
    ["options.lr", { options: { lr: ["fast"] } }],
    ["options.lr", { options: { lr: null } }],
    ["chain[0]", { rule: undefined, chain: [{ transfrom: "clipByValue" }] }],
    ["groups[0].match", { groups: [{ options: {} }] }],
    ["groups[0]", { groups: [{ match: "x", frosen: true }] }],
    ["schedule", { schedule: 3 }],
    ["schedule", { schedule: { lr: 3 } }],
    ["parameters", { parameters: undefined }],
    ["parameters[0].name", { parameters: [{ shape: [], data: [1] }] }],
    ["parameters[0].shape[1]", { parameters: [{ name: "a", shape: [2, 0.5], data: [1] }] }],
    ["parameters[0].shape[0]", { parameters: [{ name: "a", shape: [-1], data: [1] }] }],
    ["parameters[0].data[1]", { parameters: [{ name: "a", shape: [2], data: [1, "nan"] }] }],
    ["gradients", { gradients: undefined }],
    [
      "gradients[1][0][1]",
      {
        gradients: [
          [[1, 1], [1]],
          [[1, null], [1]],
        ],
      },
    ],
  ])("names the field %s that is not in its form", (field, changes) => {
    expect(parsing(changes)).toThrow(TypeError);
    expect(parsing(changes)).toThrow(new RegExp(`at ${field.replace(/[[\].]/g, "\\$&")}(\\n|$)`));
  });

  it("says what a field with alternatives must be, and what it is", () => {
    expect(parsing({ rule: { name: "x" } })).toThrow(
      'must be the name of a rule, or a declaration with at least "name" and "update": found {"name":"x"}',
    );
    expect(parsing({ rule: undefined, chain: [{ transfrom: "clip" }] })).toThrow(
      'must be { "transform": name } or { "rule": name }, with "options" or without: found {"transfrom":"clip"}',
    );
    expect(parsing({ schedule: 3 })).toThrow("must be a spec, or a spec per hyperparameter: found 3");
    expect(parsing({ gradients: [[[null]]] })).toThrow(
      'must be a number, "NaN", "Infinity" or "-Infinity": found null',
    );
  });

  it("wants either a rule or a chain", () => {
    expect(parsing({ rule: undefined })).toThrow(
      'Cannot replay as a recording needs either "rule" or "chain": it has neither',
    );
    expect(parsing({ chain: [{ rule: "sgd" }] })).toThrow('either "rule" or "chain": it has both');
  });

  it("wants as many numbers as the shapes say", () => {
    expect(parsing({ parameters: [{ name: "weight", shape: [2, 3], data: [1, 2] }] })).toThrow(
      'Cannot replay as parameter "weight" of shape [2,3] needs 6 numbers: it has 2',
    );
    expect(
      parsing({
        gradients: [
          [[1, 2], [3]],
          [[1], [3]],
        ],
      }),
    ).toThrow("Cannot replay as the gradients of step 2 must have sizes 2, 1: they have 1, 1");
    expect(parsing({ gradients: [[[1, 2]]] })).toThrow("step 1 must have sizes 2, 1: they have 2");
  });

  it("reads NaN and infinities as text", () => {
    const { parameters, gradients } = parseRecording(
      recording({
        parameters: [{ name: "a", shape: [3], data: ["NaN", "Infinity", "-Infinity"] }],
        gradients: [[["Infinity", 0, "NaN"]]],
      }),
    );
    expect(parameters[0]!.data).toEqual([Number.NaN, Infinity, -Infinity]);
    expect(gradients).toEqual([[[Infinity, 0, Number.NaN]]]);
  });
});

describe("recordedRule()", () => {
  const asked = (changes: Record<string, unknown>) => recordedRule(parseRecording(recording(changes)));

  it("gives rules of the catalogue with the options of the recording", () => {
    expect(asked({ rule: "adamw", options: { lr: 0.5 } }).hyper).toEqual({ ...adamw.hyper, lr: 0.5 });
    expect(asked({ rule: "adamw", options: undefined }).hyper).toEqual(adamw.hyper);
  });

  it("gives chains, whose options may stand beside the links or at the top", () => {
    const chained = asked({
      rule: undefined,
      chain: [
        { transform: "clipByGlobalNorm", options: { maxNorm: 2 } },
        { rule: "sgd", options: { lr: 0.25 } },
      ],
      options: { lr: 0.75 },
    });
    expect([chained.name, chained.hyper]).toEqual(["clipByGlobalNorm > sgd", { maxNorm: 2, lr: 0.75 }]);
  });

  it("suggests the nearest for names that do not exist", () => {
    expect(() => asked({ rule: "adamm" })).toThrow(
      /^Cannot find the rule "adamm": there are gd, sgd, momentum, .*; did you mean "adam.?"\?$/,
    );
    expect(() => asked({ rule: undefined, chain: [{ transform: "clipByGlobalnorm" }] })).toThrow(
      'did you mean "clipByGlobalNorm"?',
    );
    expect(() => asked({ options: { LR: 1 } })).toThrow('did you mean "lr"?');
    expect(() => asked({ rule: "toString" })).toThrow('Cannot find the rule "toString"');
  });

  it("refuses values outside their domain", () => {
    expect(() => asked({ options: { lr: -1 } })).toThrow("lr must be finite and not negative");
  });
});

describe("lookUp()", () => {
  it("gives no suggestion where nothing is near", () => {
    expect(() => lookUp("rule", { sgd: 1, lion: 2 }, "shampoo")).toThrow(/there are sgd, lion$/);
  });
});

describe("replay()", () => {
  it("gives parameters and scalars after each step", () => {
    const first = [
      { name: "weight", data: [0, 0] },
      { name: "bias", data: [0] },
    ];
    const second = [
      { name: "weight", data: [-0.5, -0.5] },
      { name: "bias", data: [-0.5] },
    ];
    for (const engine of ["reference", "wasm"] as const) {
      expect(replay(parseRecording(recording()), engine)).toEqual({
        steps: [
          { parameters: first, scalars: { lr: 0.5 } },
          { parameters: second, scalars: { lr: 0.5 } },
        ],
      });
    }
  });

  it.each(Object.values(rules))("$name declared inside the recording gives the same numbers", (one) => {
    const own = { ...declarationOf(one.links[0]!), name: "mine" };
    const world = { options: undefined, ...worldFor(one) };
    for (const engine of ["reference", "wasm"] as const) {
      const builtIn = path({ ...world, rule: one.name }, engine);
      expect(path({ ...world, rule: own }, engine)).toEqual(builtIn);
      expect(path({ ...world, rule: undefined, chain: [{ rule: own }] }, engine)).toEqual(builtIn);
    }
  });

  it("names line and column in a formula declared inside the recording", () => {
    expect(replaying({ rule: { name: "mine", update: "theta = theta - lr * h" } })).toThrow(/line 1, column/);
  });

  it("a schedule without a name is the learning rate's", () => {
    const schedule = "linear(from=1, to=0.5)"; // over two steps: 1, 0.75
    const { steps } = replay(parseRecording(recording({ schedule })), "reference");
    expect(steps.map(({ scalars }) => scalars.lr)).toEqual([0.5, 0.375]);
    expect(steps.map(({ parameters }) => parameters[1]!.data)).toEqual([[0], [-0.375]]);
    expect(path({ schedule: { lr: schedule } })).toEqual(path({ schedule }));
  });

  it("schedules any hyperparameter by its name", () => {
    const { steps } = replay(
      parseRecording(
        recording({
          rule: undefined,
          options: { lr: 1 },
          chain: [{ transform: "addDecayedWeights", options: { weightDecay: 1 } }, { rule: "sgd" }],
          schedule: { weightDecay: "constant(1, factor=0.5) > constant(1, factor=0)" },
          parameters: [{ name: "a", shape: [], data: [8] }],
          gradients: [[[1]], [[1]]],
        }),
      ),
      "reference",
    );
    // 8 - (1 + 0.5 · 8) = 3, then 3 - 1
    expect(steps.map(({ parameters }) => parameters[0]!.data[0])).toEqual([3, 2]);
    expect(steps.map(({ scalars }) => scalars.weightDecay)).toEqual([0.5, 0]);
  });

  it("refuses a schedule for a hyperparameter that does not exist, or one that cannot be read", () => {
    expect(replaying({ schedule: { lrr: "constant" } })).toThrow('did you mean "lr"?');
    expect(replaying({ schedule: "cosinus" })).toThrow(/cosine/);
  });

  it("keeps groups apart, on memory for each of them", () => {
    const groups = [{ match: "bias", options: { lr: 2 } }];
    expect(path({ groups })).toEqual([
      [0, 0, -9],
      [-0.5, -0.5, -11],
    ]);
    for (const [rule, one] of Object.entries(rules)) {
      const own = Object.hasOwn(one.hyper, "lr") && one.coupled.length === 0 ? groups : [{ match: "bias" }];
      const changes = { ...worldFor(one), rule, options: undefined, groups: own };
      path(changes, "wasm").forEach((values, s) => {
        path(changes)[s]!.forEach((value, i) => {
          expect(values[i]).toBeCloseTo(value, 5);
        });
      });
    }
    expect(path({ groups: [{ match: "w", frozen: true }] })[1]).toEqual([1, 2, -0.5]);
  });

  it("has memory for a group that spoils the alignment, where the vectors fill a page exactly", () => {
    const count = 3_584; // four vectors of 14 336 bytes and the kernels' 8 192 make 65 536
    const ones = new Array<number>(count - 1).fill(1);
    const [last] = path(
      {
        rule: "adam",
        options: { lr: 0.5, eps: 0 },
        groups: [{ match: "bias" }],
        parameters: [
          { name: "bias", shape: [], data: [2] },
          { name: "weight", shape: [count - 1], data: ones },
        ],
        gradients: [[[1], ones]],
      },
      "wasm",
    );
    // a first step of Adam is lr; 1 - 0.9 and 1 - 0.9^1 agree to a last bit in float32
    expect(last![0]).toBeCloseTo(1.5, 6);
    expect(last!.at(-1)).toBeCloseTo(0.5, 6);
  });

  it("carries NaN and infinities through both engines", () => {
    const changes = {
      options: { lr: 1 },
      parameters: [{ name: "a", shape: [3], data: [1, 1, "Infinity"] }],
      gradients: [[["NaN", "-Infinity", 1]]],
    };
    for (const engine of ["reference", "wasm"] as const) {
      expect(path(changes, engine)).toEqual([[Number.NaN, Infinity, Infinity]]);
    }
  });

  it("takes no steps, no parameters and empty tensors", () => {
    for (const engine of ["reference", "wasm"] as const) {
      expect(path({ gradients: [] }, engine)).toEqual([]);
      expect(path({ parameters: [], gradients: [[], []] }, engine)).toEqual([[], []]);
      const empty = { parameters: [{ name: "none", shape: [0, 3], data: [] }], gradients: [[[]]] };
      expect(path({ ...empty, rule: "adamw" }, engine)).toEqual([[]]);
    }
  });

  it("refuses two parameters of one name", () => {
    const twin = { name: "a", shape: [], data: [1] };
    expect(replaying({ parameters: [twin, twin], gradients: [] })).toThrow('the parameter "a" twice');
  });
});
