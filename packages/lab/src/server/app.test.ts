/** The lab's server: who may ask, what may change, what may be read; and answers, bytes and streams. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { type IncomingMessage, type RequestOptions, request } from "node:http";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type LabServer, serveLab } from "./app.ts";
import { answers, changes, type Endpoint, gives, Refusal, streams } from "./endpoint.ts";
import { exportLab } from "./export.ts";
import { MOST_BODY_BYTES } from "./guard.ts";

const root = mkdtempSync(join(tmpdir(), "thalweg-lab-"));
const [folder, pages] = [join(root, "runs"), join(root, "pages")];
let changed: unknown[] = [];
let asked = 0;

const endpoints: readonly Endpoint[] = [
  answers({
    path: "runs/:run/facts.json",
    summary: "facts of a run",
    params: z.object({ run: z.string() }),
    query: z.object({ from: z.coerce.number().int().optional() }),
    answer: z.object({ run: z.string(), from: z.number() }),
    handle: ({ params, query }) => ({ run: params.run, from: query.from ?? 0 }),
    exportedParams: () => [{ run: "a b" }],
  }),
  answers({ path: "all.json", summary: "all", answer: z.array(z.number()), handle: () => [1, 2] }),
  gives({
    path: "numbers.bin",
    summary: "numbers",
    mediaType: "application/octet-stream",
    handle: () => new Uint8Array([1, 2, 255]),
  }),
  changes({
    path: "things",
    summary: "make a thing",
    body: z.strictObject({ name: z.string() }),
    answer: z.object({ made: z.string() }),
    handle: ({ body }) => {
      if (body.name === "taken") throw new Refusal(409, "Cannot make it as it is there");
      changed.push(body);
      return { made: body.name };
    },
  }),
  streams({
    path: "counts",
    summary: "counts",
    query: z.object({ to: z.coerce.number() }),
    answer: z.unknown(),
    handle: async function* ({ query, signal }) {
      for (let i = 0; i < query.to && !signal.aborted; i++) {
        asked = i;
        yield { i, padding: "x".repeat(1_000) };
      }
    },
  }),
];

let lab: LabServer;
beforeAll(async () => {
  mkdirSync(join(folder, "one"), { recursive: true });
  mkdirSync(join(pages, "assets"), { recursive: true });
  writeFileSync(join(folder, "one", "report.html"), "<h1>report</h1><script>alert(1)</script>");
  writeFileSync(join(folder, ".hidden"), "secret");
  writeFileSync(join(root, "secret.txt"), "secret");
  symlinkSync(root, join(folder, "out"));
  writeFileSync(join(pages, "index.html"), '<meta name="thalweg" content="" />');
  writeFileSync(join(pages, "assets", "page-1a2b.js"), "export {}");
  lab = await serveLab({ folder, pages, endpoints });
});
afterAll(async () => {
  await lab.close();
  rmSync(root, { recursive: true });
});

interface Answer {
  status: number;
  headers: IncomingMessage["headers"];
  body: string;
}

/** A request as it is: fetch would tidy the path and forbid some headers. */
const ask = (path: string, { body, ...options }: RequestOptions & { body?: string } = {}): Promise<Answer> =>
  new Promise((done, fail) => {
    const sent = request(
      { host: "127.0.0.1", port: new URL(lab.url).port, path, agent: false, ...options },
      (response) => {
        let text = "";
        response.on("data", (chunk) => {
          text += chunk;
        });
        response.on("end", () =>
          done({ status: response.statusCode!, headers: response.headers, body: text }),
        );
      },
    );
    sent.on("error", fail);
    sent.end(body);
  });

const post = (body: string, headers: Record<string, string> = {}) =>
  ask("/api/things", {
    method: "POST",
    body,
    headers: { "content-type": "application/json", "x-thalweg-token": lab.token, ...headers },
  });

