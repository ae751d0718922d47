import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Page, serveFolder } from "./serve.ts";

const root = mkdtempSync(join(tmpdir(), "thalweg-serve-"));
const folder = join(root, "comparison");
let page: Page;
beforeAll(async () => {
  mkdirSync(join(folder, "runs", "1"), { recursive: true });
  writeFileSync(join(folder, "report.html"), "<h1>report</h1>");
  writeFileSync(join(folder, "runs", "1", "config.json"), "{}");
  writeFileSync(join(root, "secret.txt"), "secret");
  page = await serveFolder(folder);
});
afterAll(async () => {
  await page.close();
  rmSync(root, { recursive: true });
});

/** A request whose path is sent as it is: fetch would tidy it up. */
const raw = (path: string, host = "127.0.0.1"): Promise<{ status: number; body: string }> =>
  new Promise((done, fail) => {
    request({ host, port: new URL(page.url).port, path }, (response) => {
      let body = "";
      response.on("data", (chunk) => {
        body += chunk;
      });
      response.on("end", () => done({ status: response.statusCode!, body }));
    })
      .on("error", fail)
      .end();
  });

describe("serveFolder()", () => {
  test("shows the report at / and files below it", async () => {
    const response = await fetch(page.url);
    expect(response.headers.get("content-type")).toMatch(/text\/html/);
    expect(await response.text()).toBe("<h1>report</h1>");
    expect(await (await fetch(`${page.url}runs/1/config.json`)).text()).toBe("{}");
    expect((await fetch(`${page.url}nothing.html`)).status).toBe(404);
  });

  test.each([
    "/../secret.txt",
    "/%2e%2e/secret.txt",
    "/..%2fsecret.txt",
    "/runs/../../secret.txt",
    "/..\\secret.txt",
  ])("serves nothing outside the folder: %s", async (path) => {
    const { status, body } = await raw(path);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(body).not.toContain("secret");
  });

  test("can be reached from this machine only", async () => {
    const others = Object.values(networkInterfaces())
      .flatMap((entries) => entries ?? [])
      .filter(({ family, internal }) => family === "IPv4" && !internal);
    for (const { address } of others) await expect(raw("/", address)).rejects.toThrow();
    expect(new URL(page.url).hostname).toBe("127.0.0.1");
  });

  test("rejects a port that is taken", async () => {
    const port = Number(new URL(page.url).port);
    await expect(serveFolder(folder, port)).rejects.toMatchObject({ code: "EADDRINUSE" });
  });
});
