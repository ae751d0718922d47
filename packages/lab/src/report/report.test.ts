import { JSDOM } from "jsdom";
import { beforeAll, expect, test } from "vitest";
import { madeUpComparison } from "../../fixtures/made-up-comparison.ts";
import * as format from "./format.ts";
import { renderReport } from "./report.ts";
import { folderHref } from "./runs.ts";

const comparison = madeUpComparison({ diverges: ["lion", 2] });
const parse = (text: string) => new JSDOM(text).window.document;
let text: string;
let document: ReturnType<typeof parse>;

beforeAll(() => {
  text = renderReport(comparison);
  document = parse(text);
});

const texts = (selector: string, root: Pick<Element, "querySelectorAll"> = document) =>
  [...root.querySelectorAll(selector)].map((element) => element.textContent ?? "");

test("renderReport() puts the data's numbers into the main table", () => {
  const [, ...table] = [...document.querySelectorAll("table.main tr")].map((row) => texts("th, td", row));
  expect(table).toHaveLength(6);
  comparison.rules.forEach((rule, index) => {
    const [name, accuracy, difference, verdict, loss, steps, cost] = table[index] ?? [];
    expect(name).toBe(rule.name);
    if (rule.accuracy.mean !== null) {
      expect(accuracy).toContain((100 * rule.accuracy.mean).toFixed(2));
      expect(accuracy).toContain(
        `[${(100 * rule.accuracy.interval!.low).toFixed(2)}, ${(100 * rule.accuracy.interval!.high).toFixed(2)}]`,
      );
      expect(loss).toContain(rule.loss.mean!.toFixed(4));
    }
    if (rule.difference) expect(verdict).toContain(rule.difference.accuracy.verdict);
    if (rule.difference?.accuracy.mean)
      expect(difference).toContain((100 * Math.abs(rule.difference.accuracy.mean)).toFixed(2));
    expect(steps).toContain(format.count(rule.gradientsToTarget.median!));
    expect(cost).toContain(format.count(rule.cost.tuningGradients + rule.cost.finalGradients));
  });
});

test("renderReport() gives the same bytes for the same comparison", () => {
  expect(renderReport(madeUpComparison({ diverges: ["lion", 2] })) === text).toBe(true);
});

test("renderReport() answers first and keeps the reader's order", () => {
  expect(document.querySelector(".answer")?.textContent).toMatch(/^adamw has the highest mean test accuracy/);
  expect(texts("h2")).toEqual([
    "Learning curves",
    "Sensitivity to the learning rate",
    "Differences, seed by seed",
    "The rules",
    "Every run",
    "How this was made",
  ]);
});

