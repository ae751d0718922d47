import { expect, test } from "vitest";
import { schedules } from "./catalogue.ts";
import { parseSchedule } from "./parse.ts";

test("schedules lists every name with its formula, parameters and source", () => {
  expect(Object.keys(schedules)).toEqual([
    "constant",
    "linear",
    "warmup",
    "cosine",
    "onecycle",
    "step",
    "exponential",
    "polynomial",
    "inverse-sqrt",
    "wsd",
  ]);
  expect(schedules.cosine).toEqual({
    summary: "half a cosine from the peak down to a floor",
    formula: String.raw`f(k) = \mathrm{floor} + (1 - \mathrm{floor}) \frac{1 + \cos(\pi k / T)}{2}`,
    parameters: [
      {
        name: "floor",
        meaning: "factor after the last step",
        accepts: "in [0, 1], where 1 is the peak",
        default: 0,
      },
    ],
    source: expect.stringContaining("arXiv:1608.03983"),
  });
  expect(schedules.warmup?.parameters[0]?.default).toBe("1 / steps");
  expect(schedules.exponential?.parameters[0]?.default).toBeNull();
});

test("schedules is plain JSON", () => {
  expect(JSON.parse(JSON.stringify(schedules))).toEqual(schedules);
});

test("the defaults that schedules names are those that parseSchedule() fills in", () => {
  for (const [name, { parameters }] of Object.entries(schedules)) {
    const required = parameters.filter((parameter) => parameter.default === null);
    const given = required.map((parameter) => `${parameter.name}=1`).join(", ");
    const { curve } = parseSchedule(`${name}(${given})`, 100);
    for (const parameter of parameters) {
      const derived = typeof parameter.default === "string" && parameter.default.includes("steps");
      if (derived || parameter.default === null) continue;
      expect(curve).toHaveProperty(parameter.name, parameter.default);
    }
  }
});
