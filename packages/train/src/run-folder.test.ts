import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { JsonObject } from "./json.ts";
import { createRun, openRun, RunFolderError, readRun, TAKEN_OVER } from "./run-folder.ts";

const CONFIG = { task: "mnist-mlp", hyper: { lr: 1e-3, beta1: 0.9 }, seed: 1 };
const CANONICAL = '{"hyper":{"beta1":0.9,"lr":0.001},"seed":1,"task":"mnist-mlp"}';
const weights = (value: number) =>
  new Map([["0.weight", { shape: [2], data: Float32Array.of(value, -value) }]]);

let base: string;
let folder: string;
const log = () => join(folder, "run.jsonl");
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "thalweg-run-"));
  folder = join(base, "deep", "run");
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

/** A command line that runs a module's text, which finds this package and the folder in its environment. */
const nodeArguments = (script: string): [string, ...string[]] => [
  process.execPath,
  "--import",
  "tsx",
  "--input-type=module",
  "--eval",
  script,
];
const childEnvironment = () => ({
  ...process.env,
  MODULE: new URL("run-folder.ts", import.meta.url).href,
  FOLDER: folder,
});

/** The error that an action throws, as a RunFolderError. */
function failure(action: () => void): RunFolderError {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(RunFolderError);
    return error as RunFolderError;
  }
  throw new Error("expected an error");
}

describe("createRun()", () => {
  test("writes the canonical configuration, whose sha256 is the id, and the log's header", () => {
    const run = createRun(folder, CONFIG);
    expect(readFileSync(join(folder, "config.json"), "utf8")).toBe(`${CANONICAL}\n`);
    expect(run.id).toBe(createHash("sha256").update(CANONICAL).digest("hex"));
    expect(readFileSync(log(), "utf8")).toBe(`{"format":"thalweg run","version":1,"id":"${run.id}"}\n`);
    expect(readdirSync(folder).sort()).toEqual(["config.json", "run.jsonl"]);
  });

  test("does not depend on the order of keys, and refuses a folder that holds a run", () => {
    const { id } = createRun(folder, { seed: 1, hyper: { beta1: 0.9, lr: 1e-3 }, task: "mnist-mlp" });
    expect(id).toBe(createHash("sha256").update(CANONICAL).digest("hex"));
    expect(() => createRun(folder, CONFIG)).toThrow(`already holds run ${id.slice(0, 12)}`);
  });

  test("begins anew where a run was killed before its configuration was there", () => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(log(), '{"format":"thal');
    expect(readRun(folder)).toBeUndefined();
    createRun(folder, CONFIG).appendLine({ step: 1 });
    expect(readRun(folder)?.lines).toEqual([{ step: 1 }]);
  });
});

