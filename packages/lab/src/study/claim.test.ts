import fc from "fast-check";
import { expect, test } from "vitest";
import { ACCURACY, LOSS, madeUpStudy } from "../../fixtures/made-up-study.ts";
import { assessStudy } from "./assess.ts";
import { printClaim, RELATIONS } from "./claim.ts";
import { answerClaim } from "./claim-answer.ts";
import { ClaimError, parseClaim } from "./claim-parse.ts";

const VOCABULARY = {
  rules: ["adam", "adamw", "sgd", "clip(maxNorm=1) > adamw", "sgd > ema", "on"],
  tasks: ["mnist14-mlp", "all-cnn", "my task"],
  schedules: ["constant", "warmup(5%) > cosine"],
};

test("parseClaim() reads every form", () => {
  const read = (text: string) => parseClaim(text, VOCABULARY);
  const adamwSgd = { left: "adamw", right: "sgd" };
  expect(read("adamw < sgd on mnist14-mlp")).toEqual({
    ...adamwSgd,
    relation: "<",
    on: "mnist14-mlp",
    at: null,
  });
  expect(read("adamw>sgd")).toEqual({ ...adamwSgd, relation: ">", on: "all", at: null });
  expect(read(" adamw  better  than sgd  on all at constant ")).toEqual({
    ...{ ...adamwSgd, relation: "better than", on: "all", at: "constant" },
  });
  expect(read("clip(maxNorm=1) > adamw > sgd > ema on all-cnn at warmup(5%) > cosine")).toEqual({
    ...{ left: "clip(maxNorm=1) > adamw", relation: ">", right: "sgd > ema" },
    ...{ on: "all-cnn", at: "warmup(5%) > cosine" },
  });
  expect(read("'sgd' worse than \"on\" on 'my task'")).toEqual({
    ...{ left: "sgd", relation: "worse than", right: "on", on: "my task", at: null },
  });
});

test("parseClaim() reads back whatever printClaim() writes", () => {
  const name = fc.oneof(
    fc.constantFrom("adamw", "sgd > ema", "on", "at", "better than", "a'b", "<", "x(y=1, z=2)", "all"),
    fc.stringMatching(/^[ -~]{1,12}$/).filter((s) => s.trim() === s && !(s.includes("'") && s.includes('"'))),
  );
  const names = fc.uniqueArray(name, { minLength: 2, maxLength: 5 });
  fc.assert(
    fc.property(
      names,
      names,
      names,
      fc.constantFrom(...RELATIONS),
      fc.nat(),
      fc.nat(),
      fc.nat(),
      fc.option(fc.nat()),
      (rules, tasks, schedules, relation, i, j, k, l) => {
        const left = rules[i % rules.length]!;
        const right = rules[j % rules.length]!;
        fc.pre(left !== right);
        const on = tasks[k % tasks.length]!;
        const claim = { left, relation, right, on, at: l === null ? null : schedules[l % schedules.length]! };
        expect(parseClaim(printClaim(claim), { rules, tasks, schedules })).toEqual(claim);
      },
    ),
    { seed: 11, numRuns: 300 },
  );
});

test.each([
  [
    "adm < sgd",
    0,
    /a rule of the study is due here .*current value is adm; did you mean adam\?\n {2}adm < sgd\n {2}\^\^\^$/,
  ],
  ["adamw = sgd", 6, /<, >, better than, worse than must follow the first rule: current value is =\n/],
  ["adamw <= sgd", 6, /must follow the first rule: current value is <=/],
  ["adamw better sgd", 6, /must follow the first rule: current value is better/],
  ["adamw <", 7, /rule of the study is due.*current value is nothing/],
  ["adamw < adamw", 8, /cannot be compared with itself: current value is adamw twice/],
  ["adamw < sgd on mnist", 15, /a task of the study is due here .*current value is mnist/],
  ["adamw < sgd at cosine", 15, /a schedule of the study is due here/],
  ["adamw < sgd on mnist14-mlp really", 27, /only "on TASK" and "at SCHEDULE".*current value is really/],
  ["", 0, /current value is nothing/],
])("parseClaim() refuses %j at its place", (text, position, message) => {
  const attempt = () => parseClaim(text, VOCABULARY);
  expect(attempt).toThrow(ClaimError);
  expect(attempt).toThrow(message);
  try {
    attempt();
  } catch (error) {
    expect((error as ClaimError).position).toBe(position);
  }
});

