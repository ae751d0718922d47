/**
 * The lab's server: the built pages at /, what they ask below /api/, and files of the lab's folder below /files/. Everything that it can be asked is in a
 * table of endpoints; this file only checks, calls and answers.
 */
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { type ServerType, serve } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { compress } from "hono/compress";
import { streamSSE } from "hono/streaming";
import { ZodError, z } from "zod";
import { describeEndpoints, type Endpoint, type EventsEndpoint, Refusal } from "./endpoint.ts";
import { assetType, readInside } from "./files.ts";
import { FILE_POLICY, fromHere, headers, mayChange, refuse } from "./guard.ts";

export interface LabOptions {
  /** Everything that is shown lies below it. */
  readonly folder: string;
  /** The built pages. */
  readonly pages: string;
  /** 0 takes a free one. */
  readonly port?: number;
  readonly endpoints: readonly Endpoint[];
}

export interface LabServer {
  readonly url: string;
  /** Of this start; our page finds it in itself. */
  readonly token: string;
  close(): Promise<void>;
}

/** Serve on 127.0.0.1. Rejects when the port is taken. */
export async function serveLab(options: LabOptions): Promise<LabServer> {
  const token = randomBytes(24).toString("base64url");
  const closing = new AbortController();
  let port = options.port ?? 0;
  const app = buildApp({ ...options, token, portOf: () => port, closing: closing.signal });
  const server = await new Promise<ServerType>((done, fail) => {
    const started = serve({ fetch: app.fetch, hostname: "127.0.0.1", port }, () => done(started));
    started.once("error", fail);
  });
  port = (server.address() as AddressInfo).port;
  return {
    url: `http://127.0.0.1:${port}/`,
    token,
    close: () =>
      new Promise((done) => {
        closing.abort();
        server.close(() => done());
        if ("closeAllConnections" in server) server.closeAllConnections();
      }),
  };
}

interface AppOptions extends Omit<LabOptions, "port"> {
  readonly token: string;
  readonly portOf: () => number;
  readonly closing: AbortSignal;
}

function buildApp({ folder, pages, endpoints, token, portOf, closing }: AppOptions): Hono {
  const app = new Hono();
  app.use(headers, fromHere(portOf), ...mayChange(token));
  app.use("/assets/*", compress());
  app.use("/api/*", compress()); // event streams are left as they are
  app.onError((error) => {
    const { status, message } = explainRefusal(error);
    return refuse(status, message);
  });
  app.notFound((context) => refuse(404, `There is nothing at ${context.req.path}`));

  const described = [...endpoints, schemaEndpoint(endpoints)];
  for (const endpoint of described) {
    app.on(endpoint.method, `/api/${endpoint.path}`, (context) => answer(endpoint, context, closing));
  }
  app.get("/files/*", (context) => file(context, resolve(folder)));
  app.get("/", async () => page(await readFile(join(pages, "index.html"), "utf8"), token));
  app.get("/*", async (context) => {
    const path = pathOf(context, "/");
    const { bytes } = await readInside(resolve(pages), path);
    const headers: Record<string, string> = { "content-type": assetType(path) };
    if (path.startsWith("assets/")) headers["cache-control"] = "public, max-age=31536000, immutable";
    return new Response(bytes, { headers });
  });
  return app;
}

/** The page with this start's token in it; a page of another origin cannot read it. */
const page = (html: string, token: string): Response =>
  new Response(html.replace('name="thalweg" content=""', `name="thalweg" content="${token}"`), {
    headers: { "content-type": "text/html; charset=utf-8" },
  });

async function file(context: Context, root: string): Promise<Response> {
  const path = pathOf(context, "/files/");
  const { bytes } = await readInside(root, path);
  return new Response(bytes, {
    headers: { "content-type": assetType(path), "content-security-policy": FILE_POLICY },
  });
}

/** The path after a prefix, as text; raises a refusal where it is not validly encoded. */
function pathOf(context: Context, prefix: string): string {
  try {
    return decodeURIComponent(new URL(context.req.url).pathname.slice(prefix.length));
  } catch {
    throw new Refusal(400, "Cannot read the path as it is not validly encoded");
  }
}

async function answer(endpoint: Endpoint, context: Context, closing: AbortSignal): Promise<Response> {
  const call = {
    params: endpoint.params.parse(context.req.param()),
    query: endpoint.query.parse(context.req.query()),
    body: undefined as unknown,
    signal: AbortSignal.any([context.req.raw.signal, closing]),
  };
  if (endpoint.kind === "events") return events(endpoint, context, { ...call, body: undefined });
  if (endpoint.kind === "bytes") {
    const bytes = await endpoint.handle({ ...call, body: undefined });
    return new Response(bytes, { headers: { "content-type": endpoint.mediaType } });
  }
  if (endpoint.method !== "GET") call.body = endpoint.body.parse(await bodyOf(context));
  return Response.json(await endpoint.handle(call));
}

async function bodyOf(context: Context): Promise<unknown> {
  const text = await context.req.text();
  if (text === "") return {};
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Refusal(400, `Cannot read the request as it is not JSON: ${(error as Error).message}`);
  }
}

/**
 * Values as server-sent events. Writing waits until the reader takes more, and only then is the next value asked for. A first comment opens the stream at once;
 * the event `end` says that nothing more will come, so that the browser does not connect again.
 */
function events(
  endpoint: EventsEndpoint<unknown, unknown, unknown>,
  context: Context,
  call: Parameters<EventsEndpoint<unknown, unknown, unknown>["handle"]>[0],
): Response {
  return streamSSE(context, async (stream) => {
    const gone = new AbortController();
    stream.onAbort(() => gone.abort());
    const signal = AbortSignal.any([call.signal, gone.signal]);
    await stream.write(": open\n\n");
    for await (const value of endpoint.handle({ ...call, signal })) {
      if (signal.aborted) return;
      await stream.writeSSE({ data: JSON.stringify(value) });
    }
    if (!signal.aborted) await stream.writeSSE({ event: "end", data: "" });
  });
}

/** What people are told: our own errors as they are, schema errors with their place. */
function explainRefusal(error: unknown): { status: number; message: string } {
  if (error instanceof Refusal) return { status: error.status, message: error.message };
  if (error instanceof ZodError) {
    return { status: 400, message: `Cannot read the request: ${z.prettifyError(error)}` };
  }
  if (error instanceof RangeError || error instanceof TypeError || error instanceof SyntaxError) {
    return { status: 400, message: error.message };
  }
  return { status: 500, message: error instanceof Error ? error.message : String(error) };
}

const schemaEndpoint = (endpoints: readonly Endpoint[]): Endpoint => ({
  kind: "json",
  method: "GET",
  path: "schema.json",
  summary: "What this server can be asked, as JSON Schema",
  params: z.unknown(),
  query: z.unknown(),
  body: z.unknown(),
  answer: z.unknown(),
  handle: () => describeEndpoints(endpoints),
});
