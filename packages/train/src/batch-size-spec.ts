/**
 * The language of batch-size schedules, in the form of the schedule language: parts joined by ">", each a name with numbers and
 * settings in parentheses. What cannot be read is refused with its column.
 *
 *   ramp(32, 512, examples=100000)        constant(32, examples=5000) > step(64, factor=2, every=20000, max=1024)
 *
 * Every part but the last needs a length, in examples; the last holds its final size to the end of the run. Numbers may be written 1e5.
 */
import { ScheduleError } from "@thalweg/optim";
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

const SPACE = /\s*/y;
const NAME = /[a-zA-Z]+/y;
const NUMBER = /[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?/y;

function readParts(spec: string): Part[] {
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const text = pattern.exec(spec)?.[0];
    at += text?.length ?? 0;
    return text;
  };
  const skip = () => take(SPACE);
  const refuse = (reason: string, column = at + 1): never => {
    throw new ScheduleError(spec, column, reason);
  };
  const found = () => (at < spec.length ? `found "${spec[at]}"` : "the text ends");
  const expect = (symbol: string) => {
    skip();
    if (spec[at] !== symbol) refuse(`${found()} where "${symbol}" is accepted`);
    at++;
  };

  const setting = (kind: Kind, name: string, values: Record<string, number>, unnamed: number): number => {
    skip();
    const column = at + 1;
    const key = take(NAME);
    if (key !== undefined) expect("=");
    skip();
    const number = take(NUMBER) ?? refuse(`${found()} where a number is accepted`);
    const known = [...kind.positional, ...kind.required, ...kind.optional];
    const target = key ?? kind.positional[unnamed];
    if (target === undefined || !known.includes(target)) {
      refuse(
        `${name} takes ${signature(name)}: ${key === undefined ? `${number} is one number too many` : `it has no setting "${key}"`}`,
        column,
      );
    }
    if (Object.hasOwn(values, target!)) refuse(`${target} of ${name} is given twice`, column);
    values[target!] = Number(number);
    return key === undefined ? unnamed + 1 : unnamed;
  };

  const part = (): Part => {
    skip();
    const column = at + 1;
    const name =
      take(NAME) ?? refuse(`${found()} where a name is accepted: ${Object.keys(KINDS).join(", ")}`);
    const kind = Object.hasOwn(KINDS, name)
      ? KINDS[name]!
      : refuse(`"${name}" is no batch-size schedule: there are ${Object.keys(KINDS).join(", ")}`, column);
    expect("(");
    const values: Record<string, number> = {};
    let unnamed = 0;
    for (;;) {
      unnamed = setting(kind, name, values, unnamed);
      skip();
      if (spec[at] !== ",") break;
      at++;
    }
    expect(")");
    const missing = [...kind.positional, ...kind.required].find((key) => !Object.hasOwn(values, key));
    if (missing !== undefined) refuse(`${name} needs ${missing}: write ${signature(name)}`, column);
    return { name, column, values };
  };

  const parts = [part()];
  for (skip(); at < spec.length; skip()) {
    expect(">");
    parts.push(part());
  }
  return parts;
}

/** `ramp(from, to, examples=…, increment=…)`; what is in brackets may be left out. */
function signature(name: string): string {
  const { positional, required, optional } = KINDS[name]!;
  const words = [...positional, ...required.map((key) => `${key}=…`), ...optional.map((key) => `[${key}=…]`)];
  return `${name}(${words.join(", ")})`;
}
