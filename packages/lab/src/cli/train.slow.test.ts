import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readRun } from "@thalweg/train";
import { afterAll, expect, test } from "vitest";
import { start, timeless, until } from "../compare/testing.ts";

const root = mkdtempSync(join(tmpdir(), "thalweg-cli-train-slow-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const words = (out: string) =>
  `train digits-mlp --rule adamw --schedule cosine --steps 4000 --seed 9 --json --out ${out}`.split(" ");
const checkpoint = (folder: string) => {
  const bytes = readFileSync(join(folder, "checkpoint.safetensors"));
  return bytes.subarray(8 + Number(bytes.readBigUInt64LE())); // the tensors, after a header with the seconds
};

test("train ends cleanly at Ctrl-C, says how to resume, and resumes to the same bits", async () => {
  const [whole, parts] = [join(root, "whole"), join(root, "parts")];
  const undisturbed = await start(words(whole)).ended;
  expect(undisturbed.code).toBe(0);

  const child = start(words(parts));
  await until(() => (readRun(parts)?.lines.length ?? 0) >= 3, "three evaluations");
  child.process.kill("SIGINT");
  const { code, out, err } = await child.ended;
  expect({ code, out }).toEqual({ code: 1, out: "" });
  expect(err).toMatch(
    /Interrupted at step \d+: the run and a checkpoint are kept\. To go on:\n {2}thalweg train --resume /,
  );
  expect(existsSync(join(parts, "checkpoint.safetensors"))).toBe(true);
  expect(readRun(parts)!.end).toBeUndefined();

  const resumed = await start(["train", "--resume", parts, "--json"]).ended;
  expect(resumed.code).toBe(0);
  const { folder: _, ...expected } = timeless(JSON.parse(undisturbed.out)) as { folder: string };
  const { folder: __, ...found } = timeless(JSON.parse(resumed.out)) as { folder: string };
  expect(found).toEqual(expected);
  expect(checkpoint(parts).equals(checkpoint(whole))).toBe(true);
});
