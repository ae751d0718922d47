/**
 * For tests in a real browser: the lab as a person starts it (`thalweg lab`), Chromium, and pages that remember every complaint of theirs.
 *
 *   const lab = await openLab(folder);
 *   const browser = await openBrowser();
 *   const { page, complaints } = await openPage(browser, `${lab.url}#/playground`);
 *   ...
 *   expect(complaints).toEqual([]);
 *   expect(await accessibilityProblems(page)).toEqual([]);
 */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { findBrowser } from "../../../scripts/testing/find-browser.mjs";

const THALWEG = fileURLToPath(new URL("../../lab/bin/thalweg.mjs", import.meta.url));

/** Why tests of pages are skipped; empty where there is a browser. */
export const withoutBrowser =
  findBrowser() === undefined ? "skipped: no Chromium here; npm test installs one where it can" : "";

export interface OpenLab {
  readonly url: string;
  close(): Promise<void>;
}

/** `thalweg lab` in a process of its own, on a free port, with the pages built if they were not. */
export async function openLab(folder: string): Promise<OpenLab> {
  const words = [THALWEG, "lab", "--port", "0", "--folder", folder, "--json"];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk) => {
    said += chunk;
  });
  const url = await new Promise<string>((done, fail) => {
    let output = "";
    child.stdout.on("data", (chunk) => {
      output += chunk;
      const found = /"url":\s*"([^"]+)"/.exec(output)?.[1];
      if (found !== undefined) done(found);
    });
    child.once("close", (code) => fail(new Error(`thalweg lab ended with ${code}: ${said}`)));
    child.once("error", fail);
  });
  return { url, close: () => ended(child) };
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return Promise.resolve();
  return new Promise((done) => {
    child.once("close", () => done());
    child.kill("SIGINT");
  });
}

export function openBrowser(): Promise<Browser> {
  const executablePath = findBrowser();
  if (executablePath === undefined) throw new Error("Cannot open a browser as none was found");
  return chromium.launch({ executablePath, args: FLAGS });
}

/** Without a screen, without a sandbox (tests may run as root), and without looking for anything outside this machine. */
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export interface OpenPage {
  readonly page: Page;
  /** Errors and warnings of the console, exceptions, requests that failed: empty when all is well. */
  readonly complaints: string[];
}

export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<OpenPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const complaints: string[] = [];
  page.on("console", (message) => {
    const { url } = message.location();
    if (["error", "warning"].includes(message.type())) complaints.push(`${message.text()} (${url})`);
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("requestfailed", (request) => {
    if (request.failure()?.errorText !== "net::ERR_ABORTED") complaints.push(`failed: ${request.url()}`);
  });
  await page.goto(url);
  return { page, complaints };
}

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe-core finds against WCAG 2.1 A and AA on the page as it is now, in one line each. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  await page.evaluate(axe); // through the debugger, which the page's policy against foreign script does not hold up
  return page.evaluate(async () => {
    const { violations } = await (
      globalThis as unknown as {
        axe: {
          run(
            root: Document,
            options: unknown,
          ): Promise<{
            violations: { id: string; help: string; nodes: { html: string; failureSummary?: string }[] }[];
          }>;
        };
      }
    ).axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] });
    return violations.flatMap(({ id, help, nodes }) =>
      nodes.map(
        ({ html, failureSummary = "" }) =>
          `${id}: ${help}: ${html.slice(0, 160)} ${failureSummary.slice(0, 200)}`,
      ),
    );
  });
}
