/**
 * Shows a comparison's folder on this machine only: the report at /, runs and numbers as files below it. Nothing is
 * served from outside the folder, and nobody else on the network can connect.
 */
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import { type ServerType, serve } from "@hono/node-server";
import { serveStatic } from "@hono/node-server/serve-static";
import { Hono } from "hono";

export interface Page {
  url: string;
  close(): Promise<void>;
}

/** Serve a folder on 127.0.0.1. Port 0 takes a free one. Rejects when the port is taken. */
export async function serveFolder(folder: string, port = 0): Promise<Page> {
  const root = resolve(folder);
  const app = new Hono();
  app.get("/", serveStatic({ root, path: "report.html" }));
  app.get("/*", serveStatic({ root }));
  const server = await new Promise<ServerType>((done, fail) => {
    const started = serve({ fetch: app.fetch, hostname: "127.0.0.1", port }, () => done(started));
    started.once("error", fail);
  });
  const { port: taken } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${taken}/`,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        if ("closeAllConnections" in server) server.closeAllConnections();
      }),
  };
}