describe("appendLine() and readRun()", () => {
  test("write and read the documented text", () => {
    const run = createRun(folder, CONFIG);
    run.appendLine({
      step: 100,
      loss: 0.1 + 0.2,
      tiny: -0,
      bad: Number.NaN,
      worse: [-1 / 0, 1 / 0],
      split: "test",
    });
    run.appendLine({ step: 100, end: "diverged", reason: "loss is\nNaN" });
    expect(readFileSync(log(), "utf8").split("\n").slice(1)).toEqual([
      '{"step":100,"loss":0.30000000000000004,"tiny":-0,"bad":"NaN","worse":["-Infinity","Infinity"],"split":"test"}',
      '{"step":100,"end":"diverged","reason":"loss is\\nNaN"}',
      "",
    ]);
    const { lines, end, partial, id, config } = readRun(folder)!;
    expect(lines).toEqual([
      {
        step: 100,
        loss: 0.30000000000000004,
        tiny: -0,
        bad: Number.NaN,
        worse: [-1 / 0, 1 / 0],
        split: "test",
      },
    ]);
    expect([end?.end, partial, id]).toEqual(["diverged", false, run.id]);
    expect(config).toEqual(CONFIG);
  });

  test("return every number, NaN, infinities and −0 included", () => {
    createRun(folder, CONFIG);
    const words = ["NaN", "Infinity", "-Infinity"];
    const text = fc.string({ unit: "binary" }).filter((s) => !words.includes(s));
    const leaf = fc.oneof(
      fc.double(),
      fc.float(),
      text,
      fc.boolean(),
      fc.constant(null),
      fc.array(fc.double()),
    );
    const line = fc.dictionary(
      text.filter((key) => !["step", "end", "__proto__"].includes(key)),
      leaf,
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 5 }), (lines) => {
        const run = openRun(folder);
        for (const each of lines) run.appendLine(each as JsonObject);
        expect(readRun(folder)?.lines).toEqual(lines);
        rmSync(log());
        openRun(folder);
      }),
      { seed: 754, numRuns: 50 },
    );
  });

  test("readRun() is undefined where there is no run, also below a file", () => {
    writeFileSync(join(base, "file"), "");
    expect(readRun(folder)).toBeUndefined();
    expect(readRun(join(base, "file", "run"))).toBeUndefined();
    expect(() => openRun(folder)).toThrow("it has no config.json: begin one with createRun()");
  });

  test("readRun() takes any prefix of the log for the whole lines in it, and openRun() goes on from there", () => {
    const run = createRun(folder, CONFIG);
    for (const step of [1, 2, 3]) run.appendLine({ step, note: "größer" });
    run.appendLine({ step: 3, end: "finished" });
    const whole = readFileSync(log());
    const header = whole.indexOf(10) + 1;
    for (let n = 0; n <= whole.length; n++) {
      writeFileSync(log(), whole.subarray(0, n));
      const newlines = whole.subarray(0, n).filter((byte) => byte === 10).length;
      const record = readRun(folder)!;
      expect(record.lines.map((line) => line.step)).toEqual([1, 2, 3].slice(0, Math.max(0, newlines - 1)));
      expect(record.end !== undefined).toBe(newlines === 5);
      expect(record.partial).toBe(n > 0 && whole[n - 1] !== 10);
      openRun(folder).appendLine({ step: 9 });
      const after = readRun(folder)!;
      expect(after.partial).toBe(false);
      expect(after.lines.at(-1)).toEqual({ step: 9 });
      if (n >= header) expect(after.lines.length).toBe(newlines);
    }
  });

  test("a line of garbage, as a power cut may leave, ends the log", () => {
    const run = createRun(folder, CONFIG);
    run.appendLine({ step: 1 });
    writeFileSync(log(), "\0\0\0\0\n", { flag: "a" });
    run.appendLine({ step: 2 });
    expect(readRun(folder)?.lines).toEqual([{ step: 1 }]);
    expect(readRun(folder)?.partial).toBe(true);
  });
});

describe("truncateAfter()", () => {
  test("keeps the lines up to the step, and drops the end", () => {
    const run = createRun(folder, CONFIG);
    for (const step of [0, 100, 200, 300]) run.appendLine({ step, loss: step / 7 });
    run.appendLine({ step: 300, end: "interrupted" });
    run.truncateAfter(300);
    expect(run.read().lines.map((line) => line.step)).toEqual([0, 100, 200, 300]);
    expect(run.read().end).toBeUndefined();
    run.truncateAfter(150);
    run.appendLine({ step: 200, loss: 1 });
    expect(run.read().lines).toEqual([
      { step: 0, loss: 0 },
      { step: 100, loss: 100 / 7 },
      { step: 200, loss: 1 },
    ]);
  });
});

describe("writeCheckpoint()", () => {
  test("replaces the checkpoint as a whole and leaves nothing else", () => {
    const run = createRun(folder, CONFIG);
    expect(run.readCheckpoint()).toBeUndefined();
    run.writeCheckpoint(weights(1), { step: "1" });
    run.writeCheckpoint(weights(2), { step: "2" });
    const { tensors, metadata } = run.readCheckpoint()!;
    expect(metadata).toEqual({ step: "2" });
    expect(tensors.get("0.weight")).toEqual({ shape: [2], data: Float32Array.of(2, -2) });
    expect(readdirSync(folder).sort()).toEqual(["checkpoint.safetensors", "config.json", "run.jsonl"]);
  });

  test("a damaged checkpoint is refused by name", () => {
    const run = createRun(folder, CONFIG);
    run.writeCheckpoint(weights(1));
    writeFileSync(join(folder, "checkpoint.safetensors"), "short");
    expect(() => run.readCheckpoint()).toThrow(
      `Cannot read ${join(folder, "checkpoint.safetensors")} as safetensors`,
    );
  });
});

