/**
 * Optuna's journal: one JSON object a line, each an operation; studies and trials are numbered as they come. Optuna, its dashboard and its
 * extension for editors open the file as it is and go on with it.
 *
 *   0 create study   1 delete study   2, 3 attributes of a study   4 create trial   5 parameter   6 state and values   7 value on the way
 *   8, 9 attributes of a trial
 *
 * Python's JSON has NaN and infinities as words, and so do these lines.
 *
 * Source   optuna 5.0.0, optuna/storages/journal/_storage.py and distributions.py.
 */
import type { Dimension, Value } from "../../samplers/index.ts";

export const STATES = ["RUNNING", "COMPLETE", "PRUNED", "FAIL", "WAITING"] as const;
export type OptunaState = (typeof STATES)[number];

export interface OptunaStudy {
  name: string;
  direction: "minimize" | "maximize";
  attributes: Record<string, unknown>;
  trials: OptunaTrial[];
}

export interface OptunaTrial {
  state: OptunaState;
  value: number | undefined;
  parameters: Record<string, Value | null>;
  dimensions: Record<string, Dimension>;
  /** By step. */
  intermediate: Map<number, number>;
  attributes: Record<string, unknown>;
  /** Seconds since 1970. */
  startedAt: number;
  endedAt: number | undefined;
}

/** Whoever writes operations, as each line names it. */
const WORKER = "thalweg-0";

/** The journal of studies. */
export function journalText(studies: readonly OptunaStudy[]): string {
  const lines: string[] = [];
  const say = (op_code: number, operation: Record<string, unknown>) =>
    lines.push(`${pythonJson({ op_code, worker_id: WORKER, ...operation })}\n`);
  let trialId = 0;
  studies.forEach((study, study_id) => {
    say(0, { study_name: study.name, directions: [study.direction === "minimize" ? 1 : 2] });
    for (const [name, value] of Object.entries(study.attributes))
      say(2, { study_id, user_attr: { [name]: value } });
    for (const trial of study.trials) {
      const trial_id = trialId++;
      say(4, { study_id, datetime_start: timeOf(trial.startedAt) });
      for (const [param_name, value] of Object.entries(trial.parameters)) {
        const dimension = trial.dimensions[param_name]!;
        const param_value_internal =
          dimension.type === "categorical" ? dimension.choices.indexOf(value!) : value;
        say(5, {
          trial_id,
          param_name,
          param_value_internal,
          distribution: pythonJson(distributionOf(dimension)),
        });
      }
      for (const [name, value] of Object.entries(trial.attributes))
        say(8, { trial_id, user_attr: { [name]: value } });
      for (const [step, intermediate_value] of trial.intermediate)
        say(7, { trial_id, step, intermediate_value });
      if (trial.state === "RUNNING") continue;
      const values = trial.value === undefined ? null : [trial.value];
      say(6, {
        trial_id,
        state: STATES.indexOf(trial.state),
        values,
        datetime_complete: timeOf(trial.endedAt ?? trial.startedAt),
      });
    }
  });
  return lines.join("");
}

/** Microseconds and an offset, as Python's isoformat has them. */
const timeOf = (seconds: number): string =>
  new Date(seconds * 1000).toISOString().replace(/(\.\d{3})Z$/, "$1000+00:00");

/** A dimension as Optuna has it. It knows no distance from 1: such a range is a plain one there, and so is one with 0 besides. */
function distributionOf(dimension: Dimension): Record<string, unknown> {
  if (dimension.type === "categorical") {
    return { name: "CategoricalDistribution", attributes: { choices: dimension.choices } };
  }
  const { low, high, log = false } = dimension;
  if (dimension.type === "int") return { name: "IntDistribution", attributes: { log, step: 1, low, high } };
  const withZero = dimension.orZero !== undefined;
  return {
    name: "FloatDistribution",
    attributes: { step: null, low: withZero ? 0 : low, high, log: log && !withZero },
  };
}

const WORDS = /(?<=[[,:\s])(NaN|-?Infinity)(?=[\],}\s])/g;
const MARK = "\u0000";

/** JSON with Python's words for what JSON lacks. */
const pythonJson = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    typeof part === "number" && !Number.isFinite(part) ? `${MARK}${part}` : part,
  ).replaceAll(/"\\u0000(NaN|-?Infinity)"/g, "$1");

function fromPythonJson(text: string): Record<string, unknown> {
  const marked = text.replaceAll(WORDS, '"\\u0000$1"');
  return JSON.parse(marked, (_, part: unknown) =>
    typeof part === "string" && part.startsWith(MARK) ? Number(part.slice(1)) : part,
  ) as Record<string, unknown>;
}

/**
 * The studies of a journal, those deleted left out. Half a last line does not count.
 *
 * Errors    RangeError with the line that is no operation, or that names a trial or study that is not there.
 */
