/**
 * Who may ask the lab's server, and what pages may do. It listens on 127.0.0.1, but every page in the same browser can send requests there, and a name that
 * somebody else owns can be made to point there. So: the Host must be this machine's, an Origin must be our own, what changes state needs a token
 * that only our own page was given, bodies are JSON and small, and our pages run no inline script and speak to nobody else.
 */
import { timingSafeEqual } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";

export const TOKEN_HEADER = "x-thalweg-token";

/** A study's file has a few kilobytes; nothing that pages send is larger. */
export const MOST_BODY_BYTES = 1_048_576;

/** The page's own policy. KaTeX and the editor set styles on elements; WebAssembly is compiled from formulas; nothing is ever evaluated as script. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self'",
  "media-src 'self' blob:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** For files of the lab's folder: a report draws itself without script, and must not act in our name. */
export const FILE_POLICY =
  "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; frame-ancestors 'none'";

/** Headers of every answer. */
export const headers: MiddlewareHandler = async (context, next) => {
  await next();
  const set = (name: string, value: string) => {
    if (!context.res.headers.has(name)) context.res.headers.set(name, value);
  };
  set("content-security-policy", POLICY);
  set("x-content-type-options", "nosniff");
  set("referrer-policy", "no-referrer");
  set("cross-origin-opener-policy", "same-origin");
  set("cross-origin-resource-policy", "same-origin");
  set("x-frame-options", "DENY");
  set("cache-control", "no-store");
};

/** Only requests for this machine by its own names, from our own pages or from no page at all. */
export function fromHere(port: () => number): MiddlewareHandler {
  return async (context, next) => {
    const hosts = [`127.0.0.1:${port()}`, `localhost:${port()}`];
    const host = context.req.header("host") ?? "";
    if (!hosts.includes(host)) {
      return refuse(403, `Cannot answer as the Host must be ${hosts[0]}: current value is "${host}"`);
    }
    const origin = context.req.header("origin");
    if (origin !== undefined && !hosts.includes(origin.replace(/^http:\/\//, ""))) {
      return refuse(
        403,
        `Cannot answer as requests must come from the lab's own pages: the Origin is "${origin}"`,
      );
    }
    const site = context.req.header("sec-fetch-site");
    const navigates = context.req.header("sec-fetch-mode") === "navigate";
    if ((site === "cross-site" || site === "same-site") && !navigates) {
      return refuse(403, "Cannot answer as requests must come from the lab's own pages");
    }
    await next();
  };
}

/** Whatever could change something: with the token, as JSON, not too long. */
export function mayChange(token: string): MiddlewareHandler[] {
  const expected = Buffer.from(token);
  const check: MiddlewareHandler = async (context, next) => {
    if (context.req.method === "GET" || context.req.method === "HEAD") return next();
    const given = Buffer.from(context.req.header(TOKEN_HEADER) ?? "");
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
      return refuse(
        403,
        "Cannot change anything without this server's token: reload the page, as the lab was started anew",
      );
    }
    const type = context.req.header("content-type") ?? "";
    if (!/^application\/json\s*(;|$)/i.test(type)) {
      return refuse(
        415,
        `Cannot read the request as it must be application/json: current value is "${type}"`,
      );
    }
    return next();
  };
  const limit = bodyLimit({
    maxSize: MOST_BODY_BYTES,
    onError: () => refuse(413, `Cannot read the request as it is longer than ${MOST_BODY_BYTES} bytes`),
  });
  return [check, limit];
}

export const refuse = (status: number, error: string): Response => Response.json({ error }, { status });
