import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTrajectory } from "@thalweg/train";
import { JSDOM } from "jsdom";
import { afterAll, expect, test } from "vitest";
import { TRAJECTORY } from "../compare/trial.ts";
import { runCli } from "./testing.ts";

const root = mkdtempSync(join(tmpdir(), "thalweg-cli-trajectory-"));
afterAll(() => rmSync(root, { recursive: true }));

test("two optimizers' courses are recorded while they train, and drawn on the plane in which both move", async () => {
  const runs = ["sgd", "adamw"].map((rule) => ({ rule, folder: join(root, rule) }));
  for (const { rule, folder } of runs) {
    const line = `train digits-mlp --rule ${rule} --set lr=0.01 --steps 40 --trajectory 12 --out ${folder}`;
    expect(await runCli(line.split(" "))).toMatchObject({ code: 0 });
    expect(openTrajectory(join(folder, TRAJECTORY)).steps).toEqual([0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40]);
  }
  const [sgd, adamw] = runs.map(({ folder }) => folder);
  const plot = join(root, "both.svg");
  const settings = `--plane pca --range -8:4:3 --range-y -4:4:3 --examples 50 --workers 0 --out ${join(root, "numbers")}`;
  const line = `landscape ${adamw} --with ${sgd} ${settings} --plot ${plot} --json`;
  const { code, out, err } = await runCli(line.split(" "));
  expect([code, err]).toEqual([0, expect.stringContaining("Wrote")]);
  const { paths, markers } = JSON.parse(out);
  const [first, second] = paths;
  first.coordinates[0].forEach((start: number, k: number) => {
    expect(second.coordinates[0][k]).toBeCloseTo(start, 4); // one seed, one start
  });
  // the run itself is the plane's origin, and where its course ends
  expect(second.coordinates.at(-1)[0]).toBeCloseTo(0, 5);
  expect(second.residuals.at(-1)).toBe(0);
  expect(markers[0].coordinates[0]).toBeCloseTo(first.coordinates.at(-1)[0], 4);
  for (const { capturedShare } of paths) {
    expect(capturedShare).toBeGreaterThan(0.05);
    expect(capturedShare).toBeLessThan(1);
  }
  const { document } = new JSDOM(readFileSync(plot, "utf8").replace(/^<\?xml[^>]*>/, "")).window;
  expect(document.querySelectorAll('g[aria-label="line"]')).toHaveLength(4); // each with its seam
  // on a random plane next to nothing of the course is seen, and that is said
  const random = await runCli(
    `landscape ${adamw} --range -1:1:2 --examples 20 --workers 0 --out ${join(root, "random")}`.split(" "),
  );
  expect(random.err).toMatch(/Only \d\.\d % of the moves of adamw lie in this plane/);
}, 180_000);
