/**
 * What a study is asked to do, and the form of `study.yaml`. Most fields may be left out; every list is a factor, and settings are all combinations
 * of task, rule, schedule, batch size and steps.
 *
 *   tasks: [quad-deep, logreg-digits]
 *   rules:
 *     - adamw
 *     - rule: muon(scale=none)          # a label, or a space of its own
 *       label: plain-muon
 *       space: { lr: { low: 1.e-3, high: 3, log: true } }
 *   schedules: ["warmup(5%) > cosine", constant]
 *   trials: 24                                 # per rule, setting and replicate
 *   seeds: 10                                  # of the winners: a count, or a list
 *
 * The form alone is checked here; what it means is checked by `spec-checks.ts`, and places in the file are found by `spec-file.ts`.
 */
import { z } from "zod";
import type { Space } from "../samplers/index.ts";

/** The seeds of final runs begin here; those of tuning go down from the one before, so that none is used twice. */
const FIRST_SEED = 43;
const TUNING_SEED = 42;

const count = (what: string) =>
  z.int(`${what} must be a whole number, at least 1`).min(1, `${what} must be a whole number, at least 1`);
const text = (what: string) => z.string(`${what} must be text`).min(1, `${what} must not be empty`);
const several = <T extends z.ZodType>(item: T, what: string) =>
  z.preprocess(
    (value) => (Array.isArray(value) || value === undefined ? value : [value]),
    z.array(item).min(1, `there must be at least one of ${what}`),
  );
const seeds = (what: string, nth: (i: number) => number) =>
  z.preprocess(
    (value) =>
      typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 1000
        ? Array.from({ length: value }, (_, i) => nth(i))
        : value,
    z
      .array(
        z
          .int(`${what}: a seed must be a whole number, at least 0`)
          .min(0, `${what}: a seed must be at least 0`),
        {
          error: `${what} must be how many there are, from 1 to 1000, or a list of them`,
        },
      )
      .min(1, `${what} must name at least one seed`),
  );

const ruleEntry = z.preprocess(
  (value) => (typeof value === "string" ? { rule: value } : value),
  z.strictObject(
    { rule: text("rule"), label: text("label").optional(), space: z.unknown().optional() },
    { error: issueOf("a rule must be its text, or a map with rule, label and space") },
  ),
);

const taskEntry = z.preprocess(
  (value) => (typeof value === "string" ? { name: value } : value),
  z.union(
    [
      z.strictObject({ name: text("name") }),
      z.strictObject({
        file: text("file"),
        data: text("data").optional(),
        loss: text("loss").optional(),
        outputs: z.record(z.string(), z.number()).optional(),
        freeze: z.array(z.string()).optional(),
        mode: z.enum(["training", "inference"]).optional(),
      }),
    ],
    { error: "a task must be a name, a file, or a map with file and data" },
  ),
);

const prunerEntry = z.preprocess(
  (value) => (typeof value === "string" ? { name: value } : value),
  z.looseObject(
    { name: text("pruner") },
    { error: "pruner must be a name, or a map with its name and options" },
  ),
);

/** The first sentence for what is no map at all; unknown keys keep zod's own issue. */
function issueOf(message: string) {
  return (issue: { code?: string | undefined }) => (issue.code === "invalid_type" ? message : undefined);
}

export const specSchema = z.strictObject({
  /** Of the study; the file's name by default. */
  name: text("name").optional(),
  tasks: several(taskEntry, "tasks"),
  rules: several(ruleEntry, "rules"),
  /** Of lr, or `lr=…; momentum=…`: a column each. */
  schedules: several(text("a schedule"), "schedules").default(["warmup(5%) > cosine"]),
  /** Instead of each task's own. */
  batchSizes: several(count("a batch size"), "batchSizes").optional(),
  /** Lengths of the runs in updates, instead of each task's own. */
  steps: several(count("a number of steps"), "steps").optional(),
  /** Points that a search tries: per rule, setting and replicate. */
  trials: count("trials").max(100_000).default(8),
  /** Independent searches of each setting: 2 make the noise of tuning known, 1 does without. */
  replicates: count("replicates").max(26).default(2),
  /** Of the winners' runs: how many, or which. */
  seeds: seeds("seeds", (i) => FIRST_SEED + i).default([43, 44, 45, 46, 47]),
  /** Of the trials: what is minimised is the mean over them. */
  tuningSeeds: seeds("tuningSeeds", (i) => TUNING_SEED - i).default([TUNING_SEED]),
  sampler: text("sampler").default("halton"),
  pruner: prunerEntry.optional(),
  /** The family of spaces, a file, or spaces by a rule's label. */
  spaces: z
    .union([z.string(), z.record(z.string(), z.unknown())], {
      error: "spaces must be the name of a family, a file, or a map from rules to spaces",
    })
    .default("learning-rate"),
  limits: z
    .strictObject(
      {
        /** Of one trial on one worker, by the wall; then it is ended as timed out. */
        secondsPerTrial: z
          .number("secondsPerTrial must be a number of seconds")
          .positive("secondsPerTrial must be above 0")
          .default(3600),
      },
      { error: issueOf("limits must be a map") },
    )
    .prefault({}),
  /** Processes that train each run together; more than one takes MPI. */
  ranks: count("ranks").optional(),
  /** Places the points of the searches. */
  seed: z.int("seed must be a whole number, at least 0").min(0, "seed must be at least 0").default(0),
});

/** As it stands in the file, with defaults. */
export type WrittenSpec = z.infer<typeof specSchema>;

/** Fields by where they stand, for "did you mean". */
export const specFields = (path: readonly PropertyKey[]): readonly string[] =>
  FIELDS[String(path[0] ?? "")] ?? [];
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  "": Object.keys(specSchema.shape),
  rules: ["rule", "label", "space"],
  tasks: ["name", "file", "data", "loss", "outputs", "freeze", "mode"],
  limits: ["secondsPerTrial"],
};

/** What a rule's label is where none is given: its text without spaces at the ends. */
export const labelOf = ({ rule, label }: { rule: string; label?: string | undefined }): string =>
  label ?? rule.trim();

/** Spaces by a rule's label, where the study gives them itself. */
export type GivenSpaces = Readonly<Record<string, Space>>;
