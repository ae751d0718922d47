import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { schedules } from "@thalweg/optim";
import { expect, test } from "vitest";
import { runCli } from "./testing.ts";

test("schedule prints one number per step: the factor times the base", async () => {
  // linear over T = 4 steps is 1 − k/T, as torch's LinearLR: 0 would be step 4
  const { code, out } = await runCli(["schedule", "linear", "--steps", "4", "--base", "2"]);
  expect(code).toBe(0);
  expect(out).toBe("2\n1.5\n1\n0.5\n");
});

test("schedule --json carries spec, curve and values", async () => {
  const { out } = await runCli(["schedule", "warmup(2) > constant", "--steps", "3", "--json"]);
  expect(JSON.parse(out)).toMatchObject({
    spec: "warmup(2) > constant",
    steps: 3,
    base: 1,
    curve: { kind: "sequence" },
    values: [0.5, 1, 1],
  });
});

test("schedule --plot writes an SVG file and says so on stderr; a file that cannot be written costs exit 1 but not the result", async () => {
  const folder = await mkdtemp(join(tmpdir(), "thalweg-"));
  try {
    const file = join(folder, "cosine.svg");
    const { code, out, err } = await runCli(["schedule", "cosine", "--steps", "3", "--plot", file]);
    expect(code).toBe(0);
    expect(out.split("\n")).toHaveLength(4);
    expect(err).toBe(`Wrote ${file}\n`);
    expect(await readFile(file, "utf8")).toMatch(/^<\?xml .*<svg xmlns=/s);

    const lost = await runCli(["schedule", "cosine", "--steps", "3", "--plot", join(folder, "no", "x.svg")]);
    expect(lost.code).toBe(1);
    expect(lost.out).toBe(out);
    expect(lost.err).toMatch(/Cannot write .*x\.svg as there is no such file or folder/);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("schedules lists every schedule, and explains one", async () => {
  const { out } = await runCli(["schedules", "--json"]);
  expect(JSON.parse(out).map(({ name }: { name: string }) => name)).toEqual(Object.keys(schedules));
  const one = await runCli(["schedules", "onecycle"]);
  expect(one.out).toMatch(/^onecycle\(steps, pct=0\.3, div=25, finalDiv=10000, anneal=cos, phases=2\)/);
  expect(one.out).toMatch(/arXiv:1708\.07120/);
});
