/** What the page of comparisons asks for: studies and comparisons below the lab's folder, how far they are, and what they say. */
import { lstat, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { z } from "zod";
import { answers, changes, type Endpoint, Refusal } from "./endpoint.ts";
import type { RunFeed } from "./runs-feed.ts";
import { keyOf } from "./runs-index.ts";
import type { FoundKind } from "./runs-scan.ts";
import type { Question, Reply } from "./studies-worker.ts";

const params = z.object({ study: z.string().max(64) });
type Params = z.infer<typeof params>;
const anything = z.record(z.string(), z.unknown());

const studySummary = z.object({
  key: z.string(),
  kind: z.enum(["study", "comparison"]),
  folder: z.string().describe("relative to the lab's, with forward slashes"),
  name: z.string(),
  changedMs: z.number().describe("of its results, in milliseconds since 1970"),
});
type StudySummary = z.infer<typeof studySummary>;

const check = z.object({
  ok: z.boolean(),
  name: z.string().optional(),
  error: z.string().optional().describe("every mistake with its line and column"),
});

/** A study's file is a few kilobytes. */
const MOST_TEXT = 100_000;
const MOST_COMPARISON_BYTES = 64 * 2 ** 20;

export function studyEndpoints(root: string, feed: RunFeed, closing: AbortSignal): Endpoint[] {
  const thread = new StudyThread(closing);
  const of = async (kind: FoundKind) => (await feed.folders()).filter((found) => found.kind === kind);
  const exported = (kind: FoundKind) => async (): Promise<Params[]> =>
    (await of(kind)).map(({ folder }) => ({ study: keyOf(folder) }));
  const ask = async (study: string, kind: Question["kind"], claim?: string): Promise<unknown> => {
    const folder = join(root, await folderOf(study, "study"));
    const state = await stateOf(folder);
    return thread.ask({ kind, folder, state: state.text, ...(claim !== undefined && { claim }) });
  };
  return [
    answers({
      path: "studies.json",
      summary:
        "Studies and comparisons below the lab's folder, the latest first; and the studies that come with Thalweg",
      answer: z.object({ studies: z.array(studySummary), presets: z.array(z.string()) }),
      handle: async () => {
        const { presets } = await import("../study/spec-file.ts");
        const found = [...(await of("study")), ...(await of("comparison"))];
        const studies = await Promise.all(
          found.map(({ kind, folder }) => summarize(kind as StudySummary["kind"], folder)),
        );
        return { studies: studies.sort((a, b) => b.changedMs - a.changedMs), presets: presets() };
      },
    }),
    answers({
      path: "studies/presets/:preset.json",
      summary: "The text of a study that comes with Thalweg",
      params: z.object({ preset: z.string().max(64) }),
      answer: z.object({ text: z.string() }),
      handle: async ({ params: { preset } }) => {
        const { presets, studyText } = await import("../study/spec-file.ts");
        if (!presets().includes(preset))
          throw new Refusal(404, `There is no study "${preset}": there are ${presets().join(", ")}`);
        return { text: studyText(preset).text };
      },
    }),
    answers({
      path: "studies/:study/status.json",
      summary: "How far a study is, who works on it, and how long the rest will take",
      params,
      answer: anything,
      exportedParams: exported("study"),
      handle: async ({ params: { study } }) => (await ask(study, "status")) as Record<string, unknown>,
    }),
    answers({
      path: "studies/:study/assessment.json",
      summary: "What a study says: every number of its report",
      params,
      answer: anything,
      exportedParams: exported("study"),
      handle: async ({ params: { study } }) => (await ask(study, "assessment")) as Record<string, unknown>,
    }),
    answers({
      path: "studies/:study/claim.json",
      summary: "What a study answers to a claim, as ?text=adamw < sgd on mnist14-mlp",
      params,
      query: z.object({ text: z.string().min(1).max(500) }),
      answer: z.object({ answers: z.array(anything) }),
      exportedParams: () => [],
      handle: async ({ params: { study }, query: { text } }) => ({
        answers: (await ask(study, "claim", text)) as Record<string, unknown>[],
      }),
    }),
    answers({
      path: "studies/:study/study.json",
      summary: "A study's file, as it was written",
      params,
      answer: z.object({ text: z.string() }),
      exportedParams: exported("study"),
      handle: async ({ params: { study } }) => {
        const { studyFile } = await import("../study/layout.ts");
        return { text: await readFile(studyFile(join(root, await folderOf(study, "study"))), "utf8") };
      },
    }),
    answers({
      path: "studies/:study/comparison.json",
      summary: "What `thalweg compare` found",
      params,
      answer: anything,
      exportedParams: exported("comparison"),
      handle: async ({ params: { study } }) => {
        const file = join(root, await folderOf(study, "comparison"), "comparison.json");
        if ((await lstat(file)).size > MOST_COMPARISON_BYTES)
          throw new Refusal(413, "Cannot show a comparison of that length: open its report");
        return anything.parse(JSON.parse(await readFile(file, "utf8")));
      },
    }),
    changes({
      path: "studies/check",
      summary: "Whether a study's file can be meant; with the place of every mistake",
      body: z.object({ text: z.string().max(MOST_TEXT) }),
      answer: check,
      handle: async ({ body: { text } }) => {
        const { readStudySpec } = await import("../study/spec-file.ts");
        try {
          return { ok: true, name: readStudySpec({ path: "study.yaml", text }).spec.name };
        } catch (error) {
          if (!(error instanceof SyntaxError || error instanceof RangeError || error instanceof TypeError))
            throw error;
          return { ok: false, error: error.message };
        }
      },
    }),
  ];

  async function folderOf(key: string, kind: FoundKind): Promise<string> {
    const found = (await of(kind)).find(({ folder }) => keyOf(folder) === key);
    if (found !== undefined) return found.folder;
    throw new Refusal(
      404,
      `Cannot find the ${kind} ${key}: there is none of that name in the lab's folder now`,
    );
  }

  async function summarize(kind: StudySummary["kind"], folder: string): Promise<StudySummary> {
    const name = folder
      .split("/")
      .at(-1)!
      .replace(/^(study|compare)-/, "");
    const { changedMs } =
      kind === "study"
        ? await stateOf(join(root, folder))
        : await changeOf(join(root, folder, "comparison.json"));
    return { key: keyOf(folder), kind, folder, name, changedMs };
  }
}

const changeOf = async (path: string): Promise<{ changedMs: number; size: number }> => {
  const found = await lstat(path).catch(() => undefined);
  return { changedMs: found?.mtimeMs ?? 0, size: found?.size ?? 0 };
};

/** What a study's results look like from outside: another text means that there are others. */
async function stateOf(folder: string): Promise<{ text: string; changedMs: number }> {
  const { planFile, resultsFolder } = await import("../study/layout.ts");
  const names = await readdir(resultsFolder(folder)).catch(() => []);
  const files = [planFile(folder), ...names.sort().map((name) => join(resultsFolder(folder), name))];
  const changes = await Promise.all(files.map(changeOf));
  return {
    text: changes.map(({ changedMs, size }) => `${changedMs}:${size}`).join(" "),
    changedMs: Math.max(...changes.map(({ changedMs }) => changedMs)),
  };
}

/** A thread that answers questions about studies, started with the first. Equal questions that wait are one. */
class StudyThread {
  private worker: Worker | undefined;
  private next = 0;
  private readonly waiting = new Map<
    number,
    { resolve(value: unknown): void; reject(error: unknown): void }
  >();
  private readonly underWay = new Map<string, Promise<unknown>>();

  constructor(closing: AbortSignal) {
    closing.addEventListener("abort", () => void this.worker?.terminate());
  }

  ask(question: Omit<Question, "id">): Promise<unknown> {
    const key = JSON.stringify(question);
    const known = this.underWay.get(key);
    if (known !== undefined) return known;
    const id = this.next++;
    const answer = new Promise<unknown>((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.start().postMessage({ ...question, id } satisfies Question);
    }).finally(() => this.underWay.delete(key));
    this.underWay.set(key, answer);
    return answer;
  }

  private start(): Worker {
    if (this.worker !== undefined) return this.worker;
    const worker = new Worker(new URL("./studies-worker.mjs", import.meta.url));
    worker.unref();
    worker.on("message", (reply: Reply) => {
      const { resolve, reject } = this.waiting.get(reply.id)!;
      this.waiting.delete(reply.id);
      if ("value" in reply) resolve(reply.value);
      else reject(new Refusal(KNOWN.includes(reply.name) ? 400 : 500, reply.error));
    });
    const end = (error: unknown) => {
      for (const { reject } of this.waiting.values()) reject(error);
      this.waiting.clear();
      this.worker = undefined;
    };
    worker.on("error", end);
    worker.on("exit", () => end(new Refusal(503, "The lab is closing")));
    this.worker = worker;
    return worker;
  }
}

/** Errors that say what was wrong with the question, or with the study. */
const KNOWN = ["ClaimError", "StudyError", "StudyFileError", "RangeError", "SyntaxError", "TypeError"];