describe("a folder that cannot be written to", () => {
  // Tests may run as root, whom permissions do not stop: so a path below a file, and the kernel's own read-only files.
  test("createRun() says which, why, and what to do", () => {
    writeFileSync(join(base, "file"), "");
    const below = failure(() => createRun(join(base, "file", "run"), CONFIG));
    expect(below.code).toBe("ENOTDIR");
    expect(below.folder).toBe(join(base, "file", "run"));
    expect(below.message).toBe(
      `Cannot create the run in run folder ${join(base, "file", "run")} as part of its path is a file and not a folder (ENOTDIR): nothing was written yet; choose another folder`,
    );
  });

  test.runIf(existsSync("/proc/self"))("createRun() fails with a RunFolderError under /proc", () => {
    expect(failure(() => createRun("/proc/thalweg/run", CONFIG)).message).toContain(
      "Cannot create the run in run folder /proc/thalweg/run as ",
    );
  });

  test.runIf(existsSync("/bin/bash"))(
    "appendLine() without space for all of a line writes none of it",
    () => {
      createRun(folder, CONFIG);
      // A limit of 4 KiB per file stands for a full disk: the system writes what fits, then says EFBIG.
      const script = `
      const { openRun } = await import(process.env.MODULE);
      const run = openRun(process.env.FOLDER);
      for (let step = 1; ; step++) run.appendLine({ step, padding: "x".repeat(1000) });`;
      const { status, stderr } = spawnSync(
        "/bin/bash",
        ["-c", 'ulimit -f 4; exec "$@"', "-", ...nodeArguments(script)],
        {
          env: childEnvironment(),
          encoding: "utf8",
        },
      );
      expect(status).toBe(1);
      expect(stderr).toContain(
        `Cannot append to run.jsonl in run folder ${folder} as the file would exceed the size limit`,
      );
      expect(stderr).toContain(
        "(EFBIG): 3 lines up to step 3 and the last checkpoint, if any, are kept and readable",
      );
      const { lines, partial } = readRun(folder)!;
      expect(lines.map((line) => line.step)).toEqual([1, 2, 3]);
      expect(partial).toBe(false);
    },
  );

  test.runIf(existsSync("/dev/full"))("writeCheckpoint() without space left keeps the one before", () => {
    const run = createRun(folder, CONFIG);
    run.appendLine({ step: 100 });
    run.writeCheckpoint(weights(1), { step: "100" });
    symlinkSync("/dev/full", join(folder, "checkpoint.safetensors.tmp"));
    const error = failure(() => run.writeCheckpoint(weights(2), { step: "200" }));
    expect(error.code).toBe("ENOSPC");
    expect(error.message).toBe(
      `Cannot write checkpoint.safetensors in run folder ${folder} as no space is left on the device (ENOSPC): 1 lines up to step 100 and the last checkpoint, if any, are kept and readable; free some space and resume, or choose a folder on another disk`,
    );
    expect(run.readCheckpoint()?.metadata).toEqual({ step: "100" });
    expect(run.read().lines).toEqual([{ step: 100 }]);
    run.writeCheckpoint(weights(3), { step: "300" });
    expect(run.readCheckpoint()?.metadata).toEqual({ step: "300" });
  });
});