describe("serveLab()", () => {
  test("gives its page this start's token, and a policy without inline or foreign script", async () => {
    const { body, headers } = await ask("/");
    expect(body).toBe(`<meta name="thalweg" content="${lab.token}" />`);
    const policy = String(headers["content-security-policy"]);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toMatch(/script-src 'self' 'wasm-unsafe-eval'(;|$)/);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(headers).toMatchObject({ "x-content-type-options": "nosniff", "cache-control": "no-store" });
    const asset = await ask("/assets/page-1a2b.js");
    expect(asset.headers).toMatchObject({ "content-type": "text/javascript; charset=utf-8" });
    expect(asset.headers["cache-control"]).toContain("immutable");
  });

  test("two starts have two tokens", async () => {
    const other = await serveLab({ folder, pages, endpoints });
    expect(other.token).not.toBe(lab.token);
    expect(other.token.length).toBeGreaterThanOrEqual(32);
    await other.close();
  });

  test("answers with checked params and queries, and says what is wrong with others", async () => {
    expect(JSON.parse((await ask("/api/runs/a%20b/facts.json?from=3")).body)).toEqual({
      run: "a b",
      from: 3,
    });
    const wrong = await ask("/api/runs/x/facts.json?from=often");
    expect(wrong.status).toBe(400);
    expect(JSON.parse(wrong.body).error).toContain("from");
    expect((await ask("/api/nothing.json")).status).toBe(404);
    expect(await (await fetch(`${lab.url}api/numbers.bin`)).arrayBuffer()).toEqual(
      new Uint8Array([1, 2, 255]).buffer,
    );
  });

  test("describes everything that it can be asked", async () => {
    const { endpoints: described } = JSON.parse((await ask("/api/schema.json")).body);
    expect(described.map((one: { method: string; path: string }) => `${one.method} ${one.path}`)).toEqual([
      "GET /api/runs/:run/facts.json",
      "GET /api/all.json",
      "GET /api/numbers.bin",
      "POST /api/things",
      "GET /api/counts",
    ]);
    expect(described[3].body.properties.name).toEqual({ type: "string" });
  });
});

