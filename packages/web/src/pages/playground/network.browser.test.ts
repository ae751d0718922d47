/** The network in the page: it compiles, learns, and shows what it believes and the landscape it crossed. */
import { describe, expect, test } from "vitest";
import { accessibilityProblems, withoutBrowser } from "../../../testing/lab.ts";
import { visitLab } from "../../../testing/visit.ts";

const visit = visitLab("network");

describe.skipIf(withoutBrowser)(`the network ${withoutBrowser}`, () => {
  test.each([
    ["circles", "hidden=16&nets=adam(lr=0.02) | muon(lr=0.02)&upto=300&batch=64", 90],
    ["digits", "hidden=24&nets=adamw(lr=0.005)&upto=300", 90],
  ])("learns %s in the page, and its landscape can be looked at", async (set, query, least) => {
    const { page, complaints } = await visit.open(`#/playground?play=network&set=${set}&${query}`);
    await page.getByText(/parameters; all rules begin at the same ones/).waitFor({ timeout: 60_000 });
    await page.getByRole("button", { name: "Train", exact: true }).click();
    await page.getByText("step 300 of 300").waitFor({ timeout: 90_000 });
    await expect
      .poll(async () =>
        (await page.locator(".facts").allTextContents()).map((text) =>
          Number(/test ([\d.]+) %/.exec(text)?.[1]),
        ),
      )
      .toSatisfy((accuracies: number[]) => accuracies.length > 0 && accuracies.every((one) => one > least));
    await page.getByRole("button", { name: "Look at its loss landscape" }).click();
    await page
      .getByText(/Training loss through the start/)
      .last()
      .waitFor({ timeout: 90_000 });
    expect(await accessibilityProblems(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });

  test("a rule that the page cannot train says why, and the others go on", async () => {
    const { page, complaints } = await visit.open(
      `#/playground?play=network&set=clouds&hidden=4&nets=svrg | sgd(lr=0.1)&upto=40`,
    );
    await page.getByText(/asks for the gradient of all data/).waitFor({ timeout: 60_000 });
    await page.getByRole("button", { name: "Train", exact: true }).click();
    await page.getByText("step 40 of 40").waitFor({ timeout: 60_000 });
    expect(await page.locator(".facts").count()).toBe(1);
    expect(complaints).toEqual([]);
  });
});
