/**
 * Replay: a rule over recorded gradients. It is how rules are compared with other people's code, and how a user checks
 * a rule of their own: no network, no data, only `parameters after each step = f(parameters, gradients)`.
 */
import { FlatMemory, type FloatArray, nearest } from "@thalweg/formula";
import { z } from "zod";
import { type Backend, referenceBackend, wasmBackend } from "./backend.ts";
import type { ParameterGroup, Segment } from "./groups.ts";
import { Optimizer, stateSlotCount } from "./optimizer.ts";
import { chain, type Link, type Rule, rule, withHyper } from "./rule.ts";
import { rules } from "./rules/index.ts";
import { parseSchedule, type Schedule } from "./schedules/index.ts";
import { transforms } from "./transforms/index.ts";

/** What a field with alternatives must be, beside what was found: a union by itself only says "Invalid input". */
const mustBe = (what: string) => ({
  error: ({ input }: { input?: unknown }) =>
    `must be ${what}: found ${JSON.stringify(input)?.slice(0, 80) ?? "nothing"}`,
});

const numbers = z.record(z.string(), z.number());
const declaration = z.strictObject({
  name: z.string(),
  summary: z.string().optional(),
  hyper: numbers.optional(),
  state: z.array(z.string()).optional(),
  update: z.string(),
  source: z.string().optional(),
});
/** NaN and infinities are written as text, since JSON has no other way. */
const element = z.union(
  [z.number(), z.enum(["NaN", "Infinity", "-Infinity"]).transform(Number)],
  mustBe('a number, "NaN", "Infinity" or "-Infinity"'),
);
const ruleOrDeclaration = z.union(
  [z.string(), declaration],
  mustBe('the name of a rule, or a declaration with at least "name" and "update"'),
);

const recordingSchema = z.looseObject({
  /** A rule of the catalogue by name, or a declaration with its formula. */
  rule: ruleOrDeclaration.optional(),
  /** Hyperparameters instead of the defaults; in a chain by their names in the chain. */
  options: numbers.optional(),
  /** Instead of `rule`: transforms and a rule, in order. */
  chain: z
    .array(
      z.union(
        [
          z.strictObject({ transform: z.string(), options: numbers.optional() }),
          z.strictObject({ rule: ruleOrDeclaration, options: numbers.optional() }),
        ],
        mustBe('{ "transform": name } or { "rule": name }, with "options" or without'),
      ),
    )
    .optional(),
  groups: z
    .array(z.strictObject({ match: z.string(), options: numbers.optional(), frozen: z.boolean().optional() }))
    .optional(),
  /** A spec for the learning rate, or a spec per hyperparameter. */
  schedule: z
    .union([z.string(), z.record(z.string(), z.string())], mustBe("a spec, or a spec per hyperparameter"))
    .optional(),
  parameters: z.array(
    z.object({ name: z.string(), shape: z.array(z.int().nonnegative()), data: z.array(element) }),
  ),
  /** Per step, per parameter, row-major. */
  gradients: z.array(z.array(z.array(element))),
});

/** What `thalweg replay` reads. Other fields, such as notes on the origin, are ignored. */
export type Recording = z.infer<typeof recordingSchema>;

/** What `thalweg replay` prints. */
export interface Replay {
  steps: { parameters: { name: string; data: number[] }[]; scalars: Record<string, number> }[];
}

/** Read a recording. Raises TypeError that names the field. */
export function parseRecording(json: unknown): Recording {
  const result = recordingSchema.safeParse(json);
  if (!result.success) {
    throw new TypeError(
      `Cannot replay as the recording is not in its form:\n${z.prettifyError(result.error)}`,
    );
  }
  const { rule: single, chain: links, parameters, gradients } = result.data;
  if ((single === undefined) === (links === undefined)) {
    throw new TypeError(
      `Cannot replay as a recording needs either "rule" or "chain": it has ${single === undefined ? "neither" : "both"}`,
    );
  }
  for (const { name, shape, data } of parameters) {
    const count = elementCount(shape);
    if (data.length !== count) {
      throw new TypeError(
        `Cannot replay as parameter "${name}" of shape [${shape}] needs ${count} numbers: it has ${data.length}`,
      );
    }
  }
  gradients.forEach((step, s) => {
    const found = step.map((data) => data.length).join(", ");
    const needed = parameters.map(({ data }) => data.length).join(", ");
    if (found !== needed) {
      throw new TypeError(
        `Cannot replay as the gradients of step ${s + 1} must have sizes ${needed}: they have ${found}`,
      );
    }
  });
  return result.data;
}

