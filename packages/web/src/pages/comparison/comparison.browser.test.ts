/** The page of comparisons as a person uses it: write a study, read its mistakes, start it, watch it finish, stop and resume one, ask it. */
import { describe, expect, test } from "vitest";
import { accessibilityProblems, withoutBrowser } from "../../../testing/lab.ts";
import { visitLab } from "../../../testing/visit.ts";

const visit = visitLab("comparison");

const study = (name: string, rules: string, seeds: number) =>
  `name: ${name}\ntasks: [quad-deep]\nrules: [${rules}]\nschedules: ["constant"]\nsteps: 70\ntrials: 2\nreplicates: 2\nseeds: ${seeds}\n`;

describe.skipIf(withoutBrowser)(`the page of comparisons ${withoutBrowser}`, () => {
  test("tells a study's mistakes, begins it, shows it while it runs and what it says, and answers claims", async () => {
    const { page, complaints } = await visit.open(`#/comparison`);
    await page.getByText("New study").click();
    const text = page.getByLabel("study.yaml");
    await text.fill(study("tiny", "adamw, sgdd", 2));
    await page.getByText(/study\.yaml:3:\d+/).waitFor();
    await page.getByText(/sgdd/).last().waitFor();
    expect(await page.getByRole("button", { name: "Start" }).isDisabled()).toBe(true);
    await text.fill(study("tiny", "adamw, sgd", 2));
    await page.getByText(/It goes into/).waitFor();
    await page.getByRole("button", { name: "Start" }).click();

    await page.getByText(/^\d+ of 16 trials and runs/).waitFor({ timeout: 90_000 });
    await page.getByText(/^16 of 16 trials and runs.*finished/).waitFor({ timeout: 120_000 });
    await page.getByRole("heading", { name: "Differences to adamw" }).waitFor();
    await page.getByRole("img", { name: /^A\/A differences on quad-deep/ }).waitFor();
    await expect
      .poll(() => page.getByRole("row", { name: /quad-deep (adamw|sgd)/ }).count(), { timeout: 30_000 })
      .toBe(16);

    await page.getByRole("textbox", { name: "Claim" }).fill("sgd is nice");
    await page.getByRole("button", { name: "Judge" }).click();
    await page.locator("pre.trouble").waitFor();
    await page.getByRole("textbox", { name: "Claim" }).fill("sgd better than adamw on quad-deep");
    await page.getByRole("button", { name: "Judge" }).click();
    await page
      .getByRole("article")
      .getByText(/supported|refuted|not distinguishable/)
      .first()
      .waitFor();
    await expect.poll(() => page.url(), { timeout: 5_000 }).toMatch(/claim=sgd\+better/);
    expect(await accessibilityProblems(page)).toEqual([]);
    // the refusal of a claim is an answer with status 400, which the browser notes
    expect(complaints.filter((one) => !one.includes("status of 400"))).toEqual([]);
    await page.context().close();
  }, 300_000);

  test("stops a study and resumes it, keeping what was done", async () => {
    const { page } = await visit.open(`#/comparison`);
    await page.getByText("New study").click();
    await page.getByLabel("study.yaml").fill(study("longer", "adamw, sgd, momentum", 30));
    await page.getByText(/It goes into/).waitFor();
    await page.getByRole("button", { name: "Start" }).click();
    const done = async () =>
      Number(/^(\d+) of/.exec(await page.getByText(/^\d+ of 192 trials and runs/).innerText())?.[1]);
    await page.getByText(/^\d+ of 192 trials and runs/).waitFor({ timeout: 90_000 });
    await expect.poll(done, { timeout: 60_000 }).toBeGreaterThan(0);
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByText(/at rest$/).waitFor({ timeout: 60_000 });
    const before = await done();
    expect(before).toBeLessThan(192);
    await page.getByRole("button", { name: "Resume" }).click();
    await expect.poll(done, { timeout: 90_000 }).toBeGreaterThan(before);
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByText(/at rest$/).waitFor({ timeout: 60_000 });
    await page.context().close();
  }, 300_000);
});
