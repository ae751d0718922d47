import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Claims } from "./claims.ts";
import { type Holder, livesHere, thisHolder } from "./holder.ts";

const me = thisHolder({});
const elsewhere: Holder = { ...me, id: "elsewhere.1.aa", host: "elsewhere", boot: "another" };

describe("Claims", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "thalweg-claims-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("gives a claim to one of many, and leaves nothing else behind", () => {
    const many = Array.from({ length: 8 }, (_, i) => new Claims(folder, { ...me, id: `worker.${i}` }));
    const taken = many.map((claims) => claims.take("run", 0, 7)).filter((claim) => claim !== undefined);
    expect(taken).toEqual([{ key: "run", attempt: 0 }]);
    expect(readdirSync(join(folder, "claims"))).toEqual(["run.0.json"]);
    expect(many[3]!.read(taken[0]!)).toMatchObject({
      holder: { id: "worker.0", pid: process.pid },
      trial: 7,
    });
  });

  it("lets the next one take over only under the next number, and tells the first that it holds nothing any more", () => {
    const [first, second] = [new Claims(folder, me), new Claims(folder, { ...me, id: "second" })];
    const claim = first.take("run", 0, 0)!;
    expect(first.holds(claim)).toBe(true);
    second.end(claim, { end: "killed", reason: "its process is gone" });
    expect(first.holds(claim)).toBe(false);
    expect(second.take("run", 0, 0)).toBeUndefined();
    const next = second.take("run", 1, 0)!;
    expect(second.holds(next)).toBe(true);
    expect(first.state("run")).toEqual({
      attempt: 1,
      ends: [{ end: "killed", reason: "its process is gone" }, undefined],
    });
  });

  it("keeps what was said first of an end", () => {
    const claims = new Claims(folder, me);
    const claim = claims.take("run", 0, 0)!;
    claims.end(claim, { end: "time", reason: "it took longer than 5 s" });
    claims.end(claim, { end: "killed", reason: "its process was ended by SIGKILL" });
    expect(claims.state("run").ends).toEqual([{ end: "time", reason: "it took longer than 5 s" }]);
  });

  it("knows at once that a process of this machine is gone", async () => {
    const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 1e5)"]);
    const holder: Holder = { ...me, id: "child", pid: child.pid!, began: "" };
    const theirs = new Claims(folder, holder);
    const claim = theirs.take("run", 0, 0)!;
    const mine = new Claims(folder, me);
    expect(mine.lives(claim)).toBe(true);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(mine.lives(claim)).toBe(false);
  });

  it("waits for the heartbeat of one elsewhere, by its own clock, whatever that of the other says", async () => {
    const theirs = new Claims(folder, elsewhere);
    const claim = theirs.take("run", 0, 0)!;
    const mine = new Claims(folder, me, { patienceSeconds: 0.1 });
    const path = join(folder, "claims", "run.0.json");
    const years = 3600 * 24 * 365 * 10;
    utimesSync(path, Date.now() / 1e3 - years, Date.now() / 1e3 - years); // its clock is ten years behind
    expect(mine.lives(claim)).toBe(true);
    await sleep(150);
    utimesSync(path, Date.now() / 1e3 + years, Date.now() / 1e3 + years); // and jumps to ten years ahead
    expect(mine.lives(claim)).toBe(true);
    await sleep(150);
    expect(mine.lives(claim)).toBe(false);
  });

  it("takes a claim that nobody can read for one of somebody elsewhere", async () => {
    const mine = new Claims(folder, me, { patienceSeconds: 0.05 });
    writeFileSync(join(folder, "claims", "run.0.json"), "");
    expect(mine.lives({ key: "run", attempt: 0 })).toBe(true);
    await sleep(100);
    expect(mine.lives({ key: "run", attempt: 0 })).toBe(false);
  });
});

describe("livesHere()", () => {
  it("knows this process", () => {
    expect(livesHere(me, me)).toBe(true);
  });
  it("does not take another process with the number of a dead one for it", () => {
    expect(livesHere({ ...me, began: `${Number(me.began) - 1}` }, me)).toBe(me.began === "");
  });
  it("knows that nothing outlives a restart of the machine", () => {
    expect(livesHere({ ...me, boot: `earlier ${me.boot.split(" ")[1]}` }, me)).toBe(false);
  });
  it("cannot know of another machine, nor of another process table of this one", () => {
    expect(livesHere(elsewhere, me)).toBeUndefined();
    expect(livesHere({ ...me, boot: `${me.boot.split(" ")[0]} pid:[1]` }, me)).toBeUndefined();
  });
  it("knows that an earlier start of the same job is gone, wherever it was", () => {
    const slurm = (restart: number) => ({ slurm: { job: "17", restart } });
    expect(livesHere({ ...elsewhere, ...slurm(0) }, { ...me, ...slurm(1) })).toBe(false);
    expect(livesHere({ ...elsewhere, ...slurm(1) }, { ...me, ...slurm(1) })).toBeUndefined();
    expect(
      livesHere({ ...elsewhere, slurm: { job: "16", restart: 0 } }, { ...me, ...slurm(1) }),
    ).toBeUndefined();
  });
});
