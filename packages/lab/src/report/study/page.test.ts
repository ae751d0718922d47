import { JSDOM } from "jsdom";
import { beforeAll, expect, test } from "vitest";
import { ACCURACY, LOSS, madeUpStudy } from "../../../fixtures/made-up-study.ts";
import { assessStudy } from "../../study/assess.ts";
import { claimsCsv, reportCsv, reportJson, studyRunsCsv } from "./export.ts";
import { escaped, reportLatex } from "./latex.ts";
import { renderStudyReport } from "./page.ts";

const study = madeUpStudy({
  rules: [{ name: "adamw" }, { name: "sgd", effect: 0.2 }, { name: "lion" }, { name: "wild", unstable: 0.4 }],
  tasks: [
    { name: "spirals", metric: LOSS },
    { name: "digits", metric: ACCURACY },
  ],
});
const assessment = assessStudy(study);
const parse = (text: string) => new JSDOM(text).window.document;
let text: string;
let document: ReturnType<typeof parse>;

beforeAll(() => {
  text = renderStudyReport(assessment);
  document = parse(text);
});

const texts = (selector: string, root: Pick<Element, "querySelectorAll"> = document) =>
  [...root.querySelectorAll(selector)].map((element) => element.textContent ?? "");

test("renderStudyReport() keeps the order in which one should believe it", () => {
  expect([...document.querySelectorAll("h2")].map(({ id }) => id)).toEqual([
    ...["run", "bands", "tuning", "differences", "aggregate", "switches", "rates", "runs", "claims", "made"],
  ]);
});

test("renderStudyReport() says about rules what the claims say", () => {
  expect(document.querySelector(".answer")?.textContent).toMatch(
    /^Over all tasks, sgd.* worse than adamw; lion.* not distinguishable from adamw/,
  );
  const single = assessment.claims.filter(({ condition }) => condition.task !== "all");
  const refuted = single.filter(({ verdict }) => verdict === "refuted").length;
  expect(refuted).toBeGreaterThanOrEqual(2);
  expect(document.querySelector(".verdicts")?.textContent).toContain(
    `0 of ${single.length} comparisons find a rule better than adamw, ${refuted} worse`,
  );
  const rows = texts("#claims ~ details tbody tr td:first-child");
  expect(rows.sort()).toEqual(assessment.claims.map(({ claim }) => claim).sort());
});

test("renderStudyReport() puts means and marks into the table of rules and tasks", () => {
  const [, , sgd, lion, wild] = [...document.querySelectorAll("table.main tr")].map((row) =>
    texts("th, td", row),
  );
  const mean = assessment.conditions[0]!.cells[1]!.value!.mean!;
  expect(sgd![1]).toContain(mean.toFixed(3));
  expect(sgd![1]).toContain("▼");
  expect(sgd![2]).toContain("▼");
  expect(lion!.join()).not.toMatch(/[▲▼]/);
  expect(wild![1]).toMatch(/\d+ of 20 lost/);
});

