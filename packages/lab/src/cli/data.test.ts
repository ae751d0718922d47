import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { catalogue, loadDataset } from "@thalweg/data";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runCli } from "./testing.ts";

let cache: string;
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), "thalweg-cache-"));
});
afterEach(() => rm(cache, { recursive: true }));

const run = (...argv: string[]) => runCli(argv, { env: { THALWEG_CACHE: cache } });

test("data list names every dataset of the catalogue", async () => {
  const { code, out } = await run("data", "list", "--json");
  expect(code).toBe(0);
  expect(JSON.parse(out).map(({ name }: { name: string }) => name)).toEqual(Object.keys(catalogue));
});

test("data fetch of the shipped digits says what they are", async () => {
  const { code, out, err } = await run("data", "fetch", "digits", "--json");
  expect({ code, err }).toEqual({ code: 0, err: "" });
  const { fingerprint } = await loadDataset("digits");
  expect(JSON.parse(out)).toMatchObject({ name: "digits", train: 1437, test: 360, fingerprint });
});

test("data verify passes over datasets that are not here, unless they are named", async () => {
  const all = await run("data", "verify");
  expect(all.code).toBe(0);
  expect(all.out).toMatch(/^digits +verified/m);
  expect(all.out).toMatch(/^mnist +absent/m);
  const named = await run("data", "verify", "mnist");
  expect(named.code).toBe(1);
  expect(named.err).toMatch(/mnist as it is not here yet.*thalweg data fetch mnist/);
});

test("data verify names a damaged file with expected and found hash, in the place where loadDataset looks", async () => {
  const folder = join(cache, "datasets", "mnist");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "train-images-idx3-ubyte"), "abc");
  const { code, out, err } = await run("data", "verify", "--json");
  expect(code).toBe(1);
  expect(err).toMatch(/mnist: 1 damaged/);
  const verdicts: { file: string; status: string }[] = JSON.parse(out);
  const damaged = verdicts.find(({ status }) => status === "damaged");
  expect(damaged).toMatchObject({
    dataset: "mnist",
    expected: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    found: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", // FIPS 180-2, appendix B.1: "abc"
  });

  const events: string[] = [];
  const refuse = async () => {
    throw new Error("no network in this test");
  };
  const loading = loadDataset("mnist", { cache, extract: refuse, onEvent: (line) => events.push(line) });
  await expect(loading).rejects.toThrow(/Damaged file/);
  expect(events[0]).toContain(damaged!.file);
});