export function parseJournal(text: string, path: string): OptunaStudy[] {
  const studies: (OptunaStudy | undefined)[] = [];
  const trials: OptunaTrial[] = [];
  for (const [i, line] of text.split("\n").slice(0, -1).entries()) {
    const fail = (reason: string, cause?: unknown): never => {
      throw new RangeError(`Cannot read ${path} at line ${i + 1} as ${reason}`, { cause });
    };
    const operation = operationOf(line, fail);
    const code = operation.op_code as number;
    const apply =
      OPERATIONS[code] ?? fail(`op_code must be from 0 to 9: current value is ${JSON.stringify(code)}`);
    try {
      apply(operation, {
        studies,
        trials,
        study: () => studies[operation.study_id as number] ?? fail(`there is no study ${operation.study_id}`),
        trial: () => trials[operation.trial_id as number] ?? fail(`there is no trial ${operation.trial_id}`),
      });
    } catch (cause) {
      if (cause instanceof RangeError) throw cause;
      fail(`the operation ${code} must have its fields: ${(cause as Error).message}`, cause);
    }
  }
  return studies.filter((study) => study !== undefined);
}

function operationOf(line: string, fail: (reason: string, cause: unknown) => never): Operation {
  try {
    return fromPythonJson(line);
  } catch (cause) {
    return fail(`it must be JSON: ${(cause as Error).message}`, cause);
  }
}

interface Journal {
  studies: (OptunaStudy | undefined)[];
  trials: OptunaTrial[];
  study(): OptunaStudy;
  trial(): OptunaTrial;
}

type Operation = Record<string, unknown>;
const nothing = () => {};

/** What each operation does, by its code. */
const OPERATIONS: Readonly<Record<number, (operation: Operation, journal: Journal) => void>> = {
  0: ({ study_name, directions }, { studies }) => {
    const direction = (directions as number[])[0] === 2 ? "maximize" : "minimize";
    studies.push({ name: String(study_name), direction, attributes: {}, trials: [] });
  },
  1: ({ study_id }, { studies }) => {
    studies[study_id as number] = undefined;
  },
  2: ({ user_attr }, { study }) => Object.assign(study().attributes, user_attr),
  3: nothing,
  4: (operation, { trials, study }) => {
    const trial = newTrial(operation);
    trials.push(trial);
    study().trials.push(trial);
  },
  5: ({ param_name, param_value_internal, distribution }, { trial }) =>
    setParameter(trial(), String(param_name), param_value_internal as number, String(distribution)),
  6: ({ state, values, datetime_complete }, { trial }) => {
    const one = trial();
    one.state = STATES[state as number] ?? "FAIL";
    one.value = (values as number[] | null)?.[0];
    if (typeof datetime_complete === "string") one.endedAt = Date.parse(datetime_complete) / 1000;
  },
  7: ({ step, intermediate_value }, { trial }) =>
    trial().intermediate.set(step as number, intermediate_value as number),
  8: ({ user_attr }, { trial }) => Object.assign(trial().attributes, user_attr),
  9: nothing,
};

/** A trial as it is created: empty, or whole where it was added or copied. */
function newTrial(operation: Operation): OptunaTrial {
  const {
    datetime_start,
    state = 0,
    value,
    values,
    params = {},
    distributions = {},
    intermediate_values = {},
  } = operation;
  const trial: OptunaTrial = {
    state: STATES[state as number] ?? "FAIL",
    value: (values as number[] | undefined)?.[0] ?? (value as number | undefined) ?? undefined,
    parameters: {},
    dimensions: {},
    intermediate: new Map(
      Object.entries(intermediate_values as Record<string, number>).map(([step, v]) => [Number(step), v]),
    ),
    attributes: { ...(operation.user_attrs as object) },
    startedAt: typeof datetime_start === "string" ? Date.parse(datetime_start) / 1000 : 0,
    endedAt:
      typeof operation.datetime_complete === "string"
        ? Date.parse(operation.datetime_complete) / 1000
        : undefined,
  };
  for (const [name, internal] of Object.entries(params as Record<string, number>)) {
    setParameter(trial, name, internal, String((distributions as Record<string, string>)[name]));
  }
  return trial;
}

function setParameter(trial: OptunaTrial, name: string, internal: number, distribution: string): void {
  const { name: kind, attributes } = fromPythonJson(distribution) as {
    name: string;
    attributes: Record<string, unknown>;
  };
  if (kind === "CategoricalDistribution") {
    const choices = attributes.choices as (Value | null)[];
    trial.parameters[name] = choices[internal]!;
    trial.dimensions[name] = { type: "categorical", choices: choices.map((choice) => choice ?? "None") };
    return;
  }
  const { low, high, log } = attributes as { low: number; high: number; log?: boolean };
  trial.parameters[name] = internal;
  trial.dimensions[name] = {
    ...(kind === "IntDistribution" && { type: "int" as const }),
    low,
    high,
    ...(log && { log }),
  } as Dimension;
}
