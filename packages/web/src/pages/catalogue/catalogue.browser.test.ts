/** The catalogue: find a rule, read it, see it held to other people's code, and take it to the playground. */
import { catalogue, entryNames, schedules } from "@thalweg/optim";
import { describe, expect, test } from "vitest";
import { accessibilityProblems, withoutBrowser } from "../../../testing/lab.ts";
import { visitLab } from "../../../testing/visit.ts";

const visit = visitLab("catalogue");

describe.skipIf(withoutBrowser)(`the catalogue ${withoutBrowser}`, () => {
  test("a rule is found by words, read in a dialect, and opened in the playground", async () => {
    const { page, complaints } = await visit.open(`#/catalogue`);
    await page.getByRole("searchbox").fill("root mean square");
    await page.getByRole("link", { name: "rmsprop", exact: true }).click();
    await page.getByRole("heading", { name: "rmsprop", level: 1 }).waitFor();
    await page.getByRole("combobox", { name: "dialect" }).selectOption("keras");
    await page.getByText("rmsprop(dialect=keras)").first().waitFor();
    await page.getByText(/✓\s*follows \d+ recordings of other code/).waitFor();
    const badge = (await page.locator(".badge").textContent())!;
    const [reference, kernel] = [...badge.matchAll(/(\d)e−(\d+)/g)].map(([, digit, power]) =>
      Number(`${digit}e-${power}`),
    );
    expect(reference).toBeLessThan(1e-12);
    expect(kernel).toBeLessThan(2e-6);
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.getByRole("link", { name: "open in the playground" }).click();
    await page.getByRole("button", { name: "rmsprop", exact: true }).waitFor();
    expect(complaints).toEqual([]);
  });

  test("every rule, transform, wrapper and schedule opens without complaint", async () => {
    const { page, complaints } = await visit.open(`#/catalogue`);
    await page.getByRole("heading", { name: "Catalogue" }).waitFor();
    const addresses = [
      ...entryNames.map((name) => ["rule", name] as const),
      ...Object.keys(schedules).map((name) => ["schedule", name] as const),
    ];
    for (const [kind, name] of addresses) {
      await page.evaluate((hash) => {
        location.hash = hash;
      }, `#/catalogue/${kind}/${name}`);
      await page.getByRole("heading", { name, exact: true, level: 1 }).waitFor();
    }
    expect(await page.getByRole("alert").count()).toBe(0);
    expect(complaints).toEqual([]);
    expect(addresses.length).toBeGreaterThan(Object.keys(catalogue).length);
  });

  test("a schedule's text is changed and drawn, and a mistake points at its place", async () => {
    const { page, complaints } = await visit.open(`#/catalogue/schedule/cosine`);
    await page.getByLabel("Text").fill("cosine(floor=0.1");
    await page
      .getByRole("alert")
      .getByText(/at column 17/)
      .waitFor();
    await page.getByLabel("Text").fill("cosine(floor=0.1)");
    await page.getByRole("img", { name: "Factor of cosine(floor=0.1) over 400 steps" }).waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });
});
