/** The frame of the pages: every page opens, can be reached by keyboard, reads well, and complains of nothing. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  accessibilityProblems,
  type OpenLab,
  openBrowser,
  openLab,
  openPage,
  withoutBrowser,
} from "./lab.ts";

const PAGES = ["Playground", "Runs", "Comparison", "Landscape", "Schedules", "Catalogue"];
const folder = mkdtempSync(join(tmpdir(), "thalweg-pages-"));
let lab: OpenLab;
let browser: Browser;
beforeAll(async () => {
  if (withoutBrowser === "") [lab, browser] = await Promise.all([openLab(folder), openBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await lab?.close();
  rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(withoutBrowser)(`the pages ${withoutBrowser}`, () => {
  test.each(PAGES)("%s opens from the navigation, light and dark, without complaint", async (title) => {
    for (const colorScheme of ["light", "dark"] as const) {
      const { page, complaints } = await openPage(browser, lab.url, { colorScheme });
      await page.getByRole("navigation").getByRole("link", { name: title }).click();
      await page.getByRole("heading", { level: 1 }).first().waitFor();
      expect(await page.title()).toContain(title);
      await page.waitForLoadState("networkidle");
      expect(await accessibilityProblems(page)).toEqual([]);
      expect(complaints).toEqual([]);
      await page.context().close();
    }
  });

  test("no page is wider than a phone", async () => {
    for (const title of PAGES) {
      const viewport = { width: 390, height: 844 };
      const { page } = await openPage(browser, `${lab.url}#/${title.toLowerCase()}`, { viewport });
      await page.getByRole("heading", { level: 1 }).first().waitFor();
      await page.waitForLoadState("networkidle");
      expect({ title, width: await page.evaluate(() => document.documentElement.scrollWidth) }).toEqual({
        title,
        width: 390,
      });
      await page.context().close();
    }
  });

  test("the theme is the system's until a person chooses, and stays chosen", async () => {
    const { page } = await openPage(browser, lab.url, { colorScheme: "dark" });
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    expect(await background()).toBe("rgb(21, 23, 26)");
    await page.getByLabel("Colours").selectOption("light");
    expect(await background()).toBe("rgb(253, 253, 251)");
    await page.reload();
    expect(await background()).toBe("rgb(253, 253, 251)");
    await page.context().close();
  });

  test("an address that is no page says so and shows the way", async () => {
    const { page, complaints } = await openPage(browser, `${lab.url}#/playgroud`);
    await page.getByText("There is no page “playgroud”").waitFor();
    await page.getByRole("main").getByRole("link", { name: "Playground" }).click();
    await page.getByRole("heading", { name: "Playground" }).waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});
