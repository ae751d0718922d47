/** `thalweg lab --export`: the same pages from any web server, with finished results, a playground that works, and nothing that could be changed. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openBrowser, openPage, withoutBrowser } from "./lab.ts";

const THALWEG = fileURLToPath(new URL("../../lab/bin/thalweg.mjs", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "thalweg-export-"));
const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/** Somebody's web server that knows nothing of Thalweg, with the copy below a path of its own. */
function anyServer(folder: string): Server {
  return createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url!, "http://any").pathname).replace(
      /^\/some\/where\//,
      "",
    );
    try {
      const file = join(folder, normalize(path === "" ? "index.html" : path));
      const bytes = readFileSync(file);
      response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" });
      response.end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
}

let browser: Browser;
let server: Server;
let url = "";
beforeAll(async () => {
  if (withoutBrowser !== "") return;
  const [folder, copy] = [join(root, "runs"), join(root, "copy")];
  mkdirSync(folder);
  const trained = spawnSync(
    process.execPath,
    [THALWEG, "train", "digits-mlp", "--rule", "adamw", "--steps", "40", "--out", join(folder, "one")],
    { encoding: "utf8" },
  );
  expect(trained.status, trained.stderr).toBe(0);
  const exported = spawnSync(
    process.execPath,
    [THALWEG, "lab", "--folder", folder, "--export", copy, "--json"],
    {
      encoding: "utf8",
    },
  );
  expect(exported.status, exported.stderr).toBe(0);
  expect(JSON.parse(exported.stdout).answers).toContain("api/lab.json");
  writeFileSync(join(copy, "robots.txt"), "");
  server = anyServer(copy);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/some/where/`;
  browser = await openBrowser();
}, 300_000);
afterAll(async () => {
  await browser?.close();
  server?.close();
  rmSync(root, { recursive: true, force: true });
});

describe.skipIf(withoutBrowser)(`an exported copy ${withoutBrowser}`, () => {
  test("says what it is, and its playground races", async () => {
    const { page, complaints } = await openPage(
      browser,
      `${url}#/playground?on=ellipse&start=4,0&rules=sgd(lr=0.25)&steps=1`,
    );
    await page.getByText("exported copy").waitFor();
    await page.getByText("f = 4", { exact: true }).waitFor();
    expect(complaints).toEqual([]);
  });

  test("shows the runs that there were, and its conformance badges are found out anew", async () => {
    const { page, complaints } = await openPage(browser, `${url}#/runs`);
    await page.getByText(/adamw/).first().waitFor();
    await page.goto(`${url}#/catalogue/rule/lion`);
    await page.getByText(/✓\s*follows \d+ recordings/).waitFor();
    expect(complaints).toEqual([]);
  });
});