describe("who may ask", () => {
  test.each([
    "evil.example",
    "localhost",
    "127.0.0.1",
    "127.0.0.1:1",
    "[::1]",
  ])("a Host that is not this server's is refused: %j", async (host) => {
    const { status, body } = await ask("/", { headers: { host } });
    expect([400, 403]).toContain(status);
    expect(body).not.toContain(lab.token);
  });

  test("localhost with the port is this server", async () => {
    expect((await ask("/", { headers: { host: `localhost:${new URL(lab.url).port}` } })).status).toBe(200);
  });

  test.each([
    { origin: "http://evil.example" },
    { origin: "null" },
    { origin: "http://127.0.0.1:1" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site", "sec-fetch-mode": "cors" },
  ])("a request from elsewhere is refused: %o", async (headers) => {
    expect((await ask("/api/all.json", { headers })).status).toBe(403);
    const { origin = "" } = headers;
    if (origin !== "") expect((await post('{"name":"a"}', { origin })).status).toBe(403);
  });

  test("an https origin of the same name is not this one's", async () => {
    const headers = { origin: lab.url.replace("http:", "https:").replace(/\/$/, "") };
    expect((await ask("/api/all.json", { headers })).status).toBe(403);
  });

  test("can be reached from this machine only", async () => {
    const others = Object.values(networkInterfaces())
      .flatMap((entries) => entries ?? [])
      .filter(({ family, internal }) => family === "IPv4" && !internal);
    for (const { address } of others) await expect(ask("/", { host: address })).rejects.toThrow();
    expect(new URL(lab.url).hostname).toBe("127.0.0.1");
  });
});

describe("what may change", () => {
  test("a change with the token, from our own origin or from no page, is made", async () => {
    changed = [];
    expect(JSON.parse((await post('{"name":"a"}', { origin: lab.url.replace(/\/$/, "") })).body)).toEqual({
      made: "a",
    });
    expect((await post('{"name":"b"}')).status).toBe(200);
    expect(changed).toEqual([{ name: "a" }, { name: "b" }]);
  });

  test.each<[string, Record<string, string>, string, number]>([
    ["no token", { "x-thalweg-token": "" }, '{"name":"a"}', 403],
    ["another token", { "x-thalweg-token": "a".repeat(32) }, '{"name":"a"}', 403],
    ["a form", { "content-type": "text/plain" }, '{"name":"a"}', 415],
    ["broken JSON", {}, '{"name":', 400],
    ["another shape", {}, '{"name":3}', 400],
    ["an unknown field", {}, '{"name":"a","more":1}', 400],
    ["a body that is too long", {}, `{"name":"${"a".repeat(MOST_BODY_BYTES)}"}`, 413],
    ["what its function refuses", {}, '{"name":"taken"}', 409],
  ])("%s is refused, and nothing changes", async (_, headers, body, expected) => {
    changed = [];
    const { status, body: said } = await post(body, headers);
    expect(status).toBe(expected);
    expect(JSON.parse(said).error).not.toBe("");
    expect(changed).toEqual([]);
  });

  test("a long body without a length is cut off, too", async () => {
    const stream = new ReadableStream({
      pull(controller) {
        controller.enqueue(new TextEncoder().encode(" ".repeat(65_536)));
      },
    });
    const options = { method: "POST", body: stream, duplex: "half" } as RequestInit;
    const headers = { "content-type": "application/json", "x-thalweg-token": lab.token };
    const status = await fetch(`${lab.url}api/things`, { ...options, headers }).then(
      (response) => response.status,
      () => 413, // the connection may be cut before the answer
    );
    expect(status).toBe(413);
  });
});

describe("files of the folder", () => {
  test("are shown in a sandbox: a report draws itself and runs nothing", async () => {
    const { status, headers, body } = await ask("/files/one/report.html");
    expect({ status, body: body.slice(0, 15) }).toEqual({ status: 200, body: "<h1>report</h1>" });
    expect(headers["content-security-policy"]).toMatch(/^sandbox; default-src 'none'/);
    expect(headers["content-security-policy"]).not.toContain("script-src");
  });

  test.each([
    "/files/../secret.txt",
    "/files/%2e%2e/secret.txt",
    "/files/..%2fsecret.txt",
    "/files/%2e%2e%2fsecret.txt",
    "/files/one/../../secret.txt",
    "/files/..\\secret.txt",
    "/files//etc/passwd",
    "/files/%2fetc%2fpasswd",
    "/files/out/secret.txt", // a symbolic link that leads out
    "/files/.hidden",
    "/files/%00",
    "/files/%zz",
    "/files/",
    "/files/one",
    "/../secret.txt",
    "/..%2fsecret.txt",
    "/assets/..%2f..%2fsecret.txt",
  ])("nothing outside it, hidden or no file is: %s", async (path) => {
    const { status, body } = await ask(path);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    expect(body).not.toContain("secret\n");
    expect(body).not.toMatch(/^secret/);
    expect(body).not.toContain("root:");
  });
});

describe("streams", () => {
  test("send each value as an event, and say when they end", async () => {
    const { body, headers } = await ask("/api/counts?to=3");
    expect(headers["content-type"]).toMatch(/^text\/event-stream/);
    const events = body.split("\n\n").filter((part) => part.startsWith("data:"));
    expect(events.map((event) => JSON.parse(event.slice(5)).i)).toEqual([0, 1, 2]);
    expect(body).toContain("event: end");
  });

  test("a reader that does not read holds back the source, and one that leaves ends it", async () => {
    asked = 0;
    const port = Number(new URL(lab.url).port);
    const response = await new Promise<IncomingMessage>((done, fail) => {
      request({ host: "127.0.0.1", port, path: "/api/counts?to=10000000" }, done).on("error", fail).end();
    });
    response.pause();
    const settled = async () => {
      for (let last = -1; last !== asked; ) {
        last = asked;
        await new Promise((done) => setTimeout(done, 400));
      }
      return asked;
    };
    const held = await settled();
    expect(held).toBeGreaterThan(0);
    expect(held).toBeLessThan(100_000); // 10 GB were asked for; what is under way fits into buffers
    response.destroy();
    await settled();
    expect(asked).toBeLessThan(held + 10_000);
  });
});

describe("exportLab()", () => {
  test("writes the pages, marked as a copy, and every answer under the name by which pages ask", async () => {
    const destination = join(root, "copy");
    const { answers: written } = await exportLab({ pages, endpoints, destination });
    expect(readFileSync(join(destination, "index.html"), "utf8")).toContain('content="exported"');
    expect(written).toEqual(["api/runs/a b/facts.json", "api/all.json", "api/numbers.bin"]);
    expect(JSON.parse(readFileSync(join(destination, "api/runs/a b/facts.json"), "utf8"))).toEqual({
      run: "a b",
      from: 0,
    });
    expect(readdirSync(join(destination, "assets"))).toEqual(["page-1a2b.js"]);
  });

  test("refuses params that would lead out of the folder", async () => {
    const out = answers({
      path: ":where.json",
      summary: "",
      params: z.object({ where: z.string() }),
      answer: z.number(),
      handle: () => 1,
      exportedParams: () => [{ where: "../../../evil" }],
    });
    await expect(exportLab({ pages, endpoints: [out], destination: join(root, "copy2") })).rejects.toThrow(
      RangeError,
    );
  });
});
