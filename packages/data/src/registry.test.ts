import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { extractPackage } from "./registry.ts";

/** A tar archive of text files: a 512-byte ustar header each, then the content padded to 512. */
function tar(files: Record<string, string>): Buffer {
  const blocks = Object.entries(files).flatMap(([path, content]) => {
    const header = Buffer.alloc(512);
    header.write(`package/${path}`, 0);
    header.write("0000644\0" + "0000000\0" + "0000000\0", 100);
    header.write(`${content.length.toString(8).padStart(11, "0")}\0`, 124);
    header.write("00000000000\0", 136);
    header.write("        0", 148); // checksum as spaces while it is summed, then type "0": a file
    header.write("ustar\0" + "00", 257);
    const checksum = header.reduce((sum, byte) => sum + byte, 0);
    header.write(`${checksum.toString(8).padStart(6, "0")}\0 `, 148);
    const body = Buffer.alloc(Math.ceil(content.length / 512) * 512);
    body.write(content);
    return [header, body];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

const tarball = gzipSync(tar({ "package.json": '{"name":"toy","version":"1.0.0"}', "data/x": "hello" }));
const integrity = `sha512-${createHash("sha512").update(tarball).digest("base64")}`;

let server: Server;
let folder: string;
let env: NodeJS.ProcessEnv;
const requests: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "thalweg-registry-"));
  server = createServer((request, response) => {
    requests.push(request.url ?? "");
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    if (request.url === "/toy") {
      const dist = { tarball: `${base}/toy/-/toy-1.0.0.tgz`, integrity };
      const manifest = { name: "toy", version: "1.0.0", dist };
      response.end(
        JSON.stringify({ name: "toy", "dist-tags": { latest: "1.0.0" }, versions: { "1.0.0": manifest } }),
      );
    } else if (request.url === "/toy/-/toy-1.0.0.tgz") response.end(tarball);
    else response.writeHead(404).end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  env = {
    HOME: folder,
    npm_config_registry: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    npm_config_cache: join(folder, "npm-cache"),
  };
});
afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true, force: true });
});

test("extractPackage() fetches from the registry that npm is configured with", async () => {
  const into = await mkdtemp(join(folder, "out-"));
  await extractPackage({ spec: "toy@1.0.0", integrity }, into, env);
  expect(await readFile(join(into, "data", "x"), "utf8")).toBe("hello");
  expect(requests.at(-1)).toBe("/toy/-/toy-1.0.0.tgz");
});

test("extractPackage() refuses a package whose bytes are not the pinned ones", async () => {
  const other = `sha512-${createHash("sha512").update("other").digest("base64")}`;
  const into = await mkdtemp(join(folder, "out-"));
  await expect(extractPackage({ spec: "toy@1.0.0", integrity: other }, into, env)).rejects.toMatchObject({
    code: "EINTEGRITY",
  });
});

test("extractPackage() says E404 for a package that the registry does not have", async () => {
  const into = await mkdtemp(join(folder, "out-"));
  await expect(extractPackage({ spec: "absent@1.0.0", integrity }, into, env)).rejects.toMatchObject({
    code: "E404",
  });
});

test("extractPackage() gives up when nothing listens", async () => {
  const into = await mkdtemp(join(folder, "out-"));
  const nowhere = {
    ...env,
    npm_config_registry: "http://127.0.0.1:1/",
    npm_config_cache: join(folder, "empty"),
  };
  await expect(extractPackage({ spec: "toy@1.0.0", integrity }, into, nowhere)).rejects.toMatchObject({
    code: "ECONNREFUSED",
  });
});