test("renderReport() loads nothing: no script, no style sheet, no image, no address but links to papers", () => {
  expect([
    ...document.querySelectorAll("script, link, img, iframe, object, embed, base, image, use"),
  ]).toEqual([]);
  expect([...document.querySelectorAll("[src], [srcset]")]).toEqual([]);
  const style = texts("style").join("\n");
  expect(style).not.toMatch(/url\((?!#)|@import|@font-face/);
  const outside = [...document.querySelectorAll("a")]
    .map((a) => a.getAttribute("href") ?? "")
    .filter((href) => /^\w+:|^\/\//.test(href));
  expect(outside.length).toBeGreaterThan(0);
  for (const href of outside) expect(href).toMatch(/^https:\/\/(arxiv|doi)\.org\//);
});

test("renderReport() is well formed: every tag it opens it closes, and ids are unique", () => {
  // Serialising the parsed page and parsing it again changes nothing, which fails when tags were misnested.
  const body = document.body.innerHTML;
  expect(parse(`<!doctype html><body>${body}</body>`).body.innerHTML).toBe(body);
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.getAttribute("id"));
  expect(new Set(ids).size).toBe(ids.length);
  for (const tag of [
    "table",
    "tr",
    "td",
    "th",
    "div",
    "figure",
    "details",
    "section",
    "svg",
    "math",
    "article",
  ]) {
    const opened = text.match(new RegExp(`<${tag}[\\s>]`, "g"))?.length ?? 0;
    expect(text.match(new RegExp(`</${tag}>`, "g"))?.length ?? 0, tag).toBe(opened);
  }
});

test("renderReport() draws every trial: dots for those that finished, crosses with a reason for those that diverged", () => {
  const panels = [...document.querySelectorAll(".panels figure")];
  expect(panels).toHaveLength(6);
  comparison.rules.forEach((rule, index) => {
    const hints = texts("title", panels[index]!);
    expect(hints).toHaveLength(rule.trials.length);
    const diverged = rule.trials.filter(({ status }) => status === "diverged");
    expect(hints.filter((hint) => hint.includes("diverged at step"))).toHaveLength(diverged.length);
    const caption = panels[index]?.querySelector("figcaption")?.textContent;
    if (diverged.length > 0)
      expect(caption).toContain(`${rule.trials.length} trials, ${diverged.length} diverged`);
  });
  expect(comparison.rules.flatMap(({ trials }) => trials).some(({ status }) => status === "diverged")).toBe(
    true,
  );
});

test("renderReport() marks the final run that diverged, in the curves, the table and the answer", () => {
  expect(texts("figure title").filter((hint) => hint === "lion: a run diverged here")).toHaveLength(4); // 2 charts, wide and narrow
  expect(texts("table.main tr").at(-1)).toContain("1 of 5 diverged");
  expect(document.querySelector(".verdicts")?.textContent).toContain("lion diverged on at least one seed");
});

test("renderReport() lists every run with a relative link to its folder", () => {
  const links = [...document.querySelectorAll("details td a")].map((a) => [
    a.textContent,
    a.getAttribute("href"),
  ]);
  const folders = comparison.rules.flatMap(({ trials, runs }) =>
    [...trials, ...runs].map(({ folder }) => folder),
  );
  expect(links).toEqual(folders.map((folder) => [folder, `./${folder}/`]));
});

test("folderHref() cannot leave the disk whatever a folder is called", () => {
  expect(folderHref("runs/a b#1?x")).toBe("./runs/a%20b%231%3Fx/");
  expect(folderHref("javascript:alert(1)")).toBe("./javascript%3Aalert(1)/");
  expect(folderHref("//host/x")).toBe("./host/x/");
});

test("renderReport() escapes whatever the data says", () => {
  const evil = `<script>alert("x")</script><img src=x onerror='1'>`;
  const rule = comparison.rules[1]!;
  const trial = {
    ...rule.trials[0]!,
    folder: evil,
    reason: evil,
    hyperparameters: { lr: 0.1, [evil]: evil },
  };
  const hostile = renderReport({
    ...comparison,
    title: evil,
    command: evil,
    task: { ...comparison.task, name: evil, description: evil, model: evil, lossUnit: evil },
    machine: { ...comparison.machine, cpu: evil },
    rules: [
      { ...comparison.rules[0]!, name: evil },
      {
        ...rule,
        formula: evil,
        latex: evil,
        source: evil,
        tuned: { lr: 0.1, [evil]: evil },
        trials: [trial],
      },
    ],
  });
  const parsed = parse(hostile);
  expect([...parsed.querySelectorAll("script, img, [onerror]")]).toEqual([]);
  expect(parsed.title).toBe(evil);
  expect(parsed.querySelector("table.main tbody th")?.textContent).toBe(evil);
});

test("renderReport() works for one rule, for one seed, and when nothing finished", () => {
  const alone = parse(renderReport(madeUpComparison({ rules: ["sgd"], seeds: 3, budget: 3 })));
  expect(texts("table.main thead th", alone).join()).not.toContain("Verdict");
  expect(alone.body.textContent).toContain("One rule: there is nothing to pair.");
  const single = parse(renderReport(madeUpComparison({ rules: ["sgd", "adam"], seeds: 1, budget: 3 })));
  expect(single.body.textContent).toContain("One seed cannot tell a difference from noise");
  expect(texts("table.main tbody tr", single).join()).toContain("one seed");
  const rule = comparison.rules.at(-1)!;
  const lost = { ...rule, trials: rule.trials.filter(({ status }) => status === "diverged"), runs: [] };
  expect(parse(renderReport({ ...comparison, rules: [lost] })).body.textContent).toContain(
    "No trial with a learning rate finished.",
  );
});
