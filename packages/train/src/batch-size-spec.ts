/**
 * Batch-size schedules as text, in the schedule language's grammar: parts joined by ">", each a name with numbers and
 * settings in parentheses. What cannot be read is refused with its column.
 *
 *   ramp(32, 512, examples=100000)        constant(32, examples=5000) > step(64, factor=2, every=20000, max=1024)
 *
 * Every part but the last needs a length, in examples; the last holds its final size to the end of the run. Numbers may be written 1e5.
 */
import { type CallSyntax, readSyntax, ScheduleError, type ScheduleSyntax } from "@thalweg/optim";
import {
  type BatchSchedule,
  constantBatch,
  layOutBatches,
  type Rise,
  rampBatch,
  stepBatch,
} from "./batch-size.ts";

interface Kind {
  /** Numbers without a name, in order. */
  readonly positional: readonly string[];
  readonly required: readonly string[];
  readonly optional: readonly string[];
  readonly rises: (values: Readonly<Record<string, number>>) => Rise[];
}

/** `examples` is the length of a part; a ramp cannot do without. */
const KINDS: Readonly<Record<string, Kind>> = {
  constant: {
    positional: ["size"],
    required: [],
    optional: ["examples"],
    rises: ({ size }) => constantBatch(size!),
  },
  ramp: {
    positional: ["from", "to"],
    required: ["examples"],
    optional: ["increment"],
    rises: ({ from, to, examples, increment }) =>
      rampBatch({
        from: from!,
        to: to!,
        examples: examples!,
        ...(increment === undefined ? {} : { increment }),
      }),
  },
  step: {
    positional: ["from"],
    required: ["factor", "every", "max"],
    optional: ["examples"],
    rises: ({ from, factor, every, max }) =>
      stepBatch({ from: from!, factor: factor!, every: every!, max: max! }),
  },
};

interface Part {
  readonly name: string;
  readonly column: number;
  readonly values: Readonly<Record<string, number>>;
}

/** Read a batch-size schedule. Raises ScheduleError, which points at the column, for text that is none. */
export function parseBatchSchedule(spec: string): BatchSchedule {
  const parts = readParts(spec);
  const rises: Rise[] = [];
  let begin = 0;
  for (const [i, part] of parts.entries()) {
    const own = build(spec, part);
    const { examples } = part.values;
    if (examples === undefined && i < parts.length - 1) {
      const reason = `only the last part may go on for ever: write ${part.name}(…, examples=5000)`;
      throw new ScheduleError(spec, part.column, reason);
    }
    if (examples !== undefined && !(Number.isSafeInteger(examples) && examples >= 1)) {
      const reason = `examples of ${part.name} must be a whole number, at least 1: current value is ${examples}`;
      throw new ScheduleError(spec, part.column, reason);
    }
    const end = begin + (examples ?? Number.POSITIVE_INFINITY);
    const isLast = i === parts.length - 1;
    rises.push(
      ...own.map((rise) => ({ ...rise, from: begin + rise.from })).filter(({ from }) => isLast || from < end),
    );
    begin = end;
  }
  return layOutBatches(spec, rises);
}

function build(spec: string, { name, column, values }: Part): Rise[] {
  try {
    const rises = KINDS[name]!.rises(values);
    layOutBatches(spec, rises); // refuses sizes that are none, where the part is still known
    return rises;
  } catch (error) {
    if (error instanceof RangeError) throw new ScheduleError(spec, column, error.message);
    throw error;
  }
}

function readParts(spec: string): Part[] {
  const syntax = readSyntax(spec);
  return (syntax.type === "sequence" ? syntax.parts : [syntax]).map((part) => readPart(spec, part));
}

function readPart(spec: string, part: ScheduleSyntax): Part {
  const { column } = part;
  const known = Object.keys(KINDS).join(", ");
  if (part.type !== "call") {
    throw new ScheduleError(
      spec,
      column,
      `a batch-size schedule is a part, or parts joined by ">", each one of ${known}`,
    );
  }
  const { name } = part;
  const kind = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined;
  if (kind === undefined) {
    throw new ScheduleError(spec, column, `"${name}" is no batch-size schedule: there are ${known}`);
  }
  const values = readValues(spec, part, kind);
  const missing = [...kind.positional, ...kind.required].find((key) => !Object.hasOwn(values, key));
  if (missing !== undefined) {
    throw new ScheduleError(spec, column, `${name} needs ${missing}: write ${signature(name)}`);
  }
  return { name, column, values };
}

/** The numbers of a part by their names; those without one come in order. */
function readValues(spec: string, { name, settings }: CallSyntax, kind: Kind): Record<string, number> {
  const known = [...kind.positional, ...kind.required, ...kind.optional];
  const values: Record<string, number> = {};
  let unnamed = 0;
  for (const setting of settings) {
    const refuse = (reason: string, column = setting.column) => new ScheduleError(spec, column, reason);
    if (!("value" in setting && setting.value.type === "number")) {
      throw refuse(`settings of ${name} are plain numbers: write ${signature(name)}`);
    }
    const { number } = setting.value;
    const key = setting.key ?? kind.positional[unnamed++];
    if (key === undefined) throw refuse(`${name} takes ${signature(name)}: ${number} is one number too many`);
    if (!known.includes(key)) throw refuse(`${name} takes ${signature(name)}: it has no setting "${key}"`);
    if (Object.hasOwn(values, key)) throw refuse(`${key} of ${name} is given twice`);
    values[key] = number;
  }
  return values;
}

/** `ramp(from, to, examples=…, increment=…)`; what is in brackets may be left out. */
function signature(name: string): string {
  const { positional, required, optional } = KINDS[name]!;
  const words = [...positional, ...required.map((key) => `${key}=…`), ...optional.map((key) => `[${key}=…]`)];
  return `${name}(${words.join(", ")})`;
}
