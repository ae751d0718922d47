/** Runs as the lab's server tells of them; see `GET /api/schema.json`. */

export type RunStatus = "running" | "stopped" | "finished" | "diverged";

export interface RunSummary {
  readonly key: string;
  readonly folder: string;
  /** With `formula`, a digest, instead of the rule's links. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly status: RunStatus;
  readonly reason?: string;
  readonly last: Readonly<Record<string, number>>;
  readonly changedMs: number;
  readonly has: readonly string[];
}

export type RunEvent =
  | { readonly type: "runs"; readonly changed: readonly RunSummary[]; readonly gone: readonly string[] }
  | {
      readonly type: "rows";
      readonly key: string;
      readonly from: number;
      readonly columns: Readonly<Record<string, readonly (number | null)[]>>;
    }
  | { readonly type: "missed" };
