/**
 * The pages in Chromium: when the first content is painted, how much is loaded for it, and what a frame costs while rules race.
 *
 *   npx tsx bench/pages.ts
 *
 * A frame's cost is processor time of the page's main thread (Chromium's thread clock), so other work on the machine does not enter it; the paint is wall-clock
 * time. Prints JSON.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { openBrowser, openLab, openPage } from "../packages/web/testing/lab.ts";

const ROUNDS = 7;
const TEN =
  "sgd(lr=0.001) | momentum(lr=0.0003) | nesterov(lr=0.0003) | rmsprop(lr=0.02) | adam(lr=0.05) | adamw(lr=0.05) | nadam(lr=0.05) | lion(lr=0.02) | adabelief(lr=0.05) | yogi(lr=0.05)";

const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
const folder = mkdtempSync(join(tmpdir(), "thalweg-bench-pages-"));
const [lab, browser] = [await openLab(folder), await openBrowser()];

async function firstPaint(): Promise<number> {
  const { page } = await openPage(browser, lab.url);
  await page.getByRole("heading", { level: 1 }).first().waitFor();
  const time = await page.evaluate(
    () => performance.getEntriesByName("first-contentful-paint")[0]!.startTime,
  );
  await page.context().close();
  return time;
}

/** What the first page loads before any page of its own: the script of index.html and what it imports at once. */
function mainBytes(): number {
  const dist = fileURLToPath(new URL("../packages/web/dist/", import.meta.url));
  const html = readFileSync(join(dist, "index.html"), "utf8");
  const files = [...html.matchAll(/(?:src|href)="\.\/(assets\/[^"]+\.js)"/g)].map(([, file]) => file!);
  return files.reduce((sum, file) => sum + gzipSync(readFileSync(join(dist, file))).length, 0);
}

/** Processor milliseconds of the main thread per frame, while what the address says is played for some seconds. */
async function frameCost(query: string): Promise<{ frames: number; threadMs: number; scriptMs: number }> {
  const { page } = await openPage(browser, `${lab.url}#/playground?${query}`);
  await page.getByRole("button", { name: "Play", exact: true }).waitFor();
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.setTimeDomain", { timeDomain: "threadTicks" });
  await session.send("Performance.enable");
  // as text: the loader of this file would put names into a function that the page does not know
  await page.evaluate(
    "globalThis.frameCount = 0; (function count() { globalThis.frameCount++; requestAnimationFrame(count); })()",
  );
  const metrics = async (one: Page) => {
    const { metrics: list } = await session.send("Performance.getMetrics");
    const of = (name: string) => list.find((metric) => metric.name === name)!.value * 1000;
    const frames = await one.evaluate<number>("globalThis.frameCount");
    return { frames, task: of("TaskDuration"), script: of("ScriptDuration") };
  };
  await page.getByRole("button", { name: "Play", exact: true }).click();
  const before = await metrics(page);
  await page.waitForTimeout(5_000);
  const after = await metrics(page);
  await page.context().close();
  const frames = after.frames - before.frames;
  return {
    frames,
    threadMs: (after.task - before.task) / frames,
    scriptMs: (after.script - before.script) / frames,
  };
}

try {
  const paints: number[] = [];
  for (let i = 0; i < ROUNDS; i++) paints.push(await firstPaint());
  const result = {
    firstContentfulPaintMs: { median: median(paints), least: Math.min(...paints) },
    mainGzippedBytes: mainBytes(),
    tenRules: await frameCost(`rules=${encodeURIComponent(TEN)}&steps=2000&speed=4`),
    tenRulesFiveSeeds: await frameCost(`rules=${encodeURIComponent(TEN)}&steps=1000&noise=1&seeds=5&speed=2`),
  };
  console.log(JSON.stringify(result, null, 2));
} finally {
  await browser.close();
  await lab.close();
  rmSync(folder, { recursive: true });
}