test("renderStudyReport() loads nothing: no script, no style sheet, no picture, no address", () => {
  expect([
    ...document.querySelectorAll("script, link, img, iframe, object, embed, base, image, use"),
  ]).toEqual([]);
  expect([...document.querySelectorAll("[src], [srcset], [onclick], [onload]")]).toEqual([]);
  expect(texts("style").join("\n")).not.toMatch(/url\((?!#)|@import|@font-face/);
  for (const link of document.querySelectorAll("a")) expect(link.getAttribute("href")).toMatch(/^(#|\.\/)/);
});

test("renderStudyReport() is well formed, its ids are unique, and its links lead somewhere", () => {
  const body = document.body.innerHTML;
  expect(parse(`<!doctype html><body>${body}</body>`).body.innerHTML).toBe(body);
  const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const href of [...document.querySelectorAll("a[href^='#']")].map((a) => a.getAttribute("href")!)) {
    expect(ids).toContain(href.slice(1));
  }
});

test("renderStudyReport() gives the same bytes for the same assessment", () => {
  expect(renderStudyReport(assessment) === text).toBe(true);
});

test("renderStudyReport() links every run to its folder", () => {
  const links = [...document.querySelectorAll("table.runs a")].map((a) => a.getAttribute("href"));
  expect(links).toHaveLength(study.results.size);
  expect(new Set(links)).toEqual(new Set([...study.results.values()].map(({ folder }) => `./../${folder}/`)));
});

test("renderStudyReport() names every drawing for those who do not see it", () => {
  for (const svg of document.querySelectorAll("figure svg[role=img]"))
    expect(svg.getAttribute("aria-label")).not.toBe("");
  expect(document.querySelectorAll("figure svg[role=img]").length).toBeGreaterThan(12);
});

test("renderStudyReport() escapes whatever the study says", () => {
  const evil = `<script>alert("x")</script><img src=x onerror='1'>`;
  const hostile = assessStudy({
    ...study,
    ...{ name: evil, command: evil, machine: { [evil]: evil } },
    tasks: study.tasks.map((task) => ({ ...task, description: evil, architecture: evil })),
    rules: study.rules.map((rule) => ({ ...rule, spec: evil, formula: evil, source: evil })),
    results: new Map(
      [...study.results].map(([id, result]) => [id, { ...result, reason: evil, folder: `${evil}${id}` }]),
    ),
  });
  const page = parse(renderStudyReport(hostile));
  expect([...page.querySelectorAll("script, img")]).toEqual([]);
  expect(page.title).toBe(evil);
});

test("renderStudyReport() of a study that has hardly begun is a page, too", () => {
  const begun = new Map([...study.results].filter(([id]) => id < 5));
  const page = parse(renderStudyReport(assessStudy({ ...study, results: begun, finishedAt: null })));
  expect(page.querySelector(".answer")?.textContent).toBe("Nothing can be compared with adamw yet.");
  expect(page.querySelectorAll("h2")).toHaveLength(10);
});

test("reportJson() is the assessment", () => {
  expect(JSON.parse(reportJson(assessment))).toEqual(assessment);
});

test("reportCsv(), claimsCsv() and studyRunsCsv() have a row for each cell, claim and run", () => {
  const rows = (csv: string) =>
    csv
      .trimEnd()
      .split("\r\n")
      .map((line) => line.split(","));
  const [head, ...cells] = rows(reportCsv(assessment));
  expect(cells).toHaveLength(2 * 4);
  const sgd = Object.fromEntries(head!.map((name, k) => [name, cells[1]![k]]));
  expect(sgd).toMatchObject({ task: "spirals", rule: "sgd", side: "higher", minus: "adamw", seeds: "10" });
  expect(Number(sgd.difference)).toBe(assessment.conditions[0]!.differences[0]!.mean);
  expect(claimsCsv(assessment).match(/\r\n/g)).toHaveLength(1 + assessment.claims.length);
  expect(studyRunsCsv(assessment).match(/\r\n/g)).toHaveLength(1 + assessment.runs.length);
});

test("reportLatex() marks what holds and escapes names", () => {
  const latex = reportLatex(assessment);
  expect(latex).toContain("rule & spirals & digits \\\\");
  expect(latex).toMatch(
    /^sgd & 0\.\d+\$\^\{\\blacktriangledown\}\$ \\scriptsize\[0\.\d+, 0\.\d+\] & 0\.\d+\$\^\{\\blacktriangledown\}\$/m,
  );
  expect(latex).toMatch(/^lion & [^$]*\\\\$/m);
  expect(latex).toMatch(/^wild & \d+ of 10 lost/m);
  expect(escaped("a_b & 5% {x} \\ ~ ^ # $ < >")).toBe(
    "a\\_b \\& 5\\% \\{x\\} \\textbackslash{} \\textasciitilde{} \\textasciicircum{} \\# \\$ \\textless{} \\textgreater{}",
  );
});
