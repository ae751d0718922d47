/** What the page of landscapes asks for: the surfaces below the lab's folder, with what lies on them. */
import { lstat, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { answers, type Endpoint, gives, Refusal } from "./endpoint.ts";
import { encodeColumns } from "./runs-columns.ts";
import type { RunFeed } from "./runs-feed.ts";
import { keyOf } from "./runs-index.ts";

const params = z.object({ landscape: z.string().max(64) });
type Params = z.infer<typeof params>;

const facts = z.record(z.string(), z.unknown());
const landscapeSummary = z.object({
  key: z.string(),
  folder: z.string().describe("relative to the lab's, with forward slashes"),
  facts: facts.describe("model, plane, axes, examples: what it is of"),
  changedMs: z.number().describe("of the heights, in milliseconds since 1970; another value means others"),
  evaluating: z.boolean().describe("whether heights are still being measured"),
});
type LandscapeSummary = z.infer<typeof landscapeSummary>;

const path = z.object({
  name: z.string(),
  steps: z.array(z.number()),
  coordinates: z.array(z.array(z.number())),
  residuals: z.array(z.number().nullable()).optional(),
  capturedShare: z.number().nullable().optional(),
});
const overlay = z.object({
  markers: z.array(z.object({ name: z.string(), coordinates: z.array(z.number()) })),
  paths: z.array(path),
  isEuclidean: z.boolean(),
});

/** Tiles that came so lately are not the last ones. */
const STILL_MS = 60_000;
/** Of ten million points with a dozen measures; larger ones are not for a page. */
const MOST_BYTES = 1_024 * 2 ** 20;
const MOST_FACTS_BYTES = 2 ** 20;

export function landscapeEndpoints(root: string, feed: RunFeed): Endpoint[] {
  const known = new Map<string, { changedMs: number; facts: Record<string, unknown> }>();
  const list = async (): Promise<LandscapeSummary[]> => {
    const found = (await feed.folders()).filter(({ kind }) => kind === "landscape");
    const all = await Promise.all(found.map(({ folder }) => summarize(folder)));
    return all.filter((one) => one !== undefined).sort((a, b) => b.changedMs - a.changedMs);
  };
  const all = async (): Promise<Params[]> => (await list()).map(({ key }) => ({ landscape: key }));
  return [
    answers({
      path: "landscapes.json",
      summary: "The landscapes below the lab's folder, the latest first",
      answer: z.object({ landscapes: z.array(landscapeSummary) }),
      handle: async () => ({ landscapes: await list() }),
    }),
    gives({
      path: "landscapes/:landscape/surface.bin",
      summary:
        "Its coordinates x and y (empty for a line), and every measure row by row, x fastest, as columns",
      params,
      mediaType: "application/octet-stream",
      exportedParams: all,
      handle: async ({ params: { landscape } }) => {
        const { parseSurface } = await import("@thalweg/landscape");
        const file = join(root, await folderOf(landscape), "surface.npz");
        const { size } = await lstat(file);
        if (size > MOST_BYTES) {
          throw new Refusal(413, `Cannot show a surface of ${size} bytes: ask for fewer points`);
        }
        const { x, y, fields } = parseSurface(await readFile(file), "surface.npz");
        return encodeColumns([["x", x], ["y", y], ...fields]);
      },
    }),
    answers({
      path: "landscapes/:landscape/overlay.json",
      summary: "What lies on it: models, and the courses of runs",
      params,
      answer: overlay,
      exportedParams: all,
      handle: async ({ params: { landscape } }) => {
        const file = join(root, await folderOf(landscape), "overlay.json");
        return readFile(file, "utf8").then(
          (text) => overlay.parse(JSON.parse(text)),
          () => ({ markers: [], paths: [], isEuclidean: false }), // of a version that kept none
        );
      },
    }),
  ];

  async function folderOf(key: string): Promise<string> {
    const found = (await feed.folders()).find(
      ({ kind, folder }) => kind === "landscape" && keyOf(folder) === key,
    );
    if (found !== undefined) return found.folder;
    throw new Refusal(
      404,
      `Cannot find the landscape ${key}: there is none of that name in the lab's folder now`,
    );
  }

  async function summarize(folder: string): Promise<LandscapeSummary | undefined> {
    const at = (name: string) => lstat(join(root, folder, name)).catch(() => undefined);
    const [meta, surface, tiles] = await Promise.all([at("meta.json"), at("surface.npz"), at("tiles.bin")]);
    if (meta === undefined || !meta.isFile() || meta.size > MOST_FACTS_BYTES || !surface?.isFile())
      return undefined;
    const facts = await factsOf(folder, meta.mtimeMs);
    if (facts?.format !== "thalweg landscape") return undefined;
    const evaluating =
      tiles !== undefined && tiles.mtimeMs > surface.mtimeMs && Date.now() - tiles.mtimeMs < STILL_MS;
    return { key: keyOf(folder), folder, facts, changedMs: surface.mtimeMs, evaluating };
  }

  async function factsOf(folder: string, changedMs: number): Promise<Record<string, unknown> | undefined> {
    const before = known.get(folder);
    if (before?.changedMs === changedMs) return before.facts;
    try {
      const found = facts.parse(JSON.parse(await readFile(join(root, folder, "meta.json"), "utf8")));
      known.set(folder, { changedMs, facts: found });
      return found;
    } catch {
      return undefined; // being written, or of something else
    }
  }
}
