import katex from "katex";
import { expect, test } from "vitest";
import { scheduleCombinators, schedules } from "./catalogue.ts";
import { parseSchedule } from "./parse.ts";

test("schedules lists every name with its formula, parameters and source", () => {
  const names =
    "constant linear warmup cosine cosine-restarts warmup-cosine onecycle onecycle-momentum cyclic cyclic-momentum step multistep piecewise exponential polynomial inverse-time inverse-sqrt decreasing rex wsd trapezoid cooldown plateau lambda";
  expect(Object.keys(schedules).join(" ")).toBe(names);
  expect(schedules.rex).toEqual({
    summary: "reflected exponential: late and steep, good over small budgets",
    formula: String.raw`f(k) = \mathrm{floor} + (1 - \mathrm{floor}) \frac{1 - k/T}{1 - k/(2T)}`,
    parameters: [
      {
        name: "floor",
        meaning: "factor after the last step",
        accepts: "in [0, 1], where 1 is the peak",
        default: 0,
      },
    ],
    source: expect.stringContaining("arXiv:2107.04197"),
  });
  expect(schedules.warmup?.parameters[0]?.default).toBe("1 / steps");
  expect(schedules.step?.parameters[0]?.default).toBeNull();
});

test("schedules is plain JSON", () => {
  expect(JSON.parse(JSON.stringify(schedules))).toEqual(schedules);
});

test("every formula is LaTeX that KaTeX can set", () => {
  for (const { formula } of [...Object.values(schedules), ...Object.values(scheduleCombinators)]) {
    expect(() => katex.renderToString(formula, { throwOnError: true, strict: false })).not.toThrow();
  }
});

test("scheduleCombinators lists the ways to combine, each usage with its name or sign", () => {
  const usages = Object.values(scheduleCombinators).map(({ usage }) => usage);
  expect(usages).toEqual([
    "A > B > C",
    "A * B",
    "0.5 * A",
    "clamp(A, low=0.1)",
    "shift(A, by=100)",
    "repeat(A, times=3)",
    "during(A, steps=50)",
    "epochs(A)",
  ]);
});

/** What must be given, where a default would be a guess. */
const given: Record<string, string> = {
  "cosine-restarts": "first=10",
  "warmup-cosine": "warmup=10",
  step: "every=10",
  multistep: "milestones=[30, 60]",
  piecewise: "boundaries=[50], values=[1, 0.1]",
  exponential: "gamma=0.99",
  "inverse-time": "rate=0.1",
};

test("the defaults that schedules names are those that parseSchedule() fills in", () => {
  for (const [name, { parameters }] of Object.entries(schedules)) {
    if (name === "lambda") continue; // has no text
    const { curve } = parseSchedule(`${name}(${given[name] ?? ""})`, 100);
    for (const parameter of parameters) {
      if (typeof parameter.default === "number")
        expect(curve).toHaveProperty(parameter.name, parameter.default);
      if (parameter.default === null) expect(given[name]).toContain(`${parameter.name}=`);
    }
  }
});
