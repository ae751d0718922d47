/** Problems and methods as they are written on the command line: a name, and options in parentheses. */
import {
  buildProblem,
  lookUp,
  type Method,
  minimizers,
  type OptionValue,
  type OptionValues,
  type Problem,
  withOptions,
} from "@thalweg/optim";
import { UsageError } from "./errors.ts";

export interface Call {
  readonly name: string;
  readonly values: OptionValues;
}

/** `rosenbrock(n=10)` → the name and { n: 10 }; what they mean is the table's business. */
export function readCall(text: string, what: string, example: string): Call {
  const [, name, inside] = /^\s*([\w-]+)\s*(?:\((.*)\))?\s*$/s.exec(text) ?? [];
  if (name === undefined) refuse(text, what, example);
  const values: Record<string, OptionValue> = {};
  for (const part of inside?.trim() ? inside.split(",") : []) {
    const [, option, value] = /^\s*([A-Za-z]\w*)\s*=\s*([^\s=()]+)\s*$/.exec(part) ?? [];
    if (option === undefined || value === undefined) refuse(text, what, example);
    if (Object.hasOwn(values, option)) {
      throw new UsageError(`Cannot read the ${what} ${text} as ${option} is given twice`);
    }
    values[option] = readValue(value);
  }
  return { name, values };
}

/** As one writes it: `rosenbrock(n=10)`. */
export const showCall = (name: string, values: OptionValues): string => {
  const written = Object.entries(values).map(([option, value]) => `${option}=${value}`);
  return written.length === 0 ? name : `${name}(${written.join(", ")})`;
};

/** The problem that a text names. Raises RangeError for a name, an option or a value that does not exist. */
export function readProblem(text: string): { problem: Problem; values: OptionValues; written: string } {
  const { name, values } = readCall(text, "problem", "rosenbrock(n=10)");
  return { problem: buildProblem(name, values), values, written: showCall(name, values) };
}

/** The method that a text names, with its options. Raises RangeError as readProblem does. */
export function readMethod(text: string): { method: Method; written: string } {
  const { name, values } = readCall(text, "method", "lbfgs(history=5)");
  return {
    method: withOptions(lookUp("method", minimizers, name), values),
    written: showCall(name, values),
  };
}

/** A number where it is one, true and false where it says so, else the text. */
function readValue(text: string): OptionValue {
  if (text === "true" || text === "false") return text === "true";
  const value = Number(text);
  return Number.isNaN(value) ? text : value;
}

function refuse(text: string, what: string, example: string): never {
  throw new UsageError(
    `Cannot read the ${what} as it must be a name, or a name with options such as ${example}: current value is ${text || "empty"}`,
  );
}
