/**
 * Work that the pages start: each is a command of `thalweg` in a process of its own, as a person would start it, so what it makes is the same and stays. What can be
 * started is this table; the words of a command are made here from checked values, and no shell sees them. Jobs end with the lab: a study, a landscape
 * then goes on when it is asked for again.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { Broadcast } from "./broadcast.ts";
import { answers, changes, type Endpoint, Refusal, streams } from "./endpoint.ts";
import type { RunFeed } from "./runs-feed.ts";
import { keyOf, RUN_EXTRAS } from "./runs-index.ts";

const THALWEG = fileURLToPath(new URL("../../bin/thalweg.mjs", import.meta.url));

const jobState = z.object({
  id: z.string(),
  kind: z.enum(["study", "landscape", "curvature"]),
  title: z.string(),
  command: z.string().describe("as one would type it"),
  state: z.enum(["running", "stopping", "done", "failed", "stopped"]),
  startedMs: z.number(),
  endedMs: z.number().optional(),
  said: z.string().describe("the end of what it said"),
  subject: z.string().describe("key of the study or the run that it is about"),
});
type JobState = z.infer<typeof jobState>;

const key = z.string().regex(/^[0-9a-f]{16}$/);
const request = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("study").describe("begin a study"),
    name: z.string().regex(/^[A-Za-z0-9][\w.-]{0,63}$/),
    text: z.string().max(100_000),
    workers: z.int().min(1).max(64).optional(),
  }),
  z.strictObject({
    kind: z.literal("resume").describe("go on with a study"),
    study: key,
    workers: z.int().min(1).max(64).optional(),
  }),
  z.strictObject({
    kind: z.literal("landscape"),
    run: key,
    plane: z.enum(["filter", "pca", "hessian"]),
    points: z.int().min(3).max(201),
    examples: z.int().min(2).max(100_000).optional(),
  }),
  z.strictObject({ kind: z.literal("curvature"), run: key, top: z.int().min(1).max(20).optional() }),
]);
type JobRequest = z.infer<typeof request>;

interface Plan {
  readonly kind: JobState["kind"];
  readonly title: string;
  readonly subject: string;
  readonly words: readonly string[];
  /** Where its result, which it prints, is kept. */
  readonly output?: string;
}

interface Job extends JobState {
  readonly child: ChildProcess;
}

/** More would only slow each other down. */
const MOST_RUNNING = 4;
const MOST_KEPT = 50;
const SAID = 4_000;
const TELL_MS = 300;

