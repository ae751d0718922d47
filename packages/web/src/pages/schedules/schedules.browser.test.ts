/** Schedules: composed by dragging and by text; the finder and the noise scale, on a network in the page. */
import { describe, expect, test } from "vitest";
import { accessibilityProblems, withoutBrowser } from "../../../testing/lab.ts";
import { visitLab } from "../../../testing/visit.ts";

const visit = visitLab("schedules");

describe.skipIf(withoutBrowser)(`schedules ${withoutBrowser}`, () => {
  test("a border is dragged, by hand and by keys, parts are added and taken away, and the text follows", async () => {
    const { page, complaints } = await visit.open(
      `#/schedules?spec=warmup(10%25) > constant(50%25) > cosine`,
    );
    const text = page.getByLabel("Schedule", { exact: true });
    const border = page.getByRole("slider", { name: "Border behind warmup" });
    const track = (await page.getByRole("group", { name: "Parts of the schedule" }).boundingBox())!;
    const box = (await border.boundingBox())!;
    await page.mouse.move(box.x + 4, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(track.x + track.width * 0.3, box.y + 20, { steps: 6 });
    await page.mouse.up();
    expect(await text.inputValue()).toMatch(
      /^warmup\((29|30)[\d.]*%\) > constant\((29|30|31)[\d.]*%\) > cosine$/,
    );
    const before = Number(await border.getAttribute("aria-valuenow"));
    await border.focus();
    await page.keyboard.press("ArrowLeft");
    await expect.poll(async () => Number(await border.getAttribute("aria-valuenow"))).toBe(before - 10);
    await page.getByRole("button", { name: "rex", exact: true }).click();
    await expect.poll(() => text.inputValue()).toMatch(/> cosine\([\d.]+%\) > rex$/);
    await page.getByRole("button", { name: "take it away" }).click();
    await expect.poll(() => text.inputValue()).toMatch(/> cosine$/);
    await page.getByRole("button", { name: /^constant \d+$/ }).focus();
    await page.keyboard.press("Alt+ArrowLeft");
    await expect.poll(() => text.inputValue()).toMatch(/^constant\([\d.]+%\) > warmup/);
    expect(await accessibilityProblems(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });

  test("a wrong text is told where it is wrong, and its address keeps it", async () => {
    const { page, complaints } = await visit.open(`#/schedules`);
    const text = page.getByLabel("Schedule", { exact: true });
    await text.fill("warmup(100) > cosin");
    await page.getByText(/at column 15: "cosin" is no schedule\. Did you mean "cosine"/).waitFor();
    await text.fill("warmup(100) > cosine(floor=0.1)");
    await page
      .getByRole("button", { name: /^cosine/ })
      .last()
      .waitFor();
    await page.waitForFunction(() => location.hash.includes("floor"));
    await page.reload();
    expect(await text.inputValue()).toBe("warmup(100) > cosine(floor=0.1)");
    expect(complaints).toEqual([]);
  });

  test("the finder suggests a rate for a network in the page, beside what other tools would say", async () => {
    const { page, complaints } = await visit.open(`#/schedules?part=rate&rule=adam`);
    await page.getByRole("button", { name: "Find the rate" }).last().click();
    await page.getByText(/^Suggested:/).waitFor({ timeout: 100_000 });
    const suggested = Number(await page.locator(".answer strong").textContent());
    expect(suggested).toBeGreaterThan(1e-4); // adam's usual rates for a small network
    expect(suggested).toBeLessThan(0.1);
    expect(await page.getByRole("rowheader", { name: "fastai.valley" }).count()).toBe(1);
    expect(await accessibilityProblems(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });

  test("the noise scale is measured, used, and rates are scaled: 0.1 at 256 is 3.2 at 8192, linearly", async () => {
    const { page, complaints } = await visit.open(`#/schedules?part=batch&lr=0.1&from=256&to=8192`);
    expect(await page.getByRole("row", { name: /^linear/ }).textContent()).toContain("3.2"); // Goyal et al., arXiv:1706.02677
    await page.getByRole("button", { name: "Train and measure" }).click();
    await page.getByRole("row", { name: /^1000 / }).waitFor({ timeout: 100_000 });
    await page.getByRole("button", { name: "use" }).first().click();
    await page.waitForFunction(() => location.hash.includes("noise="));
    expect(await accessibilityProblems(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });
});
