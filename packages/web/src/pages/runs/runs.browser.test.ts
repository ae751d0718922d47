/** The page of runs as a person uses it: watch a run train, find it, group, smooth, zoom, look into it. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  accessibilityProblems,
  type OpenLab,
  openBrowser,
  openLab,
  openPage,
  withoutBrowser,
} from "../../../testing/lab.ts";
import { writeRun } from "../../../testing/run-folders.ts";

const THALWEG = fileURLToPath(new URL("../../../../lab/bin/thalweg.mjs", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "thalweg-runs-"));
let lab: OpenLab;
let browser: Browser;
const children: ChildProcess[] = [];

/** `thalweg train …` in a process of its own, as somebody has it in a terminal beside. */
function train(...words: string[]): Promise<number | null> {
  const child = spawn(process.execPath, [THALWEG, "train", "digits-mlp", ...words], {
    cwd: folder,
    stdio: "ignore",
  });
  children.push(child);
  return new Promise((done, fail) => {
    child.once("error", fail);
    child.once("close", done);
  });
}

beforeAll(async () => {
  if (withoutBrowser !== "") return;
  for (const [rule, lr] of [
    ["adamw", 0.003],
    ["sgd", 0.2],
  ] as const) {
    for (const seed of [1, 2])
      writeRun({ folder: join(folder, "runs", `${rule}-${seed}`), rule, lr, seed, diagnostics: true });
  }
  [lab, browser] = await Promise.all([openLab(folder), openBrowser()]);
});
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await browser?.close();
  await lab?.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** Pixels of the first chart that are not its background. */
const ink = (page: Page): Promise<number> =>
  page
    .locator(".curves canvas")
    .first()
    .evaluate((canvas) => {
      const { width, height } = canvas as HTMLCanvasElement;
      const { data } = (canvas as HTMLCanvasElement).getContext("2d")!.getImageData(0, 0, width, height);
      let inked = 0;
      for (let i = 3; i < data.length; i += 4) if (data[i]! > 0) inked++;
      return inked;
    });

/** On a busy machine. */
const SOON = { timeout: 15_000 };