describe("a writer killed with SIGKILL", () => {
  /**
   * Append lines and checkpoints as fast as it goes, a few thousand at most; the checkpoint says at which step it was
   * made. Then wait for the kill.
   */
  const WRITER = `
    const { openRun } = await import(process.env.MODULE);
    const run = openRun(process.env.FOLDER);
    const first = run.read().lines.length + 1;
    for (let step = first; step < first + 1500; step++) {
      run.appendLine({ step, loss: 1 / step, padding: "x".repeat(1000) });
      if (step % 3 === 0) {
        const data = new Float32Array(20_000).fill(step);
        run.writeCheckpoint(new Map([["w", { shape: [20_000], data }]]), { step: String(step) });
      }
      if (step % 10 === 0) process.stdout.write(".");
    }
    setInterval(() => {}, 1000);`;

  test("leaves whole lines and a whole checkpoint, and the next writer goes on", async () => {
    createRun(folder, CONFIG);
    for (let round = 1; round <= 4; round++) {
      const [node, ...args] = nodeArguments(WRITER);
      const child = spawn(node, args, { env: childEnvironment(), stdio: ["ignore", "pipe", "inherit"] });
      await new Promise((resolve) => child.stdout.once("data", resolve)); // it has written ten lines by now
      for (let i = 0; i < 20 * round; i++) expect(readRun(folder)).toBeDefined(); // reading while it writes
      child.kill("SIGKILL");
      await new Promise((resolve) => child.once("close", resolve));

      const { lines } = readRun(folder)!;
      expect(lines.map((line) => line.step)).toEqual(lines.map((_, i) => i + 1));
      const { tensors, metadata } = openRun(folder).readCheckpoint()!;
      const step = Number(metadata.step);
      expect(step).toBeLessThanOrEqual(lines.length);
      expect(tensors.get("w")?.data).toEqual(new Float32Array(20_000).fill(step));

      const run = openRun(folder);
      run.truncateAfter(step);
      expect(run.read().lines.length).toBe(step);
      expect(run.read().partial).toBe(false);
    }
  });
});

describe("a fence", () => {
  /** Writers of one folder: the latest that was let in holds it. */
  const writers = () => {
    let latest = -1;
    return () => {
      const attempt = ++latest;
      return { attempt, holds: () => attempt === latest };
    };
  };
  test("keeps the writer out that a run was taken from, and nothing that it does is seen", () => {
    const next = writers();
    const first = createRun(folder, CONFIG, next());
    first.appendLine({ step: 0 });
    first.writeCheckpoint(weights(1));
    const second = openRun(folder, next());
    const before = readFileSync(log());
    for (const write of [
      () => first.appendLine({ step: 1 }),
      () => first.writeCheckpoint(weights(9)),
      () => first.truncateAfter(-1),
    ]) {
      const error = failure(write);
      expect(error.code).toBe(TAKEN_OVER);
      expect(error.message).toContain("another has taken it over and goes on with it");
    }
    expect(readFileSync(log())).toEqual(before);
    second.appendLine({ step: 1 });
    second.writeCheckpoint(weights(2));
    expect(openRun(folder).readCheckpoint()!.tensors.get("0.weight")!.data).toEqual(Float32Array.of(2, -2));
    expect(readdirSync(folder).sort()).toEqual(["checkpoint.safetensors", "config.json", "run.jsonl"]);
  });

  test("keeps a checkpoint out that was being written when the run was taken over", () => {
    createRun(folder, CONFIG).writeCheckpoint(weights(1));
    const answers = [true, false]; // before it is written, and before it is put in its place
    const opened = openRun(folder, { attempt: 0, holds: () => answers.shift() ?? true });
    answers.splice(0, answers.length, true, false); // opening asks, too
    const error = failure(() => opened.writeCheckpoint(weights(9)));
    expect(error.code).toBe(TAKEN_OVER);
    expect(openRun(folder).readCheckpoint()!.tensors.get("0.weight")!.data).toEqual(Float32Array.of(1, -1));
    expect(readdirSync(folder).sort()).toEqual(["checkpoint.safetensors", "config.json", "run.jsonl"]);
  });

  test("refuses to begin a run that is somebody else's", () => {
    const error = failure(() => createRun(folder, CONFIG, { attempt: 0, holds: () => false }));
    expect(error.code).toBe(TAKEN_OVER);
    expect(existsSync(folder)).toBe(false);
  });
});
