/** What the pages ask for, over a folder as `thalweg` leaves it, on a server as people start it. */
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRun } from "@thalweg/train";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { type LabServer, serveLab } from "./app.ts";
import { endpointsOf } from "./endpoints.ts";
import { keyOf, type RunSummary } from "./runs-index.ts";
import { decodeColumns } from "./testing.ts";

const root = mkdtempSync(join(tmpdir(), "thalweg-results-"));
const folder = join(root, "lab");
const closing = new AbortController();
let lab: LabServer;

const config = (seed: number) => ({
  ...{
    kind: "training",
    version: 2,
    task: "made-up",
    rule: "sgd",
    hyper: { lr: 0.1 },
    links: [{ update: "θ" }],
  },
  ...{ schedule: "constant", steps: 100, batchSize: 32, seed },
});
const evaluation = (step: number) => ({
  step,
  gradients: step,
  trainLoss: Number.NaN,
  testLoss: 1 / (1 + step),
  seconds: step / 10,
});

beforeAll(async () => {
  const pages = join(root, "pages");
  mkdirSync(pages, { recursive: true });
  writeFileSync(join(pages, "index.html"), '<meta name="thalweg" content="" />');
  const done = createRun(join(folder, "runs", "done"), config(1));
  for (const step of [0, 10, 20]) done.appendLine(evaluation(step));
  done.appendLine({ end: "diverged", reason: "it rose", step: 20 });
  createRun(join(folder, "runs", "live"), config(2)).appendLine(evaluation(0));
  createRun(join(root, "outside"), config(3)).appendLine(evaluation(0));
  symlinkSync(join(root, "outside"), join(folder, "runs", "link"));
  lab = await serveLab({
    folder,
    pages,
    port: 0,
    endpoints: endpointsOf({ folder, closing: closing.signal }),
  });
});
afterAll(async () => {
  closing.abort();
  await lab.close();
  rmSync(root, { recursive: true });
});

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(`${lab.url}api/${path}`, { headers });
const post = (path: string, body: unknown, token = lab.token) =>
  fetch(`${lab.url}api/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-thalweg-token": token },
    body: JSON.stringify(body),
  });
const runs = async () => ((await (await get("runs.json")).json()) as { runs: RunSummary[] }).runs;

describe("the runs of a lab", () => {
  test("are told with what they are and where they stand; a link out of the folder is none", async () => {
    const found = await runs();
    expect(found.map(({ folder: at }) => at).sort()).toEqual(["runs/done", "runs/live"]);
    const done = found.find(({ folder: at }) => at === "runs/done")!;
    expect(done).toMatchObject({
      status: "diverged",
      reason: "it rose",
      last: { step: 20, testLoss: 1 / 21 },
    });
    expect(done.config).toMatchObject({ rule: "sgd", seed: 1 });
    expect(done.config).not.toHaveProperty("links");
    expect(found.find(({ folder: at }) => at === "runs/live")).toMatchObject({ status: "running" });
  });

  test("give their evaluations as columns", async () => {
    const answer = await get(`runs/${keyOf("runs/done")}/columns.bin?only=step,testLoss`);
    const columns = decodeColumns(await answer.arrayBuffer());
    expect([...columns.get("step")!]).toEqual([0, 10, 20]);
    expect([...columns.get("testLoss")!]).toEqual([1, 1 / 11, 1 / 21]);
    expect([...columns.keys()]).toEqual(["step", "testLoss"]);
  });

  test("send what is new to those who watch, once", async () => {
    const key = keyOf("runs/live");
    await get(`runs/${key}/columns.bin`);
    const leave = new AbortController();
    const stream = await fetch(`${lab.url}api/runs/events`, { signal: leave.signal });
    const events = eventsOf(stream.body!);
    appendFileSync(
      join(folder, "runs", "live", "run.jsonl"),
      `${JSON.stringify({ step: 10, testLoss: 0.25 })}\n{"step":2`,
    );
    let rows: Record<string, unknown> | undefined;
    while (rows === undefined) {
      const { value } = await events.next();
      if (value?.type === "rows") rows = value;
    }
    expect(rows).toMatchObject({ key, from: 1, columns: { step: [10], testLoss: [0.25] } });
    leave.abort();
  });

  test.each([
    "..%2f..%2fsecret",
    "%2e%2e",
    "..\\..\\outside",
    keyOf("../outside"),
    keyOf("runs/link"),
    "__proto__",
    "x".repeat(5_000),
  ])("cannot be asked for what is outside: %s", async (key) => {
    for (const path of [
      `runs/${key}/run.json`,
      `runs/${key}/columns.bin`,
      `landscapes/${key}/surface.bin`,
      `studies/${key}/assessment.json`,
    ]) {
      const answer = await get(path);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
    }
  });
});

describe("work that pages start", () => {
  const resume = { kind: "resume", study: "0123456789abcdef" };

  test("needs the token of this start, our own origin, and our own name", async () => {
    expect((await post("jobs", resume, "wrong")).status).toBe(403);
    expect((await get("runs.json", { origin: "https://evil.example" })).status).toBe(403);
    expect(await statusForHost("evil.example")).toBe(403);
  });

  test.each([
    [{ kind: "shell", command: "rm" }, 400],
    [{ kind: "study", name: "../up", text: "name: x" }, 400],
    [{ kind: "study", name: "-rf", text: "name: x" }, 400],
    [{ kind: "study", name: "mine", text: "name: mine\ntasks: [nowhere]\nrules: [sgd]" }, 400],
    [{ kind: "landscape", run: "0123456789abcdef", plane: "filter; rm", points: 5 }, 400],
    [{ kind: "landscape", run: "0123456789abcdef", plane: "filter", points: 1e6 }, 400],
    [{ kind: "curvature", run: keyOf("runs/done") }, 409],
    [resume, 404],
  ])("is refused where it cannot be meant: %j", async (body, status) => {
    const answer = await post("jobs", body);
    expect(answer.status).toBe(status);
    expect(((await answer.json()) as { error: string }).error).toMatch(/^Cannot|must/);
    expect((await (await get("jobs.json")).json()) as unknown).toEqual({ jobs: [] });
  });

  test("has no bodies longer than a megabyte", async () => {
    expect((await post("studies/check", { text: "x".repeat(2 ** 20 + 1) })).status).toBe(413);
  });

  test("tells mistakes in a study with their place", async () => {
    const answer = await post("studies/check", { text: "name: mine\ntasks: [digits-mlp]\nrules: [sgdd]\n" });
    const { ok, error } = (await answer.json()) as { ok: boolean; error: string };
    expect(ok).toBe(false);
    expect(error).toMatch(/study\.yaml:3:\d+/);
    expect(error).toMatch(/sgd/);
  });
});

/** Events of a stream, parsed. */
async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Record<string, unknown>> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of body as unknown as AsyncIterable<Uint8Array>) {
    rest += decoder.decode(bytes, { stream: true });
    const parts = rest.split("\n\n");
    rest = parts.pop()!;
    for (const part of parts)
      if (part.startsWith("data:")) yield JSON.parse(part.slice(5)) as Record<string, unknown>;
  }
}

/** fetch would write the Host by itself. */
const statusForHost = (host: string): Promise<number> =>
  new Promise((done, fail) => {
    const { port } = new URL(lab.url);
    request({ host: "127.0.0.1", port, path: "/api/runs.json", headers: { host } }, (response) => {
      response.resume();
      done(response.statusCode!);
    })
      .on("error", fail)
      .end();
  });