describe.skipIf(withoutBrowser)(`the page of runs ${withoutBrowser}`, () => {
  test("groups seeds, draws them, filters, and keeps all of that in the address", async () => {
    const { page, complaints } = await openPage(browser, `${lab.url}#/runs`);
    await page.getByText("4 runs", { exact: true }).waitFor();
    await page.getByRole("row", { name: /adamw/ }).getByText("2 runs").waitFor();
    await expect.poll(() => ink(page), SOON).toBeGreaterThan(2_000);

    await page.getByLabel("Filter").fill("adamw lr<0.01");
    await page.getByText("2 fit the filter").waitFor();
    expect(await page.getByRole("row", { name: /sgd/ }).count()).toBe(0);
    await page.getByLabel("log y").check();
    await page.getByRole("combobox", { name: /^Over/ }).selectOption("time");
    await page.getByRole("button", { name: "test accuracy" }).click();
    await page.getByRole("heading", { name: "test accuracy" }).waitFor();
    const asked = () => Object.fromEntries(new URLSearchParams(page.url().split("?")[1]));
    await expect.poll(asked, SOON).toEqual({
      ...{ filter: "adamw lr<0.01", log: "y", x: "time" },
      y: "validationLoss,testAccuracy",
    });

    const { page: other } = await openPage(browser, page.url());
    await other.getByText("2 fit the filter").waitFor();
    expect(await other.getByLabel("log y").isChecked()).toBe(true);
    expect(await other.getByRole("combobox", { name: /^Over/ }).inputValue()).toBe("time");
    await other.getByRole("heading", { name: "test accuracy" }).waitFor();

    await page.getByLabel("Filter").fill("betta1=0.9");
    await page.getByText("No run has betta1.").waitFor();
    expect(complaints).toEqual([]);
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.context().close();
    await other.context().close();
  });

  test("smoothing leaves the raw line; a group can be hidden; pointing at a line names it; dragging zooms", async () => {
    const { page } = await openPage(browser, `${lab.url}#/runs?group=none`);
    await expect.poll(() => ink(page), SOON).toBeGreaterThan(2_000);
    const raw = await ink(page);
    await page.getByLabel("Smooth").fill("0.8");
    await expect.poll(() => ink(page), SOON).toBeGreaterThan(raw);

    await page
      .getByRole("checkbox", { name: /Draw sgd/ })
      .first()
      .uncheck();
    await expect.poll(() => page.url(), SOON).toMatch(/hidden=/);

    const chart = page.locator(".curves .u-over").first();
    const box = (await chart.boundingBox())!;
    const found = async () => {
      for (let y = 0.05; y < 1; y += 0.05) {
        await page.mouse.move(box.x + box.width / 2, box.y + y * box.height);
        await page.waitForTimeout(60); // a chart follows the pointer once a frame
        if (await page.locator("figcaption strong").count())
          return page.locator("figcaption").first().innerText();
      }
      return "";
    };
    expect(await found()).toMatch(/(adamw|sgd).*step/);

    await page.mouse.move(box.x + 0.5 * box.width, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + 0.9 * box.width, box.y + 60, { steps: 4 });
    await page.mouse.up();
    await page.getByRole("button", { name: "Whole range" }).click();
    await expect.poll(() => page.url(), SOON).not.toMatch(/zoom=/);
    await page.context().close();
  });

  test("shows a run while it trains, without being asked again", async () => {
    const { page, complaints } = await openPage(browser, `${lab.url}#/runs?filter=steps%3D12000`);
    await page.getByText("0 fit the filter").waitFor();
    const training = train(
      "--rule",
      "momentum",
      "--set",
      "lr=0.05",
      "--steps",
      "12000",
      "--seed",
      "9",
      "--diagnose",
    );
    await page.getByText("runs, 1 running").waitFor({ timeout: 60_000 });
    await page.getByRole("link", { name: "momentum" }).click();
    await page.getByText(/running.*step \d+ of 12000/).waitFor();
    const steps = () =>
      page
        .getByText(/step \d+ of 12000/)
        .innerText()
        .then((text) => Number(/step (\d+)/.exec(text)![1]));
    const begin = await steps();
    await expect.poll(steps, { timeout: 30_000 }).toBeGreaterThan(begin);
    expect(await training).toBe(0);
    await page.getByText(/finished.*step 12000 of 12000/).waitFor({ timeout: 30_000 });
    await expect.poll(() => ink(page), SOON).toBeGreaterThan(1_000);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test("looks into a run: its rule, its configuration, its diagnostics; on a phone, too", async () => {
    const { page, complaints } = await openPage(browser, `${lab.url}#/runs`, {
      viewport: { width: 390, height: 844 },
    });
    await page.locator("summary", { hasText: "adamw" }).click();
    await page.getByRole("link", { name: "seed 1" }).first().click();
    await page.getByRole("heading", { name: "adamw on digits-mlp" }).waitFor();
    await page.getByText("theta = theta - lr * g").waitFor();
    await page.getByRole("heading", { name: "Diagnostics" }).waitFor();
    await page.getByRole("img", { name: "Histogram of the sizes of weights over steps" }).waitFor();
    await page.getByRole("button", { name: "Idle units" }).click();
    await page.getByRole("img", { name: "Idle units by tensor over steps" }).waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    expect(await accessibilityProblems(page)).toEqual([]);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test("tells what two groups differ in", async () => {
    const { page } = await openPage(browser, `${lab.url}#/runs?filter=steps%3D300`);
    await page.getByText(/What differs between the groups/).click();
    await page.getByRole("row", { name: /^lr 0.2 0.003|^lr 0.003 0.2/ }).waitFor();
    await page.context().close();
  });
});
