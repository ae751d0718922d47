/** Work that the pages have started on the lab's server, as it goes on. One stream for a page; close it when the page is left. */
import { exported, get, post, watch } from "./api.ts";

export interface Job {
  readonly id: string;
  readonly kind: "study" | "landscape" | "curvature";
  readonly title: string;
  readonly command: string;
  readonly state: "running" | "stopping" | "done" | "failed" | "stopped";
  readonly startedMs: number;
  readonly endedMs?: number;
  readonly said: string;
  readonly subject: string;
}

export class Jobs {
  all: readonly Job[] = $state.raw([]);
  private stop: () => void = () => {};

  open(): void {
    if (exported) return;
    this.stop = watch<{ type: "jobs"; jobs: Job[] } | { type: "missed" }>("jobs/events", (event) => {
      if (event.type === "jobs") this.all = event.jobs;
      else
        void get<{ jobs: Job[] }>("jobs.json").then(({ jobs }) => {
          this.all = jobs;
        });
    });
  }

  close(): void {
    this.stop();
  }

  /** Rejects with the server's reason. */
  start(request: Readonly<Record<string, unknown>>): Promise<Job> {
    return post<Job>("jobs", request);
  }

  end(job: Job): Promise<Job> {
    return post<Job>(`jobs/${job.id}/stop`);
  }

  /** The latest of a kind about something. */
  about(kind: Job["kind"], subject: string): Job | undefined {
    return this.all.findLast((job) => job.kind === kind && job.subject === subject);
  }
}

export const isBusy = (job: Job | undefined): boolean =>
  job?.state === "running" || job?.state === "stopping";

/** The last thing that it said that is a line for people; progress writes over itself with returns. */
export const lastWord = (job: Job | undefined): string =>
  job?.said
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .findLast((line) => line !== "" && !line.startsWith("npm warn")) ?? "";
