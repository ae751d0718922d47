import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyCurve } from "./any-curve.ts";
import { curveSteps } from "./curve.ts";
import { parseSchedule, parseSchedules } from "./parse.ts";
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

  test("parentheses give out lengths on their own, and leave one sequence", () => {
    expect(lengths("(warmup(10) > constant(20)) > (rex(5) > (linear > cosine(40)))", 100)).toEqual([
      10, 20, 5, 25, 40,
    ]);
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
    ["onecycle(dialect=keras)", 50, 18, /dialect of onecycle must be torch or optax: current value is keras/],
    ["cosine(dialect=mxnet)", 50, 16, /dialect of cosine must be optax or keras or torch/],
    ["cosine(past=maybe)", 50, 13, /past of cosine must be hold or continue/],
    ["linear(past=continue)", 50, 8, /linear has no setting "past"/],
    ["multistep(milestones=[30, 20])", 50, 11, /milestones must rise: 20 follows 30 in 30, 20/],
    ["multistep(milestones=[30, 30])", 50, 11, /milestones must rise: 30 follows 30/],
    ["multistep(milestones=30)", 50, 22, /must be a list such as \[1, 2\], each a whole number.*value is 30/],
    ["multistep(milestones=[30, -2])", 50, 22, /each a whole number of steps.*current value is \[30, -2\]/],
    [
      "piecewise(boundaries=[5], values=[1])",
      50,
      27,
      /one value more than boundaries: 1 boundaries and 1 values/,
    ],
    ["cyclic(up=0)", 50, 11, /up of cyclic must be a whole number of steps, at least 1: current value is 0/],
    ["cyclic(down=0)", 50, 13, /down of cyclic must be .* at least 1: current value is 0/],
    ["cyclic-momentum(low=0.95)", 50, 17, /low = 0.95 must not be above high = 0.9/],
    ["onecycle-momentum(low=0.9, high=0.5)", 50, 19, /low = 0.9 must not be above high = 0.5/],
    ["onecycle(dialect=optax)", 3, 1, /needs at least 4 steps to rise.*it has 3/],
    ["cosine-restarts", 50, 1, /cosine-restarts needs first/],
    ["cosine-restarts(first=5, mult=0.5)", 50, 31, /mult .* must be finite and at least 1: .* 0.5/],
    ["exponential(gamma=0.9, rate=0.1)", 50, 24, /one of the two: gamma = 0.9 and rate = 0.1 are given/],
    ["wsd(shape=exponential)", 50, 5, /an exponential fall never reaches 0, so it needs a floor above 0/],
    ["trapezoid(warmup=40, decay=20)", 50, 22, /warmup = 40 and decay = 20 must fit into its steps = 50/],
    ["wsd(warmup=60)", 50, 5, /warmup = 60 and decay = 10 must fit into its steps = 50/],
    ["warmup-cosine(warmup=60)", 50, 15, /nothing is left to fall in: warmup = 60 and steps = 50/],
    ["warmup-cosine(warmup=20, decay=20)", 50, 15, /decay = 20, which counts the warm-up in/],
    ["warmup-cosine(warmup=20, decay=40, dialect=keras)", 50, 26, /warmup = 20 and the fall = 40 must fit/],
    ["plateau(gamma=1)", 50, 15, /gamma of plateau must be in \(0, 1\)/],
    ["0.5", 10, 1, /a number must multiply a schedule: write 0.5 \* cosine, or constant\(factor=0.5\)/],
    ["2 * 3 > cosine", 10, 1, /a number must multiply a schedule/],
    ["cosine * -1", 10, 10, /a factor must be finite and 0 or more: current value is -1/],
    ["(cosine", 10, 8, /the text ends where .*"\)"/],
    ["clamp(low=1)", 10, 1, /clamp needs one schedule, clamp\(A, low=0.1\): it has none/],
    ["clamp(rex, cosine)", 10, 12, /clamp needs one schedule.*: it has a second one/],
    ["clamp(rex, low=2, high=1)", 10, 12, /low = 2 must not be above high = 1/],
    ["repeat(rex, 3)", 10, 13, /repeat has no length of its own.*current value is 3/],
    ["repeat(warmup(0))", 10, 8, /what is repeated must have at least 1 step: it has 0/],
    ["shift(rex)", 10, 1, /shift needs by \(steps of delay\)/],
    [
      "cosine(rex)",
      10,
      8,
      /cosine takes a length and settings by name, no schedule; those that do are clamp/,
    ],
    ["epochs(rex)", 10, 1, /epochs need to know how many steps they have/],
    ["warmup(2 epochs) > rex", 10, 8, /epochs need to know how many steps they have/],
    ["(warmup(5) > rex(10)) > rex", 10, 2, /the run has 10 steps, but its parts take 15/],
    ["repeat(warmup(5) > rex > rex, times=2)", 10, 20, /only one part can take/],
    ["rex(5) * (cosine > rex)", 10, 11, /only one part can take the steps that remain/],
    ["rex * cosine(20)", 10, 7, /there are only|the run has 10 steps, but cosine takes 20/],
    ["during(rex, steps=20)", 10, 1, /the run has 10 steps, but during takes 20/],
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

describe("parseSchedules()", () => {
  const spec = "lr = warmup(5) > cosine; momentum: onecycle-momentum";

  test("reads a schedule per hyperparameter from one text, or from a record as YAML has it", () => {
    const fromText = parseSchedules(spec, 20);
    const fromRecord = parseSchedules({ lr: "warmup(5) > cosine", momentum: "onecycle-momentum" }, 20);
    for (const schedules of [fromText, fromRecord]) {
      expect(Object.keys(schedules)).toEqual(["lr", "momentum"]);
      expect(schedules.lr?.curve).toEqual(parseSchedule("warmup(5) > cosine", 20).curve);
      expect(schedules.momentum?.spec).toBe("onecycle-momentum");
    }
    expect(fromText.lr?.spec).toBe("warmup(5) > cosine");
  });

  test("gives a plain spec to the learning rate, and knows the names of a chain", () => {
    expect(Object.keys(parseSchedules("cosine", 20))).toEqual(["lr"]);
    expect(Object.keys(parseSchedules("adamw.lr=rex;", 20))).toEqual(["adamw.lr"]);
  });

  test("points at the column in the whole text", () => {
    const columns = [
      ["lr=rex; momentum=cosin", 18, /"cosin" is no schedule/],
      ["lr=rex; lr=cosine", 9, /lr has a schedule already/],
      ["lr=rex momentum=rex", 8, /found "m"/],
      ["lr=", 4, /the text ends/],
    ] as const;
    for (const [text, column, message] of columns) {
      const error = caught(() => parseSchedules(text, 20));
      expect(error).toMatchObject({ column, message: expect.stringMatching(message) });
    }
  });

  test("names __proto__ like any other", () => {
    expect(Object.keys(parseSchedules("constructor=rex", 20))).toEqual(["constructor"]);
  });
});

test("parseSchedule() refuses epochs of no length, and parentheses without end", () => {
  expect(() => parseSchedule("rex", 10, { stepsPerEpoch: 0 })).toThrow(
    /stepsPerEpoch must be .* at least 1: .* 0/,
  );
  const deep = `${"(".repeat(50_000)}rex${")".repeat(50_000)}`;
  expect(() => parseSchedule(deep, 10)).toThrow(/more than 100 parentheses are open/);
  expect(parseSchedule(`${"(".repeat(90)}rex${")".repeat(90)}`, 10).at(0)).toBe(1);
});

test("a schedule asked for its steps in any order gives the same bits, in nested sequences too", () => {
  fc.assert(
    fc.property(anyCurve, fc.array(fc.nat(20_000), { minLength: 1 }), (curve, steps) => {
      const there = steps.map(bindCurve(curve).at);
      const back = [...steps].reverse().map(bindCurve(JSON.parse(JSON.stringify(curve))).at);
      expect(back.reverse()).toEqual(there);
    }),
    { seed: 5 },
  );
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
    "*",
    "[",
    "]",
    "repeat",
    "epochs",
    "plateau",
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