/** The rule that a recording asks for. Raises RangeError with the nearest name for one that does not exist. */
export function recordedRule({ rule: single, chain: links = [], options = {} }: Recording): Rule {
  if (single !== undefined) return withHyper(findRule(single), options);
  const parts = links.map((link): Rule | Link =>
    "transform" in link
      ? findTransform(link.transform)(link.options)
      : withHyper(findRule(link.rule), link.options ?? {}),
  );
  return withHyper(chain(...parts), options);
}

/** Run a recording on the fused float32 kernels or the float64 reference. */
export function replay(recording: Recording, engine: "reference" | "wasm"): Replay {
  const count = recording.parameters.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  if (engine === "reference") {
    return run(recording, referenceBackend, new Float64Array(count), new Float64Array(count));
  }
  // theta, g, and each slot as one vector per group, which may waste a cache line each
  const slots = stateSlotCount(recordedRule(recording));
  const seams = slots * (recording.groups?.length ?? 0);
  const memory = new FlatMemory((2 + slots) * FlatMemory.bytesFor(count) + seams * FlatMemory.bytesFor(1));
  return run(recording, wasmBackend(memory), memory.allocate(count), memory.allocate(count));
}

function run<A extends FloatArray>(recording: Recording, backend: Backend<A>, theta: A, gradient: A): Replay {
  let offset = 0;
  const segments = recording.parameters.map(({ name, shape, data }): Segment => {
    const segment = { name, shape, offset, size: data.length };
    theta.set(data, offset);
    offset += data.length;
    return segment;
  });
  const groups = (recording.groups ?? []).map(
    ({ match, options = {}, frozen = false }): ParameterGroup => ({ match, hyper: options, frozen }),
  );
  const optimizer = new Optimizer({
    backend,
    segments,
    parameters: theta,
    gradients: gradient,
    rule: recordedRule(recording),
    groups,
  });
  const schedules = recordedSchedules(recording);
  const steps = recording.gradients.map((gradients, s) => {
    gradients.forEach((data, i) => {
      gradient.set(data, segments[i]!.offset);
    });
    optimizer.step(Object.fromEntries(schedules.map(([name, schedule]) => [name, schedule.at(s)])));
    return {
      parameters: segments.map(({ name, offset: start, size }) => ({
        name,
        data: Array.from(theta.subarray(start, start + size)),
      })),
      scalars: optimizer.hyperparameters().at(-1)?.hyper ?? {},
    };
  });
  return { steps };
}

function recordedSchedules({ schedule = {}, gradients }: Recording): [string, Schedule][] {
  const specs = typeof schedule === "string" ? { lr: schedule } : schedule;
  return Object.entries(specs).map(([name, spec]) => [
    name,
    parseSchedule(spec, Math.max(1, gradients.length)),
  ]);
}

function findRule(nameOrDeclaration: z.infer<typeof ruleOrDeclaration>): Rule {
  if (typeof nameOrDeclaration !== "string") {
    const { name, summary = "", hyper = {}, state = [], update, source = "" } = nameOrDeclaration;
    return rule({ name, summary, hyper, state, update, source });
  }
  return lookUp("rule", rules, nameOrDeclaration);
}

const findTransform = (name: string) => lookUp("transform", transforms, name);

/** The entry of a catalogue. Raises RangeError with the nearest name for one that does not exist. */
export function lookUp<T>(what: string, table: Readonly<Record<string, T>>, name: string): T {
  const names = Object.keys(table);
  if (Object.hasOwn(table, name)) return table[name]!;
  const close = nearest(name, names);
  const hint = close === undefined ? "" : `; did you mean "${close}"?`;
  throw new RangeError(`Cannot find the ${what} "${name}": there are ${names.join(", ")}${hint}`);
}

const elementCount = (shape: readonly number[]) => shape.reduce((product, n) => product * n, 1);
