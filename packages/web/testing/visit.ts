/** For the tests of one file: a lab over an empty folder of its own, and a browser; both end with the file. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContextOptions } from "playwright-core";
import { afterAll, beforeAll } from "vitest";
import { type OpenLab, type OpenPage, openBrowser, openLab, openPage, withoutBrowser } from "./lab.ts";

export interface Visit {
  /** The lab's. */
  readonly folder: string;
  /** A page by what follows the lab's address, as "#/runs", or by its whole address. */
  open(address: string, options?: BrowserContextOptions): Promise<OpenPage>;
}

/** Must be called where hooks may be declared. Without a browser nothing is opened: its tests are skipped. */
export function visitLab(name: string): Visit {
  const folder = mkdtempSync(join(tmpdir(), `thalweg-${name}-`));
  let lab: OpenLab | undefined;
  let browser: Browser | undefined;
  beforeAll(async () => {
    if (withoutBrowser === "") [lab, browser] = await Promise.all([openLab(folder), openBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
    await lab?.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  return {
    folder,
    open: (address, options) => openPage(browser!, new URL(address, lab!.url).href, options),
  };
}
