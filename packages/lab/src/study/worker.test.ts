import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { start } from "../compare/testing.ts";
import { planFile, resultsFolder } from "./layout.ts";
import { readPlan, writePlan } from "./plan-file.ts";
import { readStudy } from "./read-study.ts";
import { planStudyInto, timelessStudy } from "./testing.ts";
import { workOnStudy } from "./worker.ts";

const STUDY = `
name: small
tasks: [matrix-factorization, logreg-digits]
rules: [sgd, adamw]
steps: 30
trials: 3
seeds: 2
`;

describe("workOnStudy()", () => {
  let root: string;
  let planned: string;
  let undisturbed: string;
  const fresh = (name: string): string => {
    const folder = join(root, name);
    cpSync(planned, folder, { recursive: true });
    return folder;
  };

  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), "thalweg-worker-"));
    planned = join(root, "planned");
    await planStudyInto(planned, STUDY);
    undisturbed = fresh("undisturbed");
    expect(await workOnStudy({ folder: undisturbed })).toBe("finished");
  }, 120_000);
  afterAll(() => rmSync(root, { recursive: true }));

  it("does all that is planned, the winners on every seed with the values of the best trial", () => {
    const { trials, results, finishedAt } = readStudy(undisturbed);
    expect(finishedAt).not.toBeNull();
    expect(trials).toHaveLength(2 * 2 * 2 * (3 + 2));
    for (const trial of trials) {
      const result = results.get(trial.id)!;
      expect(["finished", "diverged"]).toContain(result.end);
      if (trial.phase === "tuning" || result.end === "diverged") continue;
      expect(result).toMatchObject({
        steps: 30,
        gradients: 30,
        folder: expect.stringMatching(/^runs\/[0-9a-f]{16}$/),
      });
      const search = trial.after!.map((id) => results.get(id)!);
      const losses = search.map(({ end, final }) =>
        end === "finished" ? final.validationLoss! : Number.POSITIVE_INFINITY,
      );
      expect(result.hyper).toEqual(search[losses.indexOf(Math.min(...losses))]!.hyper);
      expect(result.final.testLoss).toBeTypeOf("number");
      expect(result.initial.validationLoss).not.toBe(result.final.validationLoss);
    }
  });

  it("gives the same bits with several workers", async () => {
    const folder = fresh("several");
    const ends = await Promise.all([1, 2, 3].map(() => workOnStudy({ folder })));
    expect(ends).toEqual(["finished", "finished", "finished"]);
    expect(timelessStudy(folder)).toEqual(timelessStudy(undisturbed));
    expect(readdirSync(resultsFolder(folder)).length).toBeGreaterThan(1);
  });

  it("gives the same bits when it is interrupted after every result, and gone on with", async () => {
    const folder = fresh("interrupted");
    let times = 0;
    for (;;) {
      const stop = new AbortController();
      const end = await workOnStudy({ folder, signal: stop.signal, onResult: () => stop.abort() });
      if (end === "finished") break;
      times++;
    }
    expect(times).toBe(40);
    expect(timelessStudy(folder)).toEqual(timelessStudy(undisturbed));
  });

  it("makes lost results again from the runs, without training", async () => {
    const folder = join(root, "lost");
    cpSync(undisturbed, folder, { recursive: true });
    rmSync(resultsFolder(folder), { recursive: true });
    rmSync(join(folder, "claims"), { recursive: true });
    const logs = readdirSync(join(folder, "runs")).map((run) => join(folder, "runs", run, "run.jsonl"));
    const before = logs.map((log) => statSync(log).mtimeMs);
    await workOnStudy({ folder });
    expect(logs.map((log) => statSync(log).mtimeMs)).toEqual(before);
    expect(timelessStudy(folder)).toEqual(timelessStudy(undisturbed));
  });

  it("shares the trials out by chunks, and helps with what is left", async () => {
    const folder = fresh("chunk");
    const ids: number[] = [];
    await workOnStudy({ folder, chunk: { index: 1, count: 4 }, onResult: ({ id }) => ids.push(id) });
    expect(new Set(ids)).toEqual(new Set(Array.from({ length: 40 }, (_, id) => id)));
    const own = ids.slice(0, 5).filter((id) => id % 4 === 1);
    expect(own.length).toBeGreaterThan(3); // some wait for others
    expect(timelessStudy(folder)).toEqual(timelessStudy(undisturbed));
  });

  it("stops what its pruner stops, on any number of workers, and what goes on is what it would have been without", async () => {
    const study = (name: string, pruner: string) =>
      planStudyInto(
        join(root, name),
        `{name: pruned, tasks: matrix-factorization, rules: adamw, schedules: constant, steps: 100, trials: 6, replicates: 1, seeds: 1, ${pruner}}`,
      );
    const asha = "pruner: {name: asha, first: 50, factor: 2}";
    await Promise.all([study("whole", "pruner: none"), study("one", asha), study("two", asha)]);
    for (const [name, workers] of Object.entries({ whole: 1, one: 1, two: 2 })) {
      const folder = join(root, name);
      await Promise.all(Array.from({ length: workers }, () => workOnStudy({ folder })));
    }
    expect(timelessStudy(join(root, "two"))).toEqual(timelessStudy(join(root, "one")));
    const ends = (name: string) => {
      const { trials, results } = readStudy(join(root, name));
      const last = trials.filter(({ phase, until }) => phase === "tuning" && until === undefined);
      return last.map(({ id }) => results.get(id)!);
    };
    const [whole, pruned] = [ends("whole"), ends("one")];
    expect(pruned.map(({ end }) => end)).toContain("pruned");
    expect(pruned.map(({ end }) => end)).toContain("finished");
    pruned.forEach((one, number) => {
      expect(one.folder).toBe(whole[number]!.folder);
      if (one.end === "finished") expect(one.final).toEqual(whole[number]!.final);
      else expect(one).toMatchObject({ end: "pruned", steps: 50, reason: "stopped at step 50 by asha" });
    });
  });

  it("refuses a plan that was changed after it was written", async () => {
    const folder = fresh("edited");
    writeFileSync(planFile(folder), readFileSync(planFile(folder), "utf8").replace('"seed":43', '"seed":44'));
    await expect(workOnStudy({ folder })).rejects.toThrow(
      `Cannot go on with ${folder} as its plan must be as it was written`,
    );
  });

  it("refuses to work where a task is not what was planned, or by another version", async () => {
    const folder = fresh("other-task");
    const { trials, machine, command, startedAt, hash: _, ...facts } = readPlan(folder);
    const about = { machine, command, startedAt };
    const tasks = facts.tasks.map((task) => ({ ...task, fingerprint: `0${task.fingerprint}` }));
    writePlan(folder, { ...facts, tasks }, trials, about);
    await expect(workOnStudy({ folder })).rejects.toThrow(
      /^Cannot work on matrix-factorization as it must be the task that was planned, fingerprint 0/,
    );
    writePlan(folder, { ...facts, code: "thalweg 0" }, trials, about);
    await expect(workOnStudy({ folder })).rejects.toThrow(
      /as it was planned for thalweg 0 and this is thalweg/,
    );
  });

  it("can be any process that sees the folder", async () => {
    const folder = fresh("process");
    const [a, b] = [start(["study", "work", folder]), start(["study", "work", folder, "--chunk", "1/2"])];
    expect([await a.ended, await b.ended].map(({ code, err }) => [code, err])).toEqual([
      [0, ""],
      [0, ""],
    ]);
    expect(timelessStudy(folder)).toEqual(timelessStudy(undisturbed));
  });
});
