/** Same numbers, whatever happens: any number of workers, kill -9, Ctrl-C, a full disk. */
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { assess } from "../report/assess.ts";
import { tasks } from "../tasks/index.ts";
import { loadTask } from "../tasks/load.ts";
import { compare } from "./compare.ts";
import { runsIn, start, timeless, until } from "./testing.ts";

const root = mkdtempSync(join(tmpdir(), "thalweg-undisturbed-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const STUDY = { rules: ["sgd", "adamw"], budget: 2, seeds: 2, steps: 900, schedule: "cosine" };
const RUNS = 8;
const words = (out: string, ...more: string[]) => [
  ..."compare digits-mlp --rules sgd,adamw --budget 2 --seeds 2 --steps 900 --schedule cosine".split(" "),
  ...["--workers", "2", "--out", out, ...more],
];
const result = (folder: string) =>
  timeless(JSON.parse(readFileSync(join(folder, "comparison.json"), "utf8")));

/** The same comparison in this process, in one worker, left alone. */
let undisturbed: unknown;
const inProcess = async (workers: number) => {
  const digits = await loadTask(tasks["digits-mlp"]!, { say() {} });
  const folder = join(root, `workers-${workers}`);
  return timeless(assess(await compare({ ...digits, ...STUDY, folder, workers })));
};
beforeAll(async () => {
  undisturbed = await inProcess(1);
});

/** When a run's files were last written, for the runs that have ended. */
const stamps = (folder: string) =>
  new Map(
    runsIn(folder)
      .filter(({ end }) => end !== undefined)
      .map(({ folder: at }) => [
        at,
        ["run.jsonl", "checkpoint.safetensors"].map((name) => statSync(join(at, name)).mtimeMs),
      ]),
  );

test.each([2, 3])("compare() gives the same digits with %i workers as with one", async (workers) => {
  expect(await inProcess(workers)).toEqual(undisturbed);
});

test("compare continues after kill -9 at several moments: same digits, no ended run trained again", async () => {
  const folder = join(root, "killed");
  /** How many runs are there, and how many of them have ended, when the process is killed. */
  const moments: [begun: number, ended: number][] = [
    [1, 0],
    [3, 3],
    [6, 5],
  ];
  for (const [begun, ended] of moments) {
    const before = stamps(folder);
    const child = start(words(folder));
    await until(() => {
      const runs = runsIn(folder);
      return runs.length >= begun && runs.filter(({ end }) => end).length >= ended;
    }, `${begun} runs begun and ${ended} ended; stderr: ${child.err()}`);
    child.process.kill("SIGKILL");
    expect(await child.ended).toMatchObject({ code: null, signal: "SIGKILL" });
    expect(existsSync(join(folder, "comparison.json"))).toBe(false);
    const after = stamps(folder);
    for (const [run, times] of before) expect(after.get(run)).toEqual(times);
  }
  // a power cut: half of a last line, and the same in a run that has ended
  const [one, two] = [...stamps(folder).keys()];
  truncateSync(join(one!, "run.jsonl"), statSync(join(one!, "run.jsonl")).size - 7);
  writeFileSync(join(two!, "run.jsonl"), `${readFileSync(join(two!, "run.jsonl"), "utf8")}{"step":9`);

  const before = stamps(folder);
  expect(before.size).toBeGreaterThanOrEqual(4);
  const { code, err } = await start(words(folder)).ended;
  expect(err).toMatch(/found from before/);
  expect(code).toBe(0);
  expect(result(folder)).toEqual(undisturbed);
  const after = stamps(folder);
  expect(after.size).toBe(RUNS);
  before.delete(two!); // its half line was cut off
  for (const [run, times] of before) expect(after.get(run)).toEqual(times);
});

test("compare ends cleanly at Ctrl-C: checkpoints, exit 1, what is kept and how to go on; and then goes on", async () => {
  const folder = join(root, "interrupted");
  const child = start(words(folder));
  const halfDone = () => runsIn(folder).filter(({ end, lines }) => end === undefined && lines.length >= 2);
  await until(() => halfDone().length > 0, "a run under way");
  child.process.kill("SIGINT");
  const { code, err, out } = await child.ended;
  expect({ code, out }).toEqual({ code: 1, out: "" });
  expect(err).toContain("Stopping after the steps at hand; Ctrl-C again ends at once.");
  expect(err).toContain(
    `Interrupted: finished runs and checkpoints are kept in ${folder}. To go on, run the same command again.`,
  );
  expect(err).not.toMatch(/^\s+at /m);
  for (const { folder: at, end } of runsIn(folder))
    if (end === undefined) expect(existsSync(join(at, "checkpoint.safetensors"))).toBe(true);

  const resumed = await start(words(folder)).ended;
  expect(resumed.code).toBe(0);
  expect(result(folder)).toEqual(undisturbed);
});

describe("on a disk that fills up", () => {
  const disk = join(root, "disk");
  mkdirSync(disk);
  const mount = (...options: string[]) => spawnSync("mount", [...options, disk], { encoding: "utf8" });
  const mounted = mount("-t", "tmpfs", "-o", "size=256k", "tmpfs");
  const reason = mounted.error?.message ?? mounted.stderr;
  if (mounted.status !== 0) console.warn(`Not tested: a full disk, as a small one needs root: ${reason}`);
  afterAll(() => {
    if (mounted.status === 0) spawnSync("umount", [disk]);
  });

  test.runIf(mounted.status === 0)(
    "compare says so, exit 1; runs stay readable and are found later",
    async () => {
      const folder = join(disk, "comparison");
      const full = await start(words(folder)).ended;
      expect(full.code).toBe(1);
      expect(full.out).toBe("");
      expect(full.err).toMatch(/^Cannot .* as no space is left on the device \(ENOSPC\)/m);
      expect(full.err).not.toMatch(/^\s+at /m);
      const ended = stamps(folder);
      expect(ended.size).toBeGreaterThan(0);
      expect(ended.size).toBeLessThan(RUNS);

      mount("-o", "remount,size=16m");
      expect((await start(words(folder)).ended).code).toBe(0);
      expect(result(folder)).toEqual(undisturbed);
      const after = stamps(folder);
      for (const [run, times] of ended) expect(after.get(run)).toEqual(times);
    },
  );
});