export function jobEndpoints(root: string, feed: RunFeed, closing: AbortSignal): Endpoint[] {
  const jobs = new Map<string, Job>();
  const broadcast = new Broadcast<{ type: "jobs"; jobs: JobState[] }>();
  let telling: NodeJS.Timeout | undefined;
  const list = () => [...jobs.values()].map(shown);
  const tell = () => {
    telling ??= setTimeout(() => {
      telling = undefined;
      broadcast.send({ type: "jobs", jobs: list() });
    }, TELL_MS);
  };
  closing.addEventListener("abort", () => {
    clearTimeout(telling);
    for (const { child } of jobs.values()) child.kill("SIGINT");
  });
  return [
    answers({
      path: "jobs.json",
      summary: "Work that the pages have started since the lab was",
      answer: z.object({ jobs: z.array(jobState) }),
      handle: () => ({ jobs: list() }),
    }),
    streams({
      path: "jobs/events",
      summary: "All jobs, whenever something changes",
      answer: z
        .object({ type: z.literal("jobs"), jobs: z.array(jobState) })
        .or(z.object({ type: z.literal("missed") })),
      handle: async function* ({ signal }) {
        yield { type: "jobs" as const, jobs: list() };
        yield* broadcast.listen(signal);
      },
    }),
    changes({
      path: "jobs",
      summary: "Start work: a study, the rest of one, a landscape or the curvature of a run",
      body: request,
      answer: jobState,
      handle: async ({ body }) => {
        const plan = await planOf(body);
        const busy = [...jobs.values()].filter(({ state }) => state === "running" || state === "stopping");
        if (busy.length >= MOST_RUNNING) {
          throw new Refusal(
            409,
            `Cannot start more as ${busy.length} jobs are at work: wait for one, or stop one`,
          );
        }
        const same = busy.find(({ kind, subject }) => kind === plan.kind && subject === plan.subject);
        if (same !== undefined)
          throw new Refusal(409, `Cannot start this twice: ${same.title} is at work already`);
        return shown(start(plan));
      },
    }),
    changes({
      path: "jobs/:job/stop",
      summary: "Stop a job cleanly: what is done is kept",
      params: z.object({ job: z.string().max(64) }),
      answer: jobState,
      handle: ({ params: { job } }) => {
        const found = jobs.get(job);
        if (found === undefined) throw new Refusal(404, `There is no job ${job}`);
        if (found.state === "running") {
          found.state = "stopping";
          found.child.kill("SIGINT");
          tell();
        }
        return shown(found);
      },
    }),
  ];

  function start(plan: Plan): Job {
    const id = `${Date.now().toString(36)}-${jobs.size}`;
    const child = spawn(process.execPath, [THALWEG, ...plan.words], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const job: Job = {
      ...{ id, kind: plan.kind, title: plan.title, subject: plan.subject, state: "running", said: "", child },
      command: `thalweg ${plan.words.map(quoted).join(" ")}`,
      startedMs: Date.now(),
    };
    jobs.set(id, job);
    for (const old of [...jobs.values()].slice(0, -MOST_KEPT))
      if (old.endedMs !== undefined) jobs.delete(old.id);
    let printed = "";
    child.stdout!.on("data", (bytes: Buffer) => {
      if (plan.output !== undefined) printed += bytes.toString();
    });
    child.stderr!.on("data", (bytes: Buffer) => {
      job.said = (job.said + bytes.toString()).slice(-SAID);
      tell();
    });
    const end = async (state: JobState["state"], said = "") => {
      if (job.endedMs !== undefined) return;
      job.said = (job.said + said).slice(-SAID);
      job.endedMs = Date.now();
      job.state = state;
      tell();
    };
    child.once("error", (error) => void end("failed", error.message));
    child.once("close", async (code) => {
      const wasStopped = job.state === "stopping";
      if (code === 0 && plan.output !== undefined) await writeFile(plan.output, printed);
      await end(code === 0 ? "done" : wasStopped ? "stopped" : "failed");
    });
    tell();
    return job;
  }

  /** The words of a command for a request. Raises Refusal where what it is about is not there. */
  async function planOf(body: JobRequest): Promise<Plan> {
    const workers =
      "workers" in body && body.workers !== undefined ? ["--workers", String(body.workers)] : [];
    if (body.kind === "study") {
      const { readStudySpec } = await import("../study/spec-file.ts");
      readStudySpec({ path: "study.yaml", text: body.text }); // its mistakes are the person's to see now
      const folder = `study-${body.name}`;
      const file = join(root, folder, "study.yaml");
      if (existsSync(file) && (await readFile(file, "utf8")) !== body.text) {
        throw new Refusal(409, `Cannot begin this study as ${folder} holds another: choose another name`);
      }
      await mkdir(join(root, folder), { recursive: true });
      await writeFile(file, body.text);
      const words = ["study", "run", join(folder, "study.yaml"), "--out", folder, ...workers];
      return { kind: "study", title: `Study ${body.name}`, subject: keyOf(folder), words };
    }
    if (body.kind === "resume") {
      const found = (await feed.folders()).find(
        ({ kind, folder }) => kind === "study" && keyOf(folder) === body.study,
      );
      if (found === undefined) throw new Refusal(404, `Cannot find the study ${body.study}`);
      const words = ["study", "run", join(found.folder, "study.yaml"), "--out", found.folder, ...workers];
      return { kind: "study", title: `Study ${found.folder}`, subject: body.study, words };
    }
    await feed.folders();
    const run = feed.index.summary(body.run);
    if (run === undefined) throw new Refusal(404, `Cannot find the run ${body.run}`);
    if (!run.has.includes("checkpoint")) {
      throw new Refusal(409, `Cannot look around ${run.folder} as it has no checkpoint yet: wait for one`);
    }
    const name = run.folder.split("/").at(-1)!;
    if (body.kind === "curvature") {
      const top = body.top === undefined ? [] : ["--top", String(body.top)];
      return {
        ...{ kind: "curvature", title: `Curvature of ${name}`, subject: body.run },
        words: ["curvature", run.folder, "--json", ...top],
        output: join(root, run.folder, RUN_EXTRAS.curvature),
      };
    }
    const examples = body.examples === undefined ? [] : ["--examples", String(body.examples)];
    const range = body.plane === "filter" ? ["--range", `-1:1:${body.points}`] : [];
    const out = join("landscapes", `${name}-${body.plane}-${body.points}`);
    return {
      ...{ kind: "landscape", title: `Landscape of ${name}`, subject: body.run },
      words: ["landscape", run.folder, "--plane", body.plane, ...range, ...examples, "--out", out],
    };
  }
}

const shown = ({ child: _, ...state }: Job): JobState => state;

/** As a shell takes it for one word: for reading only. */
const quoted = (text: string): string =>
  /^[\w.,/:=-]*$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
