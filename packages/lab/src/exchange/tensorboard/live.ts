/**
 * The event file of a run that is under way, fed by its evaluations: TensorBoard shows `thalweg train` while it trains. run.jsonl is the record, so a
 * file that cannot be written is told of once, and training goes on.
 */
import { basename } from "node:path";
import { type Evaluation, readRun } from "@thalweg/train";
import { type RecordedRun, recordedRun } from "../recorded-run.ts";
import { RunEvents } from "./write.ts";

export class LiveEvents {
  private readonly folder: string;
  private events: RunEvents | undefined;
  private isBroken = false;

  /** @param folder  of the run, which need not be there yet: it is by its first evaluation */
  constructor(folder: string) {
    this.folder = folder;
  }

  evaluation(evaluation: Evaluation): void {
    this.attempt(() => {
      this.events ??= this.begin();
      this.events?.evaluation(evaluation);
    });
  }

  /** The run has ended, or was left to be gone on with. */
  end(end: "finished" | "diverged" | "interrupted"): void {
    if (end === "interrupted") return;
    this.attempt(() => this.events?.end(end satisfies RecordedRun["end"]));
  }

  private begin(): RunEvents | undefined {
    const record = readRun(this.folder);
    return record && new RunEvents(this.folder, recordedRun(record, basename(this.folder)));
  }

  private attempt(write: () => void): void {
    if (this.isBroken) return;
    try {
      write();
    } catch (error) {
      this.isBroken = true;
      process.emitWarning(
        `Cannot write the TensorBoard event file in ${this.folder} as ${(error as Error).message}: training goes on without, and thalweg study export --to tfevents makes it later`,
      );
    }
  }
}
