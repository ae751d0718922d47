/** The frame of the pages: every page opens, can be reached by keyboard, reads well, and complains of nothing. */
import { describe, expect, test } from "vitest";
import { accessibilityProblems, withoutBrowser } from "./lab.ts";
import { visitLab } from "./visit.ts";

const PAGES = ["Playground", "Runs", "Comparison", "Landscape", "Schedules", "Catalogue"];
const visit = visitLab("pages");

describe.skipIf(withoutBrowser)(`the pages ${withoutBrowser}`, () => {
  test.each(PAGES)("%s opens from the navigation, light and dark, without complaint", async (title) => {
    for (const colorScheme of ["light", "dark"] as const) {
      const { page, complaints } = await visit.open("", { colorScheme });
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
      const { page } = await visit.open(`#/${title.toLowerCase()}`, { viewport });
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
    const { page } = await visit.open("", { colorScheme: "dark" });
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    expect(await background()).toBe("rgb(21, 23, 26)");
    await page.getByLabel("Colours").selectOption("light");
    expect(await background()).toBe("rgb(253, 253, 251)");
    await page.reload();
    expect(await background()).toBe("rgb(253, 253, 251)");
    await page.context().close();
  });

  test("an address that is no page says so and shows the way", async () => {
    const { page, complaints } = await visit.open(`#/playgroud`);
    await page.getByText("There is no page “playgroud”").waitFor();
    await page.getByRole("main").getByRole("link", { name: "Playground" }).click();
    await page.getByRole("heading", { name: "Playground" }).waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});
