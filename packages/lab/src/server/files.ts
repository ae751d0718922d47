/** Files of one folder, and of nothing else: neither `..` nor a symbolic link leads out of it. */
import { readFile, realpath, stat } from "node:fs/promises";
import { extname, resolve, sep } from "node:path";
import { Refusal } from "./endpoint.ts";

/** Beyond it, a file is not for a page. */
export const MOST_FILE_BYTES = 256 * 1024 * 1024;

/**
 * The real path of something below `root`, which need not lie there in name only. Raises Refusal 404 where it is not there, is outside, or is hidden
 * (a name that starts with a dot): whether something exists outside is nobody's business.
 */
export async function pathInside(root: string, path: string): Promise<string> {
  const missing = new Refusal(404, `There is no file "${path}" in the lab's folder`);
  if (path.includes("\0") || path.split(/[/\\]/).some((word) => word.startsWith("."))) throw missing;
  const wanted = resolve(root, path);
  try {
    const [realRoot, real] = await Promise.all([realpath(root), realpath(wanted)]);
    if (real !== realRoot && !real.startsWith(realRoot + sep)) throw missing;
    return real;
  } catch {
    throw missing;
  }
}

/** The bytes of a file below `root`. Raises Refusal as `pathInside`, for folders, and for what is too long. */
export async function readInside(
  root: string,
  path: string,
): Promise<{ path: string; bytes: Uint8Array<ArrayBuffer> }> {
  const real = await pathInside(root, path);
  const { size, isFile } = await stat(real).then((found) => ({ size: found.size, isFile: found.isFile() }));
  if (!isFile) throw new Refusal(404, `There is no file "${path}" in the lab's folder`);
  if (size > MOST_FILE_BYTES) {
    throw new Refusal(413, `Cannot show ${path} as it has ${size} bytes: open it from the folder`);
  }
  return { path: real, bytes: new Uint8Array(await readFile(real)) };
}

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".csv": "text/csv; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".jsonl": "text/plain; charset=utf-8",
  ".md": "text/plain; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
  ".woff2": "font/woff2",
  ".woff": "font/woff",
  ".ttf": "font/ttf",
  ".yaml": "text/plain; charset=utf-8",
};

/** The media type by a file's name; bytes where it is not known. */
export const assetType = (path: string): string =>
  TYPES[extname(path).toLowerCase()] ?? "application/octet-stream";
