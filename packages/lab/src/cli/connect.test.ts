import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readNpz } from "@thalweg/data";
import { JSDOM } from "jsdom";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCli } from "./testing.ts";

const root = mkdtempSync(join(tmpdir(), "thalweg-cli-connect-"));
const [a, b] = [join(root, "a"), join(root, "b")];
const connect = (line: string) => runCli(["connect", ...line.split(" ")]);

beforeAll(async () => {
  for (const [folder, seed] of [
    [a, 1],
    [b, 2],
  ] as const) {
    const line = `train digits-mlp --rule adamw --set lr=0.01 --steps 120 --seed ${seed} --out ${folder}`;
    expect(await runCli(line.split(" "))).toMatchObject({ code: 0 });
  }
}, 180_000);
afterAll(() => rmSync(root, { recursive: true }));

describe("connect", () => {
  test("finds a road between two trainings of the digits that is far lower than the line, and writes it down", async () => {
    const [out, plot, bend] = ["road.npz", "road.svg", "bend.safetensors"].map((name) => join(root, name));
    const files = `--out ${out} --plot ${plot} --bend ${bend}`;
    const settings = `--set lr=0.05 --steps 300 --examples 500 --points 21 --json --folder ${join(root, "road")}`;
    const { code, out: text, err } = await connect(`${a} ${b} ${settings} ${files}`);
    expect([code, err]).toEqual([0, expect.stringContaining("Training a bezier with 1 bend by momentum")]);
    const { line, curve, fingerprint } = JSON.parse(text);
    expect(line.barrier.height).toBeGreaterThan(0.3); // of two seeds, the line between crosses a ridge
    expect(curve.barrier.height).toBeLessThan(0.3 * line.barrier.height);
    expect(curve.loss[0]).toBe(line.loss[0]);
    expect(curve.length).toBeGreaterThan(line.length);
    const arrays = await readNpz(out!);
    expect(arrays.get("curve_loss")!.data).toEqual(Float64Array.from(curve.loss));
    expect(arrays.get("point_1")!.data).toHaveLength(6570);
    const svg = readFileSync(plot!, "utf8");
    expect(svg).toContain(fingerprint);
    const { document } = new JSDOM(svg.replace(/^<\?xml[^>]*>/, "")).window;
    expect(document.querySelectorAll('g[aria-label="line"] path')).toHaveLength(3);
    // asked for again it is not trained again, and is the same
    const again = await connect(`${a} ${b} ${settings}`);
    expect([again.code, again.err]).toEqual([0, expect.stringContaining("300 steps, going on at 300, in")]);
    expect(JSON.parse(again.out).curve).toEqual(JSON.parse(text).curve);
    const other = await connect(`${a} ${b} ${settings} --seed 7`);
    expect([other.code, other.err]).toEqual([
      2,
      expect.stringContaining("it has another seed; ask for what"),
    ]);
    // the bend is a model like others: the way from one end to it begins where the curve does
    const half = await connect(
      `${a} ${bend} --task digits-mlp --steps 1 --examples 500 --points 3 --json --folder ${join(root, "half")}`,
    );
    expect(half.code).toBe(0);
    expect(JSON.parse(half.out).line.loss[0]).toBe(line.loss[0]);
  }, 180_000);

  test.each([
    ["digits-mlp digits-mlp", /must differ: all 6570 parameters are the same/],
    [`${a} mnist-cnn --rule nonsense`, /nonsense/],
    [`${a} ${b} --examples 5000`, /must be in \[1, 1\d{3}\]: current value is 5000/],
    [`${a} ${b} --weight-decay -1`, /must be at least 0: current value is -1/],
    [`${a} missing.safetensors`, /missing\.safetensors/],
  ])("refuses %s", async (line, says) => {
    const { code, err } = await connect(`${line} --folder ${join(root, "refused")}`);
    expect(code).toBe(2);
    expect(err).toMatch(says);
  });
});
