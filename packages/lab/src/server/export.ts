/**
 * The pages over finished results as files, for any web server: the built pages, and every answer that an endpoint says it can give, under the name by
 * which the pages ask for it. What needs a server, changes and streams, is not in the copy, and the pages know it.
 */
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Endpoint } from "./endpoint.ts";

export interface ExportOptions {
  readonly pages: string;
  readonly endpoints: readonly Endpoint[];
  readonly destination: string;
}

export interface Exported {
  readonly destination: string;
  /** Written answers, by their path below the destination. */
  readonly answers: readonly string[];
}

/** Write the copy. Raises RangeError where a param of an endpoint is no name of a file. */
export async function exportLab({ pages, endpoints, destination }: ExportOptions): Promise<Exported> {
  const root = resolve(destination);
  await mkdir(root, { recursive: true });
  await cp(pages, root, { recursive: true });
  const index = join(root, "index.html");
  const html = await readFile(index, "utf8");
  await writeFile(index, html.replace('name="thalweg" content=""', 'name="thalweg" content="exported"'));
  const answers: string[] = [];
  const signal = new AbortController().signal;
  for (const endpoint of endpoints) {
    if (endpoint.kind === "events" || endpoint.method !== "GET") continue;
    for (const params of await paramsOf(endpoint)) {
      const path = join("api", fill(endpoint.path, params));
      const target = join(root, path);
      const call = { params: endpoint.params.parse(params), query: endpoint.query.parse({}), signal };
      const answer = await endpoint.handle({ ...call, body: undefined });
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, endpoint.kind === "bytes" ? (answer as Uint8Array) : JSON.stringify(answer));
      answers.push(path);
    }
  }
  return { destination: root, answers };
}

async function paramsOf(endpoint: Exclude<Endpoint, { kind: "events" }>): Promise<readonly unknown[]> {
  if (endpoint.exportedParams !== undefined) return endpoint.exportedParams();
  return endpoint.path.includes(":") ? [] : [{}];
}

/**
 * `runs/:run/points.json` with its words filled in, as files are called: web servers undo what browsers encode. Raises RangeError for a word that is no name of a
 * file.
 */
function fill(path: string, params: unknown): string {
  const words = params as Readonly<Record<string, string>>;
  return path.replace(/:(\w+)/g, (_, name: string) => {
    const word = words[name] ?? "";
    if (/^[^/\\\0]+$/.test(word) && !/^\.+$/.test(word)) return word;
    throw new RangeError(
      `Cannot export ${path} as ${name} must be the name of a file: current value is "${word}"`,
    );
  });
}