test("parseClaim() never fails otherwise than by a ClaimError within the text", () => {
  const piece = fc.constantFrom(
    "adamw",
    "sgd",
    "<",
    ">",
    "better",
    "than",
    "on",
    "at",
    "all",
    "constant",
    "'",
    '"',
    " ",
    "é\t",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 9 }), (pieces) => {
      const text = pieces.join(" ");
      try {
        parseClaim(text, VOCABULARY);
      } catch (error) {
        expect(error).toBeInstanceOf(ClaimError);
        expect((error as ClaimError).position).toBeLessThanOrEqual(text.length);
      }
    }),
    { seed: 12, numRuns: 500 },
  );
});

const assessment = assessStudy(
  madeUpStudy({
    rules: [{ name: "adamw" }, { name: "sgd", effect: 0.2 }, { name: "lion" }, { name: "wild", unstable: 1 }],
    tasks: [
      { name: "loss", metric: LOSS },
      { name: "digits", metric: ACCURACY },
    ],
    schedules: ["constant", "cosine"],
    luck: 0.005,
  }),
);
const verdicts = (text: string) => answerClaim(assessment, text).map(({ verdict }) => verdict);

test("answerClaim() reads < and > of the metric's value, better and worse of its direction", () => {
  const supported = ["supported", "supported"]; // at two schedules
  const refuted = ["refuted", "refuted"];
  expect(verdicts("adamw < sgd on loss")).toEqual(supported);
  expect(verdicts("adamw > sgd on loss")).toEqual(refuted);
  expect(verdicts("adamw better than sgd on loss")).toEqual(supported);
  expect(verdicts("sgd better than adamw on loss")).toEqual(refuted);
  expect(verdicts("adamw > sgd on digits")).toEqual(supported);
  expect(verdicts("adamw < sgd on digits")).toEqual(refuted);
  expect(verdicts("sgd worse than adamw on digits")).toEqual(supported);
  expect(verdicts("lion < adamw on loss")).toEqual(["not distinguishable", "not distinguishable"]);
  expect(verdicts("sgd worse than adamw")).toEqual(supported); // over all tasks
  expect(verdicts("adamw better than sgd on all at cosine")).toEqual(["supported"]);
});

test("answerClaim() gives effect, interval, band, p and the seeds that it takes", () => {
  const [answer] = answerClaim(assessment, "sgd > adamw on loss at constant");
  const { difference, sentence, metric } = answer!;
  expect(metric).toBe("test loss, nat");
  expect(difference.mean).toBeCloseTo(0.2, 1);
  expect(difference.interval!.low).toBeGreaterThan(difference.band!);
  expect(difference.p).toBeCloseTo(2 ** -9, 12); // ten seeds, all on one side
  expect(difference.seedsNeeded).toBe(2);
  expect(sentence).toMatch(
    /^sgd is worse than adamw on loss: its test loss is higher by 0\.\d+ \[0\.\d+, 0\.\d+\]; the interval lies outside the A\/A band/,
  );
});

test("answerClaim() says what an undecided claim would take", () => {
  const [answer] = answerClaim(assessment, "lion better than adamw on loss at constant");
  expect(answer!.sentence).toMatch(/^lion and adamw are not distinguishable on loss: /);
  expect(answer!.sentence).toMatch(
    /More seeds would not tell|would need about \d+ seeds|reaches into the A\/A band/,
  );
});

test("answerClaim() decides by ranks where a rule does not finish", () => {
  const [answer] = answerClaim(assessment, "wild worse than adamw on digits at constant");
  expect(answer).toMatchObject({
    verdict: "supported",
    difference: { mean: null, test: "signed-rank", lost: 10 },
  });
});

test("answerClaim() refuses < over all tasks, as it would mean now this and now that", () => {
  expect(() => answerClaim(assessment, "adamw < sgd")).toThrow(
    /write "adamw better than sgd", or name a task/,
  );
});
