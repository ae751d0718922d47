/**
 * What the page of runs asks for. Addresses name runs by keys that are looked up, so none of them can name another file.
 */
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { answers, type Endpoint, gives, Refusal, streams } from "./endpoint.ts";
import type { RunFeed } from "./runs-feed.ts";
import { runSummary } from "./runs-index.ts";

/** Lines of diagnostics that a page is given, at most. */
export const MOST_DIAGNOSES = 400;

const params = z.object({ run: z.string().max(64) });
type Params = z.infer<typeof params>;

const rows = z.record(z.string(), z.array(z.number().nullable()));
const runEvent = z.discriminatedUnion("type", [
  z.object({ type: z.literal("runs"), changed: z.array(runSummary), gone: z.array(z.string()) }),
  z.object({ type: z.literal("rows"), key: z.string(), from: z.int(), columns: rows }),
  z.object({ type: z.literal("missed") }).describe("the reader was too slow: ask for all anew"),
]);
const diagnostics = z.object({
  total: z.int().describe("lines that the file has; `lines` is a choice of them"),
  lines: z.array(z.unknown()),
});

export function runEndpoints(feed: RunFeed): Endpoint[] {
  const { index } = feed;
  const all = () => exported(() => true);
  const exported = async (fits: (has: readonly string[]) => boolean): Promise<Params[]> => {
    await feed.folders();
    return index.list().flatMap(({ key, has }) => (fits(has) ? [{ run: key }] : []));
  };
  return [
    answers({
      path: "runs.json",
      summary: "The runs below the lab's folder: what each is, and where it stands",
      answer: z.object({ runs: z.array(runSummary) }),
      handle: async () => {
        await feed.folders();
        return { runs: index.list() };
      },
    }),
    answers({
      path: "runs/:run/run.json",
      summary: "A run with its whole configuration",
      params,
      answer: runSummary.extend({ whole: z.record(z.string(), z.unknown()) }),
      exportedParams: all,
      handle: async ({ params: { run } }) => {
        await feed.folders();
        const summary = index.summary(run);
        if (summary === undefined) throw unknown(run);
        return { ...summary, whole: index.config(run)! };
      },
    }),
    gives({
      path: "runs/:run/columns.bin",
      summary: "Its evaluations as columns of numbers, of which ?only=step,testLoss asks for some",
      params,
      query: z.object({ only: z.string().max(1_000).optional() }),
      mediaType: "application/octet-stream",
      exportedParams: all,
      handle: async ({ params: { run }, query: { only } }) => {
        const columns = (await index.columns(run)) ?? (await feed.folders().then(() => index.columns(run)));
        if (columns === undefined) throw unknown(run);
        return columns.encode(only?.split(","));
      },
    }),
    answers({
      path: "runs/:run/diagnostics.json",
      summary: "Lines of its diagnostics: the first, the last, and some between",
      params,
      answer: diagnostics,
      exportedParams: () => exported((has) => has.includes("diagnostics")),
      handle: async ({ params: { run } }) => readDiagnostics(await pathOf(run, "diagnostics")),
    }),
    answers({
      path: "runs/:run/curvature.json",
      summary: "What `thalweg curvature` found where the run has come to",
      params,
      answer: z.record(z.string(), z.unknown()),
      exportedParams: () => exported((has) => has.includes("curvature")),
      handle: async ({ params: { run } }) =>
        JSON.parse(await readFile(await pathOf(run, "curvature"), "utf8")) as Record<string, unknown>,
    }),
    streams({
      path: "runs/events",
      summary: "What happens to the runs; rows come of those whose columns somebody asked for",
      answer: runEvent,
      handle: ({ signal }) => feed.listen(signal),
    }),
  ];

  async function pathOf(run: string, extra: "diagnostics" | "curvature"): Promise<string> {
    await feed.folders();
    if (index.summary(run) === undefined) throw unknown(run);
    const path = index.path(run, extra);
    if (path !== undefined) return path;
    throw new Refusal(404, `Cannot show the ${extra} of this run as it has none: ${WAYS[extra]}`);
  }
}

const WAYS = {
  diagnostics: "train it with --diagnose",
  curvature: "measure it with `thalweg curvature`, from the page of landscapes",
};

const unknown = (run: string) =>
  new Refusal(404, `Cannot find the run ${run}: there is none of that name in the lab's folder now`);

/** At most `MOST_DIAGNOSES` lines. Half a last line does not count. */
async function readDiagnostics(path: string): Promise<z.infer<typeof diagnostics>> {
  const text = await readFile(path, "utf8");
  const lines = text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .slice(0, -1);
  const wanted = Math.min(lines.length, MOST_DIAGNOSES);
  const places = Array.from({ length: wanted }, (_, k) =>
    wanted === 1 ? 0 : Math.round((k * (lines.length - 1)) / (wanted - 1)),
  );
  return { total: lines.length, lines: places.map((place): unknown => JSON.parse(lines[place]!)) };
}
