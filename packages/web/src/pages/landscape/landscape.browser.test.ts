/** The page of landscapes as a person uses it: measure one around a run, read it, follow its course, compare two, take it away. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
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

const THALWEG = fileURLToPath(new URL("../../../../lab/bin/thalweg.mjs", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "thalweg-landscape-"));
let lab: OpenLab;
let browser: Browser;

const thalweg = (...words: string[]): Promise<number | null> =>
  new Promise((done, fail) => {
    const child = spawn(process.execPath, [THALWEG, ...words], { cwd: folder, stdio: "ignore" });
    child.once("error", fail);
    child.once("close", done);
  });

beforeAll(async () => {
  if (withoutBrowser !== "") return;
  [lab, browser] = await Promise.all([openLab(folder), openBrowser()]);
  const train = ["train", "digits-mlp", "--rule", "adamw", "--set", "lr=3e-3", "--steps", "200"];
  expect(await thalweg(...train, "--trajectory", "20", "--out", "runs/one")).toBe(0);
  const plane = ["landscape", "runs/one", "--examples", "50", "--range", "-1:1:9"];
  expect(await thalweg(...plane, "--seed", "2", "--out", "landscapes/second")).toBe(0);
}, 240_000);
afterAll(async () => {
  await browser?.close();
  await lab?.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** What drivers of software rendering say about their own speed is no complaint of the page. */
const ours = (complaints: readonly string[]) =>
  complaints.filter((text) => !text.includes("GL Driver Message"));

const download = async (page: Page, button: string): Promise<Buffer> => {
  const waiting = page.waitForEvent("download");
  await page.getByRole("button", { name: button }).first().click();
  return readFileSync(await (await waiting).path());
};

/** On a busy machine. */
const SOON = { timeout: 15_000 };

describe.skipIf(withoutBrowser)(`the page of landscapes ${withoutBrowser}`, () => {
  test("measures one around a run, shows it, and lets it be read, followed and taken away", async () => {
    const { page, complaints } = await openPage(browser, `${lab.url}#/landscape`, { acceptDownloads: true });
    await page.getByText("New landscape").click();
    await page.getByLabel("Points each way").fill("7");
    await page.getByLabel("Examples").fill("50");
    await page.getByRole("button", { name: "Measure", exact: true }).click();
    const ended = page.getByText(/Landscape of one: (done|failed)/);
    await ended.waitFor({ timeout: 120_000 });
    expect(await ended.innerText()).toMatch(/done/);

    await page.getByText(/of 2$/).click();
    const boxes = page.getByRole("checkbox", { name: /^one, random directions/ });
    await expect.poll(() => boxes.count(), SOON).toBe(2);
    await page.getByRole("link", { name: "alone" }).first().click();
    const map = page.getByRole("application", { name: /^Map of one/ });
    await page.mouse.move(1, 1); // a pointer on the map would move the cursor, too
    const pressed = async () => {
      await map.focus();
      await page.keyboard.press("ArrowRight");
      return page.locator(".reading").innerText();
    };
    await expect.poll(pressed, SOON).toMatch(/^\(0\.\d+, 0\): .* ± /);
    await map.hover();
    await page.getByText(/^\(-?0?\.?\d+.*\): /).waitFor();

    await page.getByLabel(/^Step/).fill("0");
    await expect.poll(() => page.url(), SOON).toMatch(/until=0/);
    await page.getByRole("button", { name: "Play the course" }).click();
    await expect
      .poll(() => page.getByRole("slider", { name: /^Step/ }).inputValue().then(Number), { timeout: 30_000 })
      .toBeGreaterThan(0.5);

    await page.getByRole("combobox", { name: /^Height/ }).selectOption("accuracy");
    await page.getByText(/^accuracy, colours by/).waitFor();
    await page.getByRole("combobox", { name: /^Height/ }).selectOption("loss");
    await page.getByRole("combobox", { name: /^Scale/ }).selectOption("log");
    await page.getByText(/^loss, colours by equal factors/).waitFor();

    await page.getByText("Export").click();
    const csv = (await download(page, "CSV")).toString().trim().split("\n");
    expect(csv[0]).toMatch(/^x,y,loss,/);
    expect(csv).toHaveLength(1 + 7 * 7);
    expect((await download(page, "Map SVG")).toString()).toMatch(/^<svg [\s\S]*<\/svg>\s*$/);
    expect((await download(page, "Map PNG")).subarray(1, 4).toString()).toBe("PNG");
    if (await page.getByRole("button", { name: "GLB" }).count()) {
      expect((await download(page, "GLB")).subarray(0, 4).toString()).toBe("glTF");
    }
    expect(ours(complaints)).toEqual([]);
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.context().close();
  }, 240_000);

  test("sets two side by side with their difference, under one address, on a phone, too", async () => {
    const { page } = await openPage(browser, `${lab.url}#/landscape`);
    await page.getByText(/landscape of \d$/).click();
    await page
      .getByRole("checkbox", { name: /^one, random directions/ })
      .nth(1)
      .check();
    await page.getByLabel("relief in 3-D").uncheck();
    const maps = page.getByRole("application", { name: /^Map of/ });
    await expect.poll(() => maps.count(), SOON).toBe(2);
    await page.getByLabel("difference of the first two").check();
    await page.getByText("A difference needs the same points on both").waitFor(); // 7 × 7 and 9 × 9
    await expect.poll(() => page.url(), SOON).toMatch(/difference=yes.*map=only|map=only.*difference=yes/);

    const viewport = { width: 390, height: 844 };
    const { page: phone, complaints } = await openPage(browser, page.url(), {
      viewport,
      colorScheme: "dark",
    });
    await expect.poll(() => phone.getByRole("application", { name: /^Map of/ }).count(), SOON).toBe(2);
    expect(await phone.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    expect(await accessibilityProblems(phone)).toEqual([]);
    expect(ours(complaints)).toEqual([]);
    await page.context().close();
    await phone.context().close();
  }, 120_000);
});
