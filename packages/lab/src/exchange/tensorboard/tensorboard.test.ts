import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRun } from "@thalweg/train";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, test } from "vitest";
import { configurationHash, type RecordedRun } from "../recorded-run.ts";
import { anyRun } from "../testing.ts";
import { scalarRecord, sessionEnd, sessionStart, versionRecord } from "./events.ts";
import { LiveEvents } from "./live.ts";
import { readEventLog, readTensorboard } from "./read.ts";
import { crc32c, frame, unframe } from "./records.ts";
import { measureOf, tagOf } from "./tags.ts";
import { eventsOf, RunEvents, writeTensorboard } from "./write.ts";

const FIXTURES = new URL("../../../fixtures/tensorboard/", import.meta.url);
const records = JSON.parse(readFileSync(new URL("records.json", FIXTURES), "utf8")) as Record<string, string>;
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const START = 1.7e9;

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "thalweg-events-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("crc32c() gives the check value of its definition", () => {
  expect(crc32c(Buffer.from("123456789"))).toBe(0xe3069283);
});

describe("records", () => {
  it("are TensorBoard's own, byte for byte", () => {
    const at = { step: 7, wallTime: START + 1 };
    expect(hex(versionRecord(START))).toBe(records.version);
    expect(hex(scalarRecord("train/loss", 0.5, { ...at, form: "simple" }))).toBe(records.simple);
    expect(hex(scalarRecord("train/loss", 0.5, { ...at, form: "tensor" }))).toBe(records.tensor);
    const session = { hyper: { lr: 0.25 }, group: "group", startedAt: START };
    expect(hex(sessionStart(session, START + 2))).toBe(records.sessionStart);
    expect(hex(sessionEnd("success", START + 2))).toBe(records.sessionEnd);
  });

  it("are the published vectors, and that of a writer who orders fields in another way is read", () => {
    const version = "1800000000000000a37f4b220900000040fc54d9411a0d627261696e2e4576656e743a32eced8f9d";
    const simple =
      "200000000000000029eda9500900004040fc54d94110072a130a110a0a747261696e2f6c6f7373150000003f5469987d";
    const tensor =
      "36000000000000004f578cef0900004040fc54d94110072a290a270a0a747261696e2f6c6f73734a0d0a090a077363616c6172732001420a080112002a040000003fc686ba97";
    expect([records.version, records.simple]).toEqual([version, simple]);
    writeFileSync(join(folder, "tfevents.1"), Buffer.from(version + tensor, "hex"));
    expect([...readEventLog(folder).scalars]).toEqual([["train/loss", new Map([[7, 0.5]])]]);
  });

  it("come back from their frames; half a last one does not count", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1 }), fc.nat(), (datas, cut) => {
        const bytes = Buffer.concat(datas.map(frame));
        expect(unframe(bytes, "file").map(hex)).toEqual(datas.map(hex));
        const half = bytes.subarray(0, bytes.length - 1 - (cut % (datas.at(-1)!.length + 15)));
        expect(unframe(half, "file").map(hex)).toEqual(datas.slice(0, -1).map(hex));
      }),
    );
  });

  it("are refused where a checksum is wrong, with the place", () => {
    const bytes = Buffer.concat([frame(Buffer.from("one")), frame(Buffer.from("two"))]);
    bytes[19 + 13]! ^= 1;
    expect(() => unframe(bytes, "x.tfevents")).toThrow(
      "Cannot read x.tfevents as the checksum of record 1's data must fit: it does not, at byte 34",
    );
    expect(() => unframe(Buffer.alloc(40, 7), "x.tfevents")).toThrow(
      /record 0's length .* none of TensorFlow's/,
    );
  });
});

test("readTensorboard() reads what other writers make: both forms, bytes, float64, a step written again", () => {
  writeFileSync(
    join(folder, "events.out.tfevents.1700000000.made.0"),
    readFileSync(new URL("events.out.tfevents.1700000000.made.0", FIXTURES)),
  );
  expect(readTensorboard(folder)).toMatchObject([
    {
      rule: "adamw",
      batchSize: 64,
      hyper: { lr: 0.25, nesterov: true },
      steps: 10,
      end: "finished",
      startedAt: START,
      evaluations: [
        { step: 0, seconds: 0, measures: { trainLoss: 2.5, validationLoss: 2.25 } },
        { step: 10, seconds: 4, measures: { trainLoss: 1.5, validationLoss: 0.1 } },
      ],
    },
  ]);
});

