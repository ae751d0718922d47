import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { scheduleCombinators, schedules } from "@thalweg/optim";
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

test("schedule takes a spec per hyperparameter: a column each, a base each", async () => {
  const spec = "lr=linear; momentum=constant(factor=0.5)";
  const argv = ["schedule", spec, "--steps", "2", "--base", "lr=2,momentum=0.8"];
  const text = await runCli(argv);
  expect(text.out).toBe("lr\tmomentum\n2\t0.4\n1\t0.4\n");
  const { schedules: both } = JSON.parse((await runCli([...argv, "--json"])).out);
  expect(both).toMatchObject({
    lr: { spec: "linear", base: 2, values: [2, 1] },
    momentum: { values: [0.4, 0.4] },
  });

  const unknown = await runCli(["schedule", "linear", "--steps", "2", "--base", "wd=2"]);
  expect(unknown).toMatchObject({
    code: 2,
    err: expect.stringMatching(/for wd as it has no schedule: there are lr/),
  });
});

test("schedule gives one finite number per step for every schedule of the catalogue", async () => {
  const given: Record<string, string> = {
    "cosine-restarts": "first=10",
    "warmup-cosine": "warmup=10",
    step: "every=10",
    multistep: "milestones=[30%, 60%]",
    piecewise: "boundaries=[50], values=[1, 0.1]",
    exponential: "rate=0.1",
    "inverse-time": "rate=0.1",
  };
  for (const name of Object.keys(schedules).filter((one) => one !== "lambda")) {
    const spec = `${name}(${given[name] ?? ""})`;
    const { out } = await runCli(["schedule", spec, "--steps", "100", "--json"]);
    const { values } = JSON.parse(out);
    expect(values, spec).toHaveLength(100);
    expect(values.every(Number.isFinite), spec).toBe(true);
  }
});

test("schedule counts epochs, and shows a plateau the metrics it is given, evenly over the run", async () => {
  const epochs = await runCli(["schedule", "epochs(linear)", "--steps", "4", "--steps-per-epoch", "2"]);
  expect(epochs.out).toBe("1\n1\n0.5\n0.5\n");
  const spec = "plateau(patience=0, gamma=0.5)";
  const plateau = await runCli(["schedule", spec, "--steps", "6", "--metrics", "1,1"]); // after steps 2 and 4
  expect(plateau.out).toBe("1\n1\n1\n1\n0.5\n0.5\n");
});

test("schedule --sparkline draws on stderr and leaves stdout alone", async () => {
  const { out, err } = await runCli(["schedule", "linear", "--steps", "100", "--sparkline"]);
  expect(out.split("\n")).toHaveLength(101);
  const lines = err.trimEnd().split("\n");
  expect(lines).toHaveLength(6);
  expect(lines[0]).toMatch(/^1 ┤[⠀-⣿]{64}$/);
});

test("schedules lists every schedule, and explains one", async () => {
  const { out } = await runCli(["schedules", "--json"]);
  expect(JSON.parse(out).map(({ name }: { name: string }) => name)).toEqual([
    ...Object.keys(schedules),
    ...Object.keys(scheduleCombinators),
  ]);
  const one = await runCli(["schedules", "onecycle"]);
  expect(one.out).toMatch(
    /^onecycle\(steps, pct=0\.3, div=25, finalDiv=10000, anneal=cos, phases=2, .*dialect=torch\)/,
  );
  expect(one.out).toMatch(/arXiv:1708\.07120/);
});
