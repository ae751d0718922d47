/** The formats by name: what writes runs, and what reads them. */
import type { Space } from "../samplers/index.ts";
import type { RecordedRun } from "./recorded-run.ts";

export interface Recorded {
  runs: RecordedRun[];
  /** What was searched, by rule, where the format says so. */
  spaces?: Record<string, Space>;
}

export interface Format {
  title: string;
  /** Write runs below a folder; gives back the files' paths. */
  write(
    runs: readonly RecordedRun[],
    folder: string,
    spaces: Readonly<Record<string, Space>>,
  ): Promise<string[]>;
  /** Read the runs below a folder. */
  read(folder: string): Promise<Recorded>;
}

/** Each is loaded when it is used. */
export const formats: Readonly<Record<string, Format>> = {
  tfevents: {
    title: "TensorBoard event files: scalars, and HParams grouped by configuration",
    write: async (runs, folder) => (await import("./tensorboard/write.ts")).writeTensorboard(runs, folder),
    read: async (folder) => ({ runs: (await import("./tensorboard/read.ts")).readTensorboard(folder) }),
  },
  optuna: {
    title: "Optuna's journal: a study per search",
    write: async (runs, folder, spaces) =>
      (await import("./optuna/runs.ts")).writeOptuna(runs, folder, spaces),
    read: async (folder) => (await import("./optuna/runs.ts")).readOptuna(folder),
  },
  deepobs: {
    title: "DeepOBS's JSON, also of the Crowded Valley",
    write: async (runs, folder) => (await import("./deepobs.ts")).writeDeepobs(runs, folder),
    read: async (folder) => ({
      runs: (await import("./beside.ts")).namedByStart((await import("./deepobs.ts")).readDeepobs(folder)),
    }),
  },
  algoperf: {
    title: "AlgoPerf's eval_measurements.csv",
    write: async (runs, folder) => (await import("./algoperf.ts")).writeAlgoperf(runs, folder),
    read: async (folder) => ({ runs: (await import("./algoperf.ts")).readAlgoperf(folder) }),
  },
  csv: {
    title: "one CSV of all evaluations",
    write: async (runs, folder) => (await import("./csv.ts")).writeCsv(runs, folder),
    read: async (folder) => ({ runs: (await import("./csv.ts")).readCsv(folder) }),
  },
};