test("writeTensorboard() and readTensorboard() carry runs there and back, in float32", () => {
  const rounded = ({ evaluations, ...run }: RecordedRun) => ({
    ...run,
    name: expect.any(String),
    evaluations: evaluations.map(({ step, seconds, measures }) => ({
      ...{ step, seconds },
      measures: Object.fromEntries(
        Object.entries(measures).map(([name, value]) => [name, Math.fround(value)]),
      ),
    })),
  });
  fc.assert(
    fc.property(anyRun, fc.constantFrom("simple" as const, "tensor" as const), (run, form) => {
      const place = mkdtempSync(join(folder, "run-"));
      writeTensorboard([run], place, form);
      expect(readTensorboard(place)).toEqual([rounded(run)]);
    }),
    { numRuns: 50 },
  );
});

test("tagOf() groups measures by split, and measureOf() takes them back", () => {
  for (const measure of ["trainLoss", "validationAccuracy", "testError", "sharpness"]) {
    expect(measureOf(tagOf(measure))).toBe(measure);
  }
  expect(["validationLoss", "sharpness", "test"].map(tagOf)).toEqual([
    "validation/loss",
    "sharpness",
    "test",
  ]);
  expect(["val_loss", "eval/accuracy", "training/loss"].map(measureOf)).toEqual([
    "validationLoss",
    "validationAccuracy",
    "trainLoss",
  ]);
});

describe("RunEvents", () => {
  const [run] = fc.sample(anyRun, { numRuns: 1, seed: 3 }) as [RecordedRun];
  const evaluation = (i: number) => {
    const { step, seconds, measures } = run.evaluations[i]!;
    return { step, seconds, gradients: step, trainLoss: Number.NaN, ...measures };
  };

  it("gives the same file as one written at the end, whether or not the run was interrupted", () => {
    const events = new RunEvents(folder, { ...run, evaluations: [], end: "running" });
    run.evaluations.forEach((_, i) => {
      events.evaluation(evaluation(i));
    });
    const [name] = readdirSync(folder);
    const resumed = new RunEvents(folder, { ...run, end: "running" }); // goes on from a checkpoint before the last evaluation
    resumed.evaluation(evaluation(run.evaluations.length - 1));
    resumed.end("finished");
    expect(readdirSync(folder)).toEqual([name]);
    expect(hex(readFileSync(join(folder, name!)))).toBe(hex(eventsOf(run)));
  });

  it("puts the seeds of a configuration into one group", () => {
    const [a, b] = [run, { ...run, seed: run.seed + 1 }];
    expect(configurationHash(a)).toBe(configurationHash(b));
    expect(configurationHash(a)).not.toBe(configurationHash({ ...run, hyper: { lr: 2 } }));
  });
});

describe("LiveEvents", () => {
  it("writes beside a run, and only warns where it cannot", async () => {
    const run = createRun(join(folder, "run"), {
      kind: "training",
      task: "t",
      rule: "sgd",
      steps: 2,
      seed: 1,
      hyper: { lr: 0.1 },
    });
    const events = new LiveEvents(run.folder);
    for (const step of [0, 1, 2]) {
      const line = { step, gradients: step, seconds: step, trainLoss: 3 - step };
      run.appendLine(line);
      events.evaluation(line);
    }
    events.end("finished");
    expect(readTensorboard(run.folder)).toMatchObject([
      {
        rule: "sgd",
        end: "finished",
        evaluations: [{ step: 0 }, { step: 1 }, { step: 2, measures: { trainLoss: 1 } }],
      },
    ]);
    const warned = new Promise<Error>((resolve) => process.once("warning", resolve));
    const broken = new LiveEvents(run.folder);
    rmSync(join(run.folder, "config.json"));
    mkdirSync(join(run.folder, "config.json")); // reading it fails from here on
    broken.evaluation({ step: 0, gradients: 0, seconds: 0, trainLoss: 1 });
    broken.end("finished");
    expect((await warned).message).toMatch(
      /Cannot write the TensorBoard event file in .* training goes on without/,
    );
  });
});
