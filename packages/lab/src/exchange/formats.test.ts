/** DeepOBS, AlgoPerf and CSV: names and columns as published, and runs that go there and come back. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { algoperfCsv, parseAlgoperf, readAlgoperf, writeAlgoperf } from "./algoperf.ts";
import { parseRunsCsv, readCsv, runsCsv, writeCsv } from "./csv.ts";
import {
  deepobsJson,
  deepobsNumber,
  deepobsPath,
  parseDeepobs,
  readDeepobs,
  writeDeepobs,
} from "./deepobs.ts";
import { parseJournal } from "./optuna/journal.ts";
import type { RecordedRun } from "./recorded-run.ts";
import { readEventLog } from "./tensorboard/read.ts";
import { frame } from "./tensorboard/records.ts";
import { anyRun } from "./testing.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "thalweg-formats-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const [run] = fc.sample(anyRun, { numRuns: 1, seed: 2 }) as [RecordedRun];
const epochs = (count: number) =>
  Array.from({ length: count + 1 }, (_, epoch) => ({
    step: 7 * epoch,
    seconds: 0,
    measures: { testLoss: 1 / (epoch + 1) },
  }));

describe("DeepOBS", () => {
  it("has the published names", () => {
    // paths of SirRob1997/Crowded-Valley---Results
    const adam: RecordedRun = {
      ...run,
      ...{
        task: "quadratic_deep",
        rule: "AdamOptimizer",
        batchSize: 128,
        seed: 42,
        evaluations: epochs(100),
      },
      hyper: { lr: 0.001, beta1: 0.9, beta2: 0.999, eps: 1e-8, use_locking: false },
      startedAt: Date.UTC(2019, 11, 2, 20, 57, 42) / 1000,
    };
    expect(deepobsPath(adam)).toBe(
      "quadratic_deep/AdamOptimizer/num_epochs__100__batch_size__128__beta1__9.e-01__beta2__9.99e-01__epsilon__1.e-08__learning_rate__1.e-03__use_locking__False/random_seed__42__2019-12-02-20-57-42.json",
    );
    const hyper = {
      ...{ amsbound: true, beta1: 0.6231352285, beta2: 0.81981660247, eps: 1e-8, final_lr: 0.26215033588 },
      ...{ gamma: 0.00048284249748, lr: 0.16973078532, use_locking: false },
    };
    const bound = {
      ...adam,
      task: "cifar100_allcnnc",
      rule: "AMSBoundOptimizer",
      batchSize: 256,
      hyper,
      evaluations: epochs(350),
    };
    expect(deepobsPath(bound).split("/")[2]).toBe(
      "num_epochs__350__batch_size__256__amsbound__True__beta1__6.231352285e-01__beta2__8.1981660247e-01__epsilon__1.e-08__final_lr__2.6215033588e-01__gamma__4.8284249748e-04__learning_rate__1.6973078532e-01__use_locking__False",
    );
  });

  it("writes numbers as Python's '%.10e' without trailing zeros", () => {
    // python3: f"{x:.10e}" of each, zeros stripped from the mantissa
    const shown = [0.1, 0, 1, 123456, 1e-100, 1.5375920235e-2, 2 / 3].map(deepobsNumber);
    expect(shown).toEqual([
      "1.e-01",
      "0.e+00",
      "1.e+00",
      "1.23456e+05",
      "1.e-100",
      "1.5375920235e-02",
      "6.6666666667e-01",
    ]);
  });

  it("reads a published run", () => {
    // the head and the first and last values of quadratic_deep, Adam, seed 42; two epochs of its hundred
    const text = JSON.stringify({
      ...{ testproblem: "quadratic_deep", batch_size: 128, num_epochs: 2, random_seed: 42, l2_reg: null },
      optimizer_name: "AdamOptimizer",
      optimizer_hyperparams: {
        learning_rate: 0.001,
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        use_locking: false,
      },
      training_params: { lr_sched_epochs: [], lr_sched_factors: [] },
      train_losses: [355.276114327567, 346.92501395089283, 104.89240264892578],
      valid_losses: [353.8127659388951, 345.52195957728793, 105.437253679548],
      test_losses: [353.44676426478793, 345.18416922433033, 106.67581939697266],
      minibatch_train_losses: [356.2290344238281, 356.2290344238281],
    });
    const path = "none/quadratic_deep/AdamOptimizer/x/random_seed__42__2019-12-02-20-57-42.json";
    expect(parseDeepobs(text, path)).toMatchObject({
      ...{
        task: "quadratic_deep",
        rule: "AdamOptimizer",
        schedule: "constant",
        batchSize: 128,
        steps: 14,
        seed: 42,
      },
      hyper: { lr: 0.001, beta1: 0.9, beta2: 0.999, eps: 1e-8, use_locking: false },
      end: "finished",
      startedAt: Date.UTC(2019, 11, 2, 20, 57, 42) / 1000,
      evaluations: [
        {
          step: 0,
          measures: {
            trainLoss: 355.276114327567,
            validationLoss: 353.8127659388951,
            testLoss: 353.44676426478793,
          },
        },
        { step: 7 },
        { step: 14, measures: { testLoss: 106.67581939697266 } },
      ],
    });
    expect(parseDeepobs(text, path.replace("none", "ltr")).schedule).toBe("trapezoid");
  });

  it("reads what Python writes for what is not finite, as a run that diverged", () => {
    const python = deepobsJson(run).replace(/"test_losses": \[\s*[\d.e+-]+/, '"test_losses": [\n        NaN');
    expect(python).toMatch(/\[\s*NaN/);
    expect(parseDeepobs(python, "x.json").evaluations[0]!.measures.testLoss).toBeNaN();
    const last = { ...run.evaluations.at(-1)!, measures: { testLoss: Number.POSITIVE_INFINITY } };
    const diverged = { ...run, evaluations: [{ step: 0, seconds: 0, measures: { testLoss: 1 } }, last] };
    expect(deepobsJson(diverged)).toContain("Infinity\n");
    expect(parseDeepobs(deepobsJson(diverged), "x.json")).toMatchObject({
      end: "diverged",
      evaluations: [{}, { measures: { testLoss: Number.POSITIVE_INFINITY } }],
    });
  });

  it("says what a file lacks", () => {
    expect(() => parseDeepobs("{}", "a.json")).toThrow(
      "Cannot read a.json as DeepOBS's output as testproblem does not fit",
    );
    expect(() => parseDeepobs("[1,", "a.json")).toThrow("Cannot read a.json as it must be JSON");
    const wrong = deepobsJson(run).replace(/"test_losses": \[[^\]]*\]/, '"test_losses": "none"');
    expect(() => parseDeepobs(wrong, "a.json")).toThrow(
      'test_losses must be a list of numbers: it begins "none"',
    );
  });

  it("carries runs there and back", () => {
    fc.assert(
      fc.property(anyRun, (any) => {
        const place = mkdtempSync(join(folder, "deepobs-"));
        const [path] = writeDeepobs([any], place);
        const name = relative(place, path!);
        const evaluations = any.evaluations.map((one) => ({ ...one, seconds: 0 })); // it knows no times
        expect(readDeepobs(place)).toEqual([{ ...any, name, evaluations }]);
      }),
      { numRuns: 50 },
    );
  });
});

describe("AlgoPerf", () => {
  it("reads a published file: the first and third lines of a run of OGBG", () => {
    const text = `accumulated_eval_time,accumulated_logging_time,accumulated_submission_time,global_step,preemption_count,score,test/accuracy,test/loss,test/mean_average_precision,test/num_examples,total_duration,train/accuracy,train/loss,train/mean_average_precision,validation/accuracy,validation/loss,validation/mean_average_precision,validation/num_examples
80.7018871307373,0.0,27.189526081085205,1,0,27.189526081085205,0.4293198336644938,0.7726194452001661,0.0257220047936941,43793,108.31112122535706,0.426276677268574,0.7770836334229447,0.0213845900783115,0.4285653976924001,0.7726583024560059,0.0242800297084239,43793
141.24819707870483,0.099015474319458,929.556051492691,3894,0,929.556051492691,0.9844525828413656,0.0528670044795108,0.1693158058891372,43793,1074.0083639621737,0.9884640831646496,0.0405599895111936,0.1974156183384453,0.9853643903500368,0.0502819437757965,0.1648096332909125,43793
`;
    const read = parseAlgoperf(text, "x.csv");
    expect(read).toMatchObject([
      { step: 1, seconds: 27.189526081085205 },
      {
        step: 3894,
        seconds: 929.556051492691,
        measures: { validationLoss: 0.0502819437757965, testMean_average_precision: 0.1693158058891372 },
      },
    ]);
    const again = algoperfCsv({ ...run, evaluations: read })
      .split("\n")[0]!
      .split(",");
    const theirs = text.split("\n")[0]!.split(",");
    expect(again).toEqual(theirs.filter((column) => !/num_examples|eval_time|logging_time/.test(column)));
  });

  it("names file, line and column of what is no number", () => {
    expect(() => parseAlgoperf("global_step,accumulated_submission_time\n1,x\n", "a.csv")).toThrow(
      "Cannot read a.csv at line 2 as accumulated_submission_time must be a number: current value is x",
    );
    expect(() => parseAlgoperf("global_step\n1\n", "a.csv")).toThrow(
      "must have a column accumulated_submission_time",
    );
  });

  it("carries runs there and back, in its folders", () => {
    fc.assert(
      fc.property(anyRun, (any) => {
        const place = mkdtempSync(join(folder, "algoperf-"));
        const [path] = writeAlgoperf(
          [{ ...any, place: { replicate: 1, phase: "tuning", number: 0 } }],
          place,
        );
        const name = `${any.rule}/study_1/mnist_mlp/trial_1`;
        expect(relative(place, path!)).toBe(`${name}/eval_measurements.csv`);
        expect(readAlgoperf(place)).toEqual([
          { ...any, name, startedAt: 0, place: { replicate: 1, phase: "tuning", number: 0 } },
        ]);
      }),
      { numRuns: 30 },
    );
  });
});

describe("CSV", () => {
  it("carries runs there and back, commas, quotes and all", () => {
    const place = { replicate: 0, phase: "final" as const, number: 3 };
    fc.assert(
      fc.property(fc.array(anyRun, { minLength: 1, maxLength: 4 }), fc.string(), (any, text) => {
        const runs = any.map((one, i) => ({
          ...one,
          name: `run ${i}`,
          rule: `a,b "c" ${i}`,
          place,
          hyper: { ...one.hyper, nesterov: true, mode: `x${text}` },
        }));
        expect(parseRunsCsv(runsCsv(runs), "x.csv")).toEqual(runs);
      }),
      { numRuns: 50 },
    );
    writeCsv([run], folder);
    expect(readCsv(folder)).toEqual([run]);
    expect(readFileSync(join(folder, "evaluations.csv"), "utf8")).toMatch(
      /^name,task,rule,.*,hyper\.lr,step,seconds,trainLoss,/,
    );
  });

  it("says which column is missing", () => {
    writeFileSync(join(folder, "evaluations.csv"), "name,loss\na,1\n");
    expect(() => readCsv(folder)).toThrow("must have a column step: there are name, loss");
  });
});

describe("readers", () => {
  const journal = readFileSync(new URL("../../fixtures/optuna/journal.log", import.meta.url), "utf8");
  const events = readFileSync(
    new URL("../../fixtures/tensorboard/events.out.tfevents.1700000000.made.0", import.meta.url),
  );
  const texts = {
    deepobs: [deepobsJson(run), (text: string) => parseDeepobs(text, "file")],
    algoperf: [algoperfCsv(run), (text: string) => parseAlgoperf(text, "file")],
    csv: [runsCsv([run]), (text: string) => parseRunsCsv(text, "file")],
    optuna: [journal, (text: string) => parseJournal(text, "file")],
  } as const;
  const damage = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.nat(30),
    by: fc.string({ maxLength: 12 }),
  });

  it.each(Object.entries(texts))("of %s take a damaged file, or refuse it by name", (_, [text, read]) => {
    fc.assert(
      fc.property(damage, ({ at, length, by }) => {
        const place = Math.floor(at * text.length);
        refusedByName(() => read(text.slice(0, place) + by + text.slice(place + length)));
      }),
      { numRuns: 300 },
    );
  });

  it("of event files too, also where checksums fit what is no event", () => {
    const path = join(folder, "x.tfevents");
    const readAs = (bytes: Uint8Array) => {
      writeFileSync(path, bytes);
      refusedByName(() => readEventLog(folder));
    };
    fc.assert(
      fc.property(
        fc.nat(events.length - 1),
        fc.integer({ min: 1, max: 255 }),
        fc.uint8Array({ maxLength: 40 }),
        (at, flip, any) => {
          readAs(events.map((byte, i) => (i === at ? byte ^ flip : byte)));
          readAs(frame(any));
        },
      ),
      { numRuns: 200 },
    );
  });
});

/** Either it works, or the message is for people. */
function refusedByName(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(RangeError);
    expect((error as Error).message).toMatch(/^Cannot read .*(file|tfevents)/);
  }
}
