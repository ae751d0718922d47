import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, test } from "vitest";
import type { RecordedRun } from "../recorded-run.ts";
import { anyRun } from "../testing.ts";
import { journalText, type OptunaStudy, parseJournal } from "./journal.ts";
import { optunaStudies, readOptuna, writeOptuna } from "./runs.ts";

const FIXTURES = new URL("../../../fixtures/optuna/", import.meta.url);
const journal = readFileSync(new URL("journal.log", FIXTURES), "utf8");

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "thalweg-optuna-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("parseJournal()", () => {
  it("reads in Optuna's file what Optuna reads in it", () => {
    const expected = JSON.parse(readFileSync(new URL("journal.json", FIXTURES), "utf8"));
    const shown = parseJournal(journal, "journal.log").map(({ name, direction, trials }) => ({
      name,
      direction: direction.toUpperCase(),
      trials: trials.map(({ state, value, parameters, intermediate, attributes }, number) => ({
        number,
        state,
        value: value ?? null,
        params: parameters,
        intermediate: Object.fromEntries(intermediate),
        seed: attributes.seed ?? null,
      })),
    }));
    expect(shown).toEqual(expected);
  });

  it("does not count half a last line, and says which line is wrong", () => {
    const names = (text: string) => parseJournal(text, "x").map(({ name }) => name);
    expect(names(journal)).toEqual(["losses", "scores"]);
    expect(names(journal.slice(0, -1))).toEqual(["losses", "scores", "gone"]); // the last line deletes it
    expect(() => parseJournal(`${journal}nonsense\n`, "x.log")).toThrow(
      `Cannot read x.log at line ${journal.split("\n").length} as it must be JSON`,
    );
    expect(() => parseJournal('{"op_code":77}\n', "x.log")).toThrow(
      "at line 1 as op_code must be from 0 to 9: current value is 77",
    );
    expect(() =>
      parseJournal('{"op_code":7,"trial_id":3,"step":1,"intermediate_value":1}\n', "x.log"),
    ).toThrow("there is no trial 3");
  });
});

test("journalText() writes the operations that Optuna writes", () => {
  // everything that Optuna's own file says of what remains, in its words, but for who wrote it and the times' digits
  const comparable = (text: string) =>
    text
      .trimEnd()
      .split("\n")
      .map((line) => {
        const {
          worker_id: _,
          datetime_start: __,
          datetime_complete: ___,
          distribution,
          ...rest
        } = JSON.parse(line);
        return { ...rest, ...(distribution && { distribution: JSON.parse(distribution) }) };
      });
  const kept = journal.split("\n").slice(0, -3).join("\n");
  // Optuna notes attributes after parameters, as we do; a choice that is None has no counterpart here and is left out of the comparison
  const without = (lines: ReturnType<typeof comparable>) =>
    lines.filter(({ param_name }) => param_name !== "optimizer");
  const again = journalText(parseJournal(`${kept}\n`, "journal.log"));
  expect(without(comparable(again))).toEqual(without(comparable(kept)));
  expect(again).toMatch(/"datetime_start":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00"/);
});

test("writeOptuna() and readOptuna() carry a search there and back", () => {
  fc.assert(
    fc.property(fc.array(anyRun, { minLength: 1, maxLength: 5 }), (any) => {
      const place = mkdtempSync(join(folder, "study-"));
      const [first] = any as [RecordedRun, ...RecordedRun[]];
      const runs = any.map((run, number) => ({
        ...run,
        rule: "adamw",
        steps: first.steps,
        place: { replicate: 1, phase: "tuning" as const, number },
      }));
      const space = { adamw: { lr: { low: 1e-5, high: 1, log: true } } };
      writeOptuna(runs, place, space);
      const read = readOptuna(place);
      expect(read.spaces).toEqual(space);
      expect(read.runs).toMatchObject(
        runs.map(({ task, rule, hyper, seed, place: at, evaluations }) => ({
          ...{ task, rule, hyper, seed, place: at, end: "finished" },
          evaluations: evaluations.map(({ step, measures }) => ({
            step,
            measures: { validationLoss: measures.validationLoss },
          })),
        })),
      );
      expect(() => writeOptuna(runs, place)).toThrow(/is there already/);
    }),
    { numRuns: 30 },
  );
});

describe("optunaStudies()", () => {
  const [run] = fc.sample(anyRun, { numRuns: 1, seed: 5 }) as [RecordedRun];
  const ending = (value: number, more: Partial<RecordedRun> = {}): RecordedRun => ({
    ...run,
    evaluations: [{ step: 10, seconds: 1, measures: { validationLoss: value } }],
    ...more,
  });
  const trials = (...runs: RecordedRun[]) =>
    optunaStudies(runs).flatMap((study: OptunaStudy) => study.trials);

  it("takes the mean over tuning seeds", () => {
    const place = { replicate: 0, phase: "tuning" as const, number: 0 };
    expect(trials(ending(1, { place }), ending(4, { place, seed: 7 }))).toMatchObject([
      { value: 2.5, attributes: { seeds: [run.seed, 7] } },
    ]);
  });

  it("makes what diverged a failure, and widens a range to the rule's own value", () => {
    const [failed, low] = trials(ending(Number.NaN, { end: "diverged" }), ending(1));
    expect(failed).toMatchObject({ state: "FAIL", value: undefined });
    expect(low).toMatchObject({ state: "COMPLETE", value: 1 });
    const space = { [run.rule]: { lr: { low: 2, high: 3, log: true } } };
    expect(optunaStudies([run], space)[0]!.trials[0]!.dimensions.lr).toEqual({
      low: run.hyper.lr,
      high: 3,
      log: true,
    });
  });

  it("keeps replicates and settings apart, and leaves final runs out", () => {
    const at = (replicate: number, phase: "tuning" | "final") =>
      ending(1, { place: { replicate, phase, number: 0 } });
    expect(
      optunaStudies([at(0, "tuning"), at(1, "tuning"), at(0, "final")]).map(({ name }) => name.at(-1)),
    ).toEqual(["A", "B"]);
  });
});
