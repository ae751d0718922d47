/** A study's assessment and status, and a comparison, as far as the page shows them; the lab's package has them whole. */

export interface StudySummary {
  readonly key: string;
  readonly kind: "study" | "comparison";
  readonly folder: string;
  readonly name: string;
  readonly changedMs: number;
}

export type Ends = Readonly<Record<"finished" | "diverged" | "pruned" | "failed" | "timed-out", number>>;

export interface StudyStatus {
  readonly name: string;
  readonly trials: number;
  readonly done: number;
  readonly running: number;
  readonly ends: Ends;
  readonly seconds: number;
  readonly secondsLeft: number | null;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly workers: readonly { readonly host: string; readonly pid: number; readonly trial: number }[];
  readonly settings: readonly {
    readonly task: string;
    readonly rule: string;
    readonly schedule: string;
    readonly trials: number;
    readonly done: number;
    readonly running: number;
    readonly ends: Ends;
    readonly seconds: number;
  }[];
}

export interface Interval {
  readonly low: number;
  readonly high: number;
}

export interface Estimate {
  readonly value: number | null;
  readonly interval: Interval | null;
}

export interface Difference {
  readonly rule: string;
  readonly minus: string;
  readonly n: number;
  readonly mean: number | null;
  readonly interval: Interval | null;
  readonly pHolm: number | null;
  readonly band: number | null;
  readonly side: "lower" | "higher" | "not distinguishable";
  readonly seedsNeeded: number | null;
  readonly reason: string;
}

export interface Cell {
  readonly rule: string;
  readonly searches: readonly {
    readonly replicate: number;
    readonly tuned: Readonly<Record<string, unknown>> | null;
  }[];
  readonly value: {
    readonly n: number;
    readonly mean: number | null;
    readonly interval: Interval | null;
  } | null;
  readonly pool: { readonly trials: number; readonly diverged: number };
  readonly curve: {
    readonly kind: "expected" | "observed";
    readonly points: readonly {
      readonly k: number;
      readonly median: number | null;
      readonly low: number | null;
      readonly high: number | null;
    }[];
  } | null;
  readonly sensitivity: { readonly decades: number } | null;
}

export interface Condition {
  readonly task: string;
  readonly schedule: string;
  readonly batchSize: number;
  readonly steps: number;
}

export interface AssessedCondition extends Condition {
  readonly metric: { readonly measure: string; readonly better: "lower" | "higher"; readonly unit: string };
  readonly cells: readonly Cell[];
  readonly band: {
    readonly halfWidth: number | null;
    readonly rules: number;
    readonly differences: readonly {
      readonly rule: string;
      readonly mean: number | null;
      readonly interval: Interval | null;
    }[];
  } | null;
  readonly differences: readonly Difference[];
}

export interface ClaimAnswer {
  readonly claim: string;
  readonly verdict: "supported" | "refuted" | "not distinguishable";
  readonly metric: string;
  readonly difference: Difference;
  readonly sentence: string;
}

export interface AssessedRun {
  readonly id: number;
  readonly condition: number;
  readonly rule: string;
  readonly replicate: number;
  readonly phase: "tuning" | "final";
  readonly seed: number;
  readonly end: keyof Ends;
  readonly reason: string;
  readonly hyper: Readonly<Record<string, unknown>>;
  readonly value: number | null;
  readonly seconds: number;
  readonly folder: string;
}

export interface Assessment {
  readonly name: string;
  readonly hash: string;
  readonly command: string;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly tasks: readonly {
    readonly name: string;
    readonly description: string;
    readonly architecture: string;
    readonly parameters: number;
  }[];
  readonly rules: readonly {
    readonly name: string;
    readonly dimensions: readonly string[];
    readonly source: string;
  }[];
  readonly baseline: string;
  readonly replicates: number;
  readonly seeds: readonly number[];
  readonly cost: {
    readonly tuningGradients: number;
    readonly finalGradients: number;
    readonly tuningSeconds: number;
    readonly finalSeconds: number;
  };
  readonly comparisons: number;
  readonly conditions: readonly AssessedCondition[];
  readonly schedules: readonly {
    readonly schedule: string;
    readonly cases: readonly Condition[];
    readonly rules: readonly string[];
    readonly scores: {
      readonly cases: number;
      readonly band: number | null;
      readonly rules: readonly {
        readonly rule: string;
        readonly mean: Estimate;
        readonly iqm: Estimate;
        readonly improvement: Estimate;
      }[];
    } | null;
    readonly switches: {
      readonly cases: number;
      readonly rules: readonly string[];
      readonly cells: readonly (readonly (Estimate & { readonly significant: boolean })[])[];
    } | null;
    readonly profile: {
      readonly taus: readonly number[];
      readonly rules: readonly { readonly rule: string; readonly share: readonly number[] }[];
    } | null;
    readonly notes: readonly string[];
  }[];
  readonly claims: readonly ClaimAnswer[];
  readonly runs: readonly AssessedRun[];
}

interface Summary {
  readonly n: number;
  readonly mean: number | null;
  readonly interval: Interval | null;
}

/** `comparison.json` of `thalweg compare`. */
export interface Comparison {
  readonly title: string;
  readonly command: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly task: {
    readonly name: string;
    readonly description: string;
    readonly model: string;
    readonly parameters: number;
    readonly steps: number;
    readonly lossUnit: string;
  };
  readonly study: { readonly budget: number; readonly seeds: readonly number[]; readonly schedule: string };
  readonly rules: readonly {
    readonly name: string;
    readonly tuned: Readonly<Record<string, unknown>>;
    readonly trials: readonly {
      readonly hyperparameters: Readonly<Record<string, unknown>>;
      readonly status: string;
      readonly validationLoss: number | null;
      readonly folder: string;
    }[];
    readonly runs: readonly {
      readonly seed: number;
      readonly folder: string;
      readonly evaluations: readonly {
        readonly step: number;
        readonly testLoss: number | null;
        readonly testAccuracy: number | null;
      }[];
    }[];
    readonly accuracy?: Summary;
    readonly loss?: Summary;
    readonly difference?: { readonly accuracy: ComparedDifference; readonly loss: ComparedDifference } | null;
    readonly cost?: { readonly tuningSeconds: number; readonly finalSeconds: number };
  }[];
}

export interface ComparedDifference {
  readonly mean: number | null;
  readonly interval: Interval | null;
  readonly verdict?: string;
}
