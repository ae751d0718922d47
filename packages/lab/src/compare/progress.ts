/**
 * How far a comparison is. On a terminal: a bar per rule with the best trial so far, and the time left. Elsewhere: one
 * line when a rule's trials or seeds are done.
 */
import { MultiBar, Presets, type SingleBar } from "cli-progress";
import type { ProgressEvent } from "./compare.ts";

export interface ProgressOptions {
  rules: readonly string[];
  budget: number;
  seeds: number;
  stream: { write(text: string): unknown; readonly isTTY?: boolean | undefined };
}

export interface Progress {
  update(event: ProgressEvent): void;
  /** Leave the screen as it is, and say no more. */
  stop(): void;
}

export function showProgress(options: ProgressOptions): Progress {
  const progress = options.stream.isTTY ? bars(options) : lines(options);
  let stopped = false;
  return {
    update: (event) => {
      if (!stopped) progress.update(event);
    },
    stop: () => {
      if (!stopped) progress.stop();
      stopped = true;
    },
  };
}

/** What is known of one rule so far. */
class RuleProgress {
  trials = 0;
  finals = 0;
  diverged = 0;
  reused = 0;
  private bestLoss = Number.POSITIVE_INFINITY;
  private bestRate = Number.NaN;
  private readonly accuracies: number[] = [];

  add({ phase, result, hyper, reused }: ProgressEvent): void {
    if (reused) this.reused++;
    if (result.end === "diverged") this.diverged++;
    const last = result.evaluations.at(-1);
    if (phase === "final") {
      this.finals++;
      this.accuracies.push(last?.testAccuracy ?? Number.NaN);
      return;
    }
    this.trials++;
    const loss = result.end === "finished" ? (last?.validationLoss ?? Number.NaN) : Number.NaN;
    if (loss < this.bestLoss) {
      this.bestLoss = loss;
      this.bestRate = hyper.lr ?? Number.NaN;
    }
  }

  get best(): string {
    if (this.bestLoss === Number.POSITIVE_INFINITY) return this.trials === 0 ? "" : "all diverged";
    const at = Number.isNaN(this.bestRate) ? "" : ` at lr ${this.bestRate.toPrecision(2)}`;
    return `best validation loss ${this.bestLoss.toFixed(4)} nat${at}`;
  }

  get accuracy(): string {
    const mean = this.accuracies.reduce((sum, value) => sum + value, 0) / this.accuracies.length;
    return Number.isFinite(mean) ? `mean test accuracy ${(100 * mean).toFixed(2)} %` : "diverged";
  }
}

function lines({ rules, budget, seeds, stream }: ProgressOptions): Progress {
  const states = new Map(rules.map((rule) => [rule, new RuleProgress()]));
  const width = Math.max(...rules.map((rule) => rule.length));
  return {
    update(event) {
      const state = states.get(event.rule)!;
      state.add(event);
      const share = `[${String(event.done).padStart(String(event.total).length)}/${event.total}]`;
      const name = event.rule.padEnd(width);
      const kept = state.reused > 0 ? `, ${state.reused} found from before` : "";
      if (event.phase === "trial" && state.trials === budget) {
        stream.write(`${share} ${name}  ${budget} trials: ${state.best}${kept}\n`);
      }
      if (event.phase === "final" && state.finals === seeds) {
        stream.write(`${share} ${name}  ${seeds} seeds: ${state.accuracy}${kept}\n`);
      }
    },
    stop() {},
  };
}

function bars({ rules, budget, seeds, stream }: ProgressOptions): Progress {
  const width = Math.max("total".length, ...rules.map((rule) => rule.length));
  const multi = new MultiBar(
    {
      stream: stream as NodeJS.WriteStream, // it needs a terminal, which this one is
      format: "  {name} {bar} {what}",
      barCompleteChar: "━",
      barIncompleteChar: "┄",
      barsize: 24,
      hideCursor: true,
      clearOnComplete: false,
      stopOnComplete: false,
      gracefulExit: false,
    },
    Presets.shades_classic,
  );
  const states = new Map(
    rules.map((rule): [string, { state: RuleProgress; bar: SingleBar }] => [
      rule,
      {
        state: new RuleProgress(),
        bar: multi.create(budget + seeds, 0, { name: rule.padEnd(width), what: "waiting" }),
      },
    ]),
  );
  const total = multi.create(rules.length * (budget + seeds), 0, { name: "total".padEnd(width), what: "" });
  let computed = 0;
  let firstAt = Number.NaN; // the first run ends late: threads had to start
  return {
    update(event) {
      const { state, bar } = states.get(event.rule)!;
      state.add(event);
      const phase =
        state.finals > 0
          ? `seed ${state.finals}/${seeds}  ${state.accuracy}`
          : `trial ${state.trials}/${budget}  ${state.best}`;
      bar.update(state.trials + state.finals, { what: phase });
      if (!event.reused && ++computed === 1) firstAt = performance.now();
      const perRun = (performance.now() - firstAt) / 1e3 / (computed - 1);
      const left = computed > 1 ? `, ${Math.ceil((event.total - event.done) * perRun)} s left` : "";
      total.update(event.done, { what: `${event.done}/${event.total} runs${left}` });
    },
    stop() {
      multi.stop();
    },
  };
}
