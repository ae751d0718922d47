import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyCurve } from "./any-curve.ts";
import { curveSteps } from "./curve.ts";
import { parseSchedule } from "./parse.ts";
import { bindCurve, formatCurve } from "./schedule.ts";
import { ScheduleError } from "./schedule-error.ts";

const lengths = (spec: string, totalSteps: number) => {
  const { curve } = parseSchedule(spec, totalSteps);
  return curve.kind === "sequence" ? curve.parts.map(curveSteps) : [curveSteps(curve)];
};

describe("parseSchedule()", () => {
  test("reads a name alone as a curve over the whole run, defaults filled in", () => {
    expect(parseSchedule("constant", 7).curve).toEqual({ kind: "constant", steps: 7, factor: 1 });
    expect(parseSchedule(" onecycle ", 100).curve).toEqual({
      kind: "onecycle",
      steps: 100,
      pct: 0.3,
      div: 25,
      finalDiv: 10000,
      anneal: "cos",
      phases: 2,
    });
    expect(parseSchedule("wsd", 1000).curve).toMatchObject({ warmup: 50, decay: 200, shape: "sqrt" });
  });

  test("reads lengths, named values, exponents and percentages", () => {
    const cosine = { kind: "cosine", steps: 9500, floor: 1e-5 };
    expect(parseSchedule("cosine(9500, floor=1e-5)", 1e4).curve).toEqual(cosine);
    expect(parseSchedule("cosine( floor = .00001 , steps=95% )", 1e4).curve).toEqual(cosine);
    expect(parseSchedule("onecycle(pct=25%)", 40).curve).toMatchObject({ pct: 0.25 });
    expect(parseSchedule("step(every=33%)", 100).curve).toMatchObject({ every: 33, gamma: 0.1 });
    expect(parseSchedule("cosine()", 5).curve).toMatchObject({ steps: 5 });
  });

  test("gives the one part without a length what remains, wherever it stands", () => {
    expect(lengths("warmup(100) > cosine", 1000)).toEqual([100, 900]);
    expect(lengths("warmup(5%) > constant > polynomial(20%)", 200)).toEqual([10, 150, 40]);
    expect(lengths("warmup(0) > cosine", 10)).toEqual([0, 10]);
  });

  test("rounds where a share ends, so that shares of the whole make the whole", () => {
    expect(lengths("constant(50%) > cosine(50%)", 3)).toEqual([2, 1]);
    const ten = Array.from({ length: 10 }, () => "constant(10%)").join(" > ");
    expect(lengths(ten, 7).reduce((sum, n) => sum + n)).toBe(7);
  });

  test("hands out the factor at any step and keeps the text", () => {
    const schedule = parseSchedule("warmup(100) > cosine", 1000);
    expect(schedule.spec).toBe("warmup(100) > cosine");
    expect([0, 49, 99, 100, 550, 1000].map(schedule.at)).toEqual([0.01, 0.5, 1, 1, 0.5, 0]);
  });

  test("a curve written out by formatCurve() reads back as the same curve", () => {
    fc.assert(
      fc.property(anyCurve, (curve) => {
        expect(parseSchedule(formatCurve(curve), curveSteps(curve)).curve).toEqual(curve);
        expect(bindCurve(curve).at(3)).toBe(parseSchedule(formatCurve(curve), curveSteps(curve)).at(3));
      }),
      { seed: 1 },
    );
  });
});

