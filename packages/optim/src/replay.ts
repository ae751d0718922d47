/**
 * Replay: a rule over recorded gradients. It is how rules are compared with other people's code, and how a user checks
 * a rule of their own: no network, no data, only `parameters after each step = f(parameters, gradients)`.
 */
import { FlatMemory, type FloatArray } from "@thalweg/formula";
import { z } from "zod";
import { type Backend, referenceBackend, wasmBackend } from "./backend.ts";
import { buildRule, type LinkCatalogue, type RuleOptions } from "./catalogue.ts";
import { declarationSchema, declareRule, lookUp, mustBe } from "./declaration.ts";
import type { ParameterGroup, Segment } from "./groups.ts";
import { Optimizer, stateSlotCount } from "./optimizer.ts";
import { chain, type Link, type Rule, withHyper } from "./rule.ts";
import { catalogue } from "./rules/index.ts";
import { parseSchedules, type Schedule } from "./schedules/index.ts";
import { transformCatalogue } from "./transforms/index.ts";
import { wrapperCatalogue } from "./wrappers/index.ts";

const numbers = z.record(z.string(), z.number());
/** Hyperparameters are numbers; choices, such as a dialect, are texts and truth values. */
const options = z.record(
  z.string(),
  z.union([z.number(), z.string(), z.boolean()], mustBe("a number, a text, true or false")),
);
/** NaN and infinities are written as text, since JSON has no other way. */
const element = z.union(
  [z.number(), z.enum(["NaN", "Infinity", "-Infinity"]).transform(Number)],
  mustBe('a number, "NaN", "Infinity" or "-Infinity"'),
);
const ruleOrDeclaration = z.union(
  [z.string(), declarationSchema],
  mustBe('the name of a rule, or a declaration with at least "name" and "update"'),
);

const recordingSchema = z.looseObject({
  /** A rule of the catalogue by name, or a declaration with its formula. */
  rule: ruleOrDeclaration.optional(),
  /** Hyperparameters instead of the defaults; in a chain by their names in the chain. */
  options: options.optional(),
  /** Instead of `rule`: transforms and a rule, in order. */
  chain: z
    .array(
      z.union(
        [
          z.strictObject({ transform: z.string(), options: numbers.optional() }),
          z.strictObject({ rule: ruleOrDeclaration, options: options.optional() }),
        ],
        mustBe('{ "transform": name } or { "rule": name }, with "options" or without'),
      ),
    )
    .optional(),
  groups: z
    .array(z.strictObject({ match: z.string(), options: numbers.optional(), frozen: z.boolean().optional() }))
    .optional(),
  /** For rules that read noise; 0 by default. */
  seed: z.int().nonnegative().optional(),
  /** A spec for the learning rate, or a spec per hyperparameter. */
  schedule: z
    .union([z.string(), z.record(z.string(), z.string())], mustBe("a spec, or a spec per hyperparameter"))
    .optional(),
  parameters: z.array(
    z.object({ name: z.string(), shape: z.array(z.int().nonnegative()), data: z.array(element) }),
  ),
  /** Per step, per parameter, row-major. */
  gradients: z.array(z.array(z.array(element))),
  /** For rules that want gradients before their update: per step, per phase that is due, per parameter. */
  phaseGradients: z.array(z.array(z.array(z.array(element)))).optional(),
});

/** What `thalweg replay` reads. Other fields, such as notes on the origin, are ignored. */
export type Recording = z.infer<typeof recordingSchema>;

/** What `thalweg replay` prints. */
export interface Replay {
  steps: ReplayStep[];
}

export interface ReplayStep {
  parameters: NamedData[];
  /** The parameters to evaluate with, for rules where they are others. */
  view?: NamedData[];
  /** Hyperparameters as the step used them, and state that is one number for all parameters. */
  scalars: Record<string, number>;
}

export interface NamedData {
  name: string;
  /** Row-major. */
  data: number[];
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
  if (single !== undefined) return findRule(single, options);
  const parts = links.map((link): Rule | Link =>
    "transform" in link
      ? findTransform(link.transform)(link.options)
      : findRule(link.rule, link.options ?? {}),
  );
  return withHyper(chain(...parts), onlyNumbers(options));
}

/** Run a recording on the fused float32 kernels or the float64 reference. */
export function replay(recording: Recording, engine: "reference" | "wasm"): Replay {
  const count = recording.parameters.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  if (engine === "reference") {
    return run(recording, referenceBackend, new Float64Array(count), new Float64Array(count));
  }
  // theta, g, and each slot as one vector per group, which may waste a cache line each
  const slots = stateSlotCount(recordedRule(recording));
  const seams = slots * 2 * (1 + (recording.groups?.length ?? 0)); // each group may have a part for the fallback
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
    seed: recording.seed ?? 0,
  });
  const schedules = recordedSchedules(recording);
  const read = (gradients: readonly (readonly number[])[]) =>
    gradients.forEach((data, i) => {
      gradient.set(data, segments[i]!.offset);
    });
  const named = (vector: A): NamedData[] =>
    segments.map(({ name, offset: from, size }) => ({
      name,
      data: Array.from(vector.subarray(from, from + size)),
    }));
  const steps = recording.gradients.map((gradients, s): ReplayStep => {
    const factors = Object.fromEntries(schedules.map(([name, schedule]) => [name, schedule.at(s)]));
    optimizer.phasesDue().forEach((phase, i) => {
      read(phaseGradient(recording, s, i));
      optimizer.prepare(phase, factors);
    });
    read(gradients);
    optimizer.step(factors);
    const numbers = Object.values(optimizer.state().shared);
    return {
      parameters: named(theta),
      ...(optimizer.hasView ? { view: named(viewOf(optimizer, theta)) } : {}),
      scalars: Object.assign({}, optimizer.hyperparameters().at(-1)?.hyper, ...numbers),
    };
  });
  return { steps };
}

function phaseGradient(
  { phaseGradients }: Recording,
  step: number,
  phase: number,
): readonly (readonly number[])[] {
  const found = phaseGradients?.[step]?.[phase];
  if (found !== undefined) return found;
  throw new TypeError(
    `Cannot replay as the rule wants a gradient before its update in step ${step + 1}: "phaseGradients" has none for phase ${phase + 1} of that step`,
  );
}

function viewOf<A extends FloatArray>(optimizer: Optimizer<A>, theta: A): A {
  const out = theta.slice() as A;
  optimizer.writeView(out);
  return out;
}

function recordedSchedules({ schedule = {}, gradients }: Recording): [string, Schedule][] {
  return Object.entries(parseSchedules(schedule, Math.max(1, gradients.length)));
}

function findRule(nameOrDeclaration: z.infer<typeof ruleOrDeclaration>, options: RuleOptions): Rule {
  if (typeof nameOrDeclaration === "string") {
    return buildRule(lookUp("rule", catalogue, nameOrDeclaration), options);
  }
  return withHyper(declareRule(nameOrDeclaration), onlyNumbers(options));
}

/** Only rules of the catalogue have choices. */
function onlyNumbers(options: RuleOptions): Record<string, number> {
  for (const [name, value] of Object.entries(options)) {
    if (typeof value === "number") continue;
    throw new RangeError(
      `Cannot use option ${name} here as it must be a number: current value is ${JSON.stringify(value)}`,
    );
  }
  return options as Record<string, number>;
}

const links: LinkCatalogue = { ...transformCatalogue, ...wrapperCatalogue };

const findTransform = (name: string) => lookUp("transform", links, name).make;

const elementCount = (shape: readonly number[]) => shape.reduce((product, n) => product * n, 1);
