import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseSurface } from "@thalweg/landscape";
import { afterAll, describe, expect, test } from "vitest";
import { runCli } from "./testing.ts";

const root = mkdtempSync(join(tmpdir(), "thalweg-cli-pattern-"));
afterAll(() => rmSync(root, { recursive: true }));
const pattern = (line: string) => runCli(["pattern", ...line.split(" ")]);

describe("pattern", () => {
  test("shows a drawn corner in the loss of the digits, and writes it down", async () => {
    const mask = join(root, "corner.txt");
    writeFileSync(mask, "#....\n#....\n###..\n");
    const [plot, out] = [join(root, "corner.svg"), join(root, "corner.npz")];
    const line = `digits-mlp --mask ${mask} --steps 150 --set lr=5e-3 --examples 200 --plot ${plot} --out ${out} --folder ${join(root, "kept")} --json`;
    const { code, out: text } = await pattern(line);
    expect(code).toBe(0);
    const { loss, x, y, shown, low, high, plane } = JSON.parse(text);
    expect([x, y]).toEqual([
      [-3, -2, -1, 0, 1, 2, 3],
      [-2, -1, 0, 1, 2],
    ]);
    expect(shown).toBeGreaterThan(0.9);
    expect(high - low).toBeGreaterThan(1);
    // the lower left cell of the corner is at (−2, −1), the upper right one at (2, 1)
    expect(loss[1 * 7 + 1]).toBeLessThan(0.5);
    expect(loss[3 * 7 + 5]).toBeGreaterThan(1.5);
    expect(readFileSync(plot, "utf8")).toContain(plane);
    expect(parseSurface(readFileSync(out), out)).toBeDefined();
    const again = await pattern(line);
    expect([again.code, again.err]).toEqual([0, expect.stringContaining("going on at 150")]);
    expect(JSON.parse(again.out)).toEqual(JSON.parse(text));
  }, 180_000);

  test.each([
    ["digits-mlp --mask none.txt", /Cannot read none\.txt/],
    ["digits-mlp --plot heart.jpg", /pictures are \.svg or \.png: it is \.jpg/],
    ["digits-mlp --ceiling 0", /ceiling must be a number above 0: current value is 0/],
  ])("refuses %s", async (line, says) => {
    const { code, err } = await pattern(`${line} --folder ${join(root, "refused")}`);
    expect(code).toBe(2);
    expect(err).toMatch(says);
  });
});