describe("parseSchedule() refuses, pointing at the column", () => {
  const refused: [spec: string, totalSteps: number, column: number, message: RegExp][] = [
    ["warmup(100) > cosin", 1000, 15, /"cosin" is no schedule\. Did you mean "cosine"\?/],
    ["Cosine", 10, 1, /Did you mean "cosine"\? There are constant, linear, warmup/],
    ["toString", 10, 1, /"toString" is no schedule/],
    ["cosine(flor=0.1)", 10, 8, /cosine has no setting "flor"\. Did you mean "floor"\?/],
    ["cosine(floor=0, floor=1)", 10, 17, /floor of cosine is given twice/],
    ["cosine(100, 0.1)", 900, 13, /cosine has a length already.*cosine\(100, floor=0\)/],
    ["warmup(100 > cosine", 1000, 12, /found ">" where "%" or "epochs" or "," or "\)" is accepted/],
    ["", 10, 1, /the text ends where "\(" or a name or a number is accepted/],
    ["constant >", 10, 11, /the text ends where "\(" or a name or a number is accepted/],
    ["constant; cosine", 10, 9, /found ";" where "\(" or "\*" or ">" or the end is accepted/],
    ["constant >\n cosin", 10, 13, /"cosin" is no schedule/],
    ["warmup(100)", 50, 1, /the run has 50 steps, but warmup takes 100/],
    ["warmup(30) > cosine(30)", 50, 14, /the run has 50 steps, but its parts take 60/],
    ["warmup(100) > cosine", 50, 1, /the run has 50 steps, but its parts take 100/],
    ["warmup(10) > cosine", 10, 14, /the run has 10 steps and none is left for cosine/],
    ["warmup > cosine", 10, 1, /only one part .* warmup and cosine have no length: write warmup\(100\)/],
    ["cosine(0)", 10, 1, /a schedule must have at least 1 step: it has 0/],
    ["warmup(0) > cosine(1%)", 10, 1, /a schedule must have at least 1 step: it has 0/],
    ["cosine(-3)", 10, 8, /length of cosine must be a whole number of steps, 0 or more.*current value is -3/],
    ["cosine(2.5)", 10, 8, /current value is 2.5/],
    ["cosine(1e999)", 10, 8, /current value is 1e999/],
    ["cosine(-5%)", 10, 8, /current value is -5%/],
    ["cosine(steps=all)", 10, 14, /current value is all/],
    [
      "cosine(floor=2)",
      10,
      14,
      /floor of cosine must be in \[0, 1\], where 1 is the peak: current value is 2/,
    ],
    ["exponential", 10, 1, /exponential needs gamma \(factor from one step to the next\)/],
    ["onecycle(anneal=sine)", 10, 17, /anneal of onecycle must be cos or linear: current value is sine/],
    ["onecycle", 3, 1, /one cycle with pct = 0.3 needs at least 4 steps to rise.*it has 3/],
    [
      "onecycle(pct=0.9, phases=3)",
      20,
      10,
      /leaves nothing to fall in: a phase would go from step 34 to step 19/,
    ],
    ["wsd(50%, decay=60%)", 100, 10, /warmup = 3 and decay = 60 must fit into its steps = 50 together/],
  ];
  test.each(refused)("%j over %i steps", (spec, totalSteps, column, message) => {
    const error = caught(() => parseSchedule(spec, totalSteps));
    expect(error).toBeInstanceOf(ScheduleError);
    expect(error).toMatchObject({ column, spec, message: expect.stringMatching(message) });
    expect((error as ScheduleError).message.split("\n").at(-1)).toBe(`  ${" ".repeat(column - 1)}^`);
  });

  test("a total that is no number of steps", () => {
    for (const total of [0, -1, 2.5, Number.NaN, Infinity]) {
      expect(() => parseSchedule("constant", total)).toThrow(/totalSteps must be a whole number, at least 1/);
    }
  });
});

test("whatever the text, parseSchedule() gives a schedule or a ScheduleError inside the text", () => {
  const pieces = fc.constantFrom(
    "warmup",
    "cosine",
    "step",
    "(",
    ")",
    ",",
    "=",
    ">",
    "%",
    "-3",
    "1e9",
    "0",
    "5",
    " ",
    "every",
  );
  const text = fc.oneof(
    fc.string(),
    fc.array(pieces, { maxLength: 12 }).map((list) => list.join("")),
  );
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 50 }), (spec, totalSteps) => {
      try {
        const { at } = parseSchedule(spec, totalSteps);
        expect(at(totalSteps - 1)).toBeGreaterThanOrEqual(0);
      } catch (error) {
        expect(error).toBeInstanceOf(ScheduleError);
        expect((error as ScheduleError).column).toBeGreaterThanOrEqual(1);
        expect((error as ScheduleError).column).toBeLessThanOrEqual(spec.length + 1);
      }
    }),
    { seed: 4, numRuns: 2000 },
  );
});

test("ScheduleError shows the text with a caret under the place", () => {
  expect(caught(() => parseSchedule("warmup(100) > cosin", 500))).toMatchObject({
    message: expect.stringMatching(
      /^Cannot read the schedule at column 15: .*\n {2}warmup\(100\) > cosin\n {16}\^$/,
    ),
  });
});

function caught(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was refused");
}
