/** The playground as a person uses it: drag, race, scrub, write a wrong formula, read what is wrong, mend it, and see it race. */
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { accessibilityProblems, withoutBrowser } from "../../../testing/lab.ts";
import { visitLab } from "../../../testing/visit.ts";

const visit = visitLab("playground");

const open = async (address: string) => {
  const opened = await visit.open(`#/playground${address}`);
  await opened.page.getByRole("button", { name: "Play", exact: true }).waitFor();
  return opened;
};
const query = (page: Page) => new URLSearchParams(new URL(page.url()).hash.split("?")[1] ?? "");
/** The address follows a fifth of a second behind. */
const settled = async (page: Page, name: string, value: string | RegExp) => {
  await page.waitForFunction(
    ([key, source]) =>
      new RegExp(source!).test(new URLSearchParams(location.hash.split("?")[1] ?? "").get(key!) ?? ""),
    [
      name,
      typeof value === "string" ? `^${value.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$` : value.source,
    ] as const,
  );
};
const outputOf = (page: Page, rule: string) =>
  page
    .locator("li")
    .filter({ has: page.getByRole("button", { name: rule, exact: true }) })
    .locator("output");

describe.skipIf(withoutBrowser)(`the playground ${withoutBrowser}`, () => {
  test("the start is dragged, by hand and by arrow keys, and the race follows", async () => {
    const { page, complaints } = await open("?on=ellipse&rules=sgd(lr=0.1)&steps=20");
    const before = await outputOf(page, "sgd").textContent();
    const handle = page.getByRole("button", { name: /^Start at/ });
    const box = (await handle.boundingBox())!;
    await page.mouse.move(box.x + 15, box.y + 15);
    await page.mouse.down();
    await page.mouse.move(box.x + 95, box.y + 75, { steps: 5 });
    await page.mouse.up();
    await settled(page, "start", /^-?[\d.]+,-?[\d.]+$/);
    await page.waitForTimeout(500); // the address follows a moment behind
    expect(await outputOf(page, "sgd").textContent()).not.toBe(before);
    const dragged = query(page).get("start");
    await handle.focus();
    await page.keyboard.press("ArrowRight");
    await page.waitForFunction((old) => !location.hash.includes(encodeURIComponent(old!)), dragged);
    const [x0, y0] = dragged!.split(",").map(Number);
    const [x1, y1] = query(page).get("start")!.split(",").map(Number);
    expect(x1).toBeGreaterThan(x0!);
    expect(y1).toBeCloseTo(y0!, 6);
    expect(complaints).toEqual([]);
  });

  test("a race is stepped, played, scrubbed, and is the same when its address is opened again", async () => {
    const { page, complaints } = await open("?on=ellipse&start=4,0&rules=sgd(lr=0.25)&steps=4");
    const count = page.locator("output.count");
    await page.getByRole("button", { name: "To the start" }).click();
    expect(await count.textContent()).toBe("step 0 of 4");
    expect(await outputOf(page, "sgd").textContent()).toBe("f = 16");
    await page.getByRole("button", { name: "One step on" }).click();
    expect(await outputOf(page, "sgd").textContent()).toBe("f = 4"); // x ← x (1 − 2 · 0.25)
    await page.getByRole("slider", { name: "Step", exact: true }).fill("3");
    expect(await outputOf(page, "sgd").textContent()).toBe("f = 0.25");
    await page.getByRole("button", { name: "Play", exact: true }).click();
    await page.getByText("step 4 of 4").waitFor();
    await page.locator("body").press(",");
    expect(await count.textContent()).toBe("step 3 of 4");
    const again = await visit.open(page.url());
    await again.page.getByText("f = 0.0625").waitFor(); // all four steps
    expect(complaints).toEqual([]);
  });

  test("a rule is added with a schedule, its rate is changed, and a mistake is told where it is made", async () => {
    const { page, complaints } = await open("?on=himmelblau&rules=sgd(lr=0.01)");
    await page.getByLabel("A rule to add").fill("clipByGlobalNorm(maxNorm=1) > adm");
    await page.getByRole("button", { name: "Add" }).click();
    await page.getByRole("alert").filter({ hasText: 'did you mean "adam"' }).waitFor();
    await page.getByRole("button", { name: "Remove clipByGlobalNorm > adm" }).click();
    await page.getByLabel("A rule to add").fill("adam(lr=0.1)");
    await page.keyboard.press("Enter");
    await page.getByLabel("Learning rate of adam", { exact: true }).fill("0.05");
    await page.keyboard.press("Enter");
    await settled(page, "rules", "sgd(lr=0.01) | adam(lr=0.05)");
    await page.getByLabel("Schedule of the learning rate").fill("warmup(10%) > cosin");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").filter({ hasText: 'Did you mean "cosine"' }).waitFor();
    await page.getByLabel("Schedule of the learning rate").fill("warmup(10%) > cosine");
    await page.keyboard.press("Enter");
    await settled(page, "rules", "sgd(lr=0.01) | adam(lr=0.05) @ warmup(10%) > cosine");
    expect(await outputOf(page, "adam").textContent()).toMatch(/^f = /);
    expect(complaints).toEqual([]);
  });

  test("a formula is edited: a mistake is underlined and explained, and what is mended joins the race", async () => {
    const { page, complaints } = await open("?on=ellipse&start=4,0&rules=sgd(lr=0.25)&steps=2");
    await page.getByRole("button", { name: "Edit a copy" }).click();
    const editor = page.getByRole("textbox", { name: "Formula of my-sgd" });
    await editor.waitFor();
    await page.getByText("It compiles").waitFor();
    await editor.fill("theta = theta - lr * gg");
    await page.locator(".cm-lintRange-error").waitFor();
    expect(await page.locator(".cm-lintRange-error").textContent()).toBe("gg");
    await page.getByRole("status").getByText('unknown name "gg"').waitFor();
    expect(await outputOf(page, "my-sgd").textContent()).toBe("f = 1"); // what compiled last goes on racing
    await editor.fill("m = beta * m + g\ntheta = theta - lr * m");
    await page.getByLabel("Hyperparameters").fill("lr=0.125, beta=0.5");
    await page.getByLabel("State, each from zero").fill("m");
    await page.getByText("It compiles").waitFor();
    await expect.poll(() => outputOf(page, "my-sgd").textContent()).toBe("f = 3.063"); // torch's momentum: x₂ = 1.75
    await page.locator(".katex").last().waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    const again = await visit.open(page.url());
    await again.page.getByText("f = 3.063").waitFor(); // the formula is in the address
    expect(complaints).toEqual([]);
  });

  test("a function is typed, with what is wrong in it, and raced on", async () => {
    const { page, complaints } = await open("?rules=sgd(lr=0.1)");
    await page.getByLabel("Surface").selectOption("typed");
    const field = page.getByLabel("f(x, y) =");
    await field.fill("x^2 + sn(y)");
    await page.getByText('There is no function "sn"').waitFor();
    expect(await field.getAttribute("aria-invalid")).toBe("true");
    await field.fill("x^2 + y^2 / 2 + 3");
    await page.getByText("Values and exact slopes").waitFor();
    await expect.poll(() => outputOf(page, "sgd").textContent()).toBe("f = 3");
    expect(complaints).toEqual([]);
  });

  test("seeds fan out under noise, rates make a U, and terms are shown", async () => {
    const { page, complaints } = await open(
      "?on=himmelblau&noise=5&seeds=4&steps=60&rules=sgd(lr=0.01) | adam(lr=0.1)",
    );
    await page.getByText("bands go from the lowest seed to the highest").waitFor();
    await page.getByRole("button", { name: "the end by learning rate" }).click();
    const chart = page.getByRole("img", { name: /by learning rate/ });
    await expect
      .poll(async () => (await chart.getAttribute("aria-label")) ?? "", { timeout: 30_000 })
      .toMatch(/sgd\(lr=0\.01\): best [\d.e−]+ at [\d.]+; adam\(lr=0\.1\): best/);
    await page.getByRole("button", { name: "inside a step" }).click();
    await page.getByRole("button", { name: "adam", exact: true }).click();
    for (const term of ["g over the steps", "m over the steps", "v over the steps", "Δθ over the steps"]) {
      await page.getByRole("img", { name: term }).waitFor();
    }
    expect(await accessibilityProblems(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });

  test("the surface stands up in three dimensions, where the browser can", async () => {
    const { page, complaints } = await open("?on=himmelblau&rules=adam(lr=0.1)");
    await page.getByRole("button", { name: "3-D" }).click();
    await page.locator(".relief canvas, .trouble").first().waitFor();
    await settled(page, "view", "3d");
    expect(complaints.filter((text) => !/WebGL|GPU stall/.test(text))).toEqual([]);
  });
});
