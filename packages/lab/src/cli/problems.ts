/** `thalweg problems [NAME]`: the problems with known minima, or one of them in full, with the methods that can run on it. */
import { factsOf, lookUp, methodsFor, type OptionValues, type Problem, problems } from "@thalweg/optim";
import type { Command } from "commander";
import { readCall, showCall } from "./calls.ts";
import { fromUser } from "./errors.ts";
import type { Io } from "./io.ts";
import { optionRows } from "./option-rows.ts";
import { columns, printJson } from "./print.ts";

const HELP = `
Examples:
  $ thalweg problems
  $ thalweg problems rosenbrock
  $ thalweg problems 'quadratic(kappa=1e4, n=20)' --json

To minimize one:  thalweg minimize --problem rosenbrock --method bfgs`;

export function define(command: Command, io: Io): void {
  command
    .description("List the problems, or explain one: formula, dimension, minima, options, source.")
    .argument("[problem]", "a name, or a name with options: quadratic(kappa=1e4)")
    .option("--json", "print JSON")
    .addHelpText("after", HELP)
    .action((text: string | undefined, { json = false }: { json?: boolean }) => {
      if (text === undefined) {
        if (json) printJson(io.stdout, everything());
        else io.stdout.write(list());
        return;
      }
      const { name, values } = fromUser(() => readCall(text, "problem", "quadratic(kappa=1e4)"));
      const { build } = fromUser(() => lookUp("problem", problems, name));
      const problem = fromUser(() => build(values));
      if (json) printJson(io.stdout, full(problem));
      else io.stdout.write(explanation(problem, values));
    });
}

const everything = () =>
  Object.values(problems).map(({ name, summary, options }) => ({
    name,
    summary,
    options: Object.fromEntries(Object.entries(options).map(([key, { default: value }]) => [key, value])),
  }));

function list(): string {
  const rows = Object.values(problems).map(({ name, summary, options }) => [
    showCall(name, Object.fromEntries(Object.entries(options).map(([key, one]) => [key, one.default]))),
    summary,
  ]);
  return columns([["name", "what makes it interesting"], ...rows]);
}

function full(problem: Problem) {
  const {
    name,
    formula,
    latex,
    source,
    dimension,
    least,
    minima,
    saddles = [],
    start,
    bounds,
    view,
  } = problem;
  const { summary, options } = problems[name]!;
  return {
    name,
    summary,
    formula,
    latex,
    dimension,
    options: Object.fromEntries(
      Object.entries(options).map(([key, { default: value, meaning, requirement }]) => [
        key,
        { default: value, meaning, requirement },
      ]),
    ),
    start: [...start],
    least,
    minima: minima.map((point) => [...point]),
    saddles: saddles.map((point) => [...point]),
    bounds: bounds === undefined ? null : { lower: [...bounds.lower], upper: [...bounds.upper] },
    view: view ?? null,
    offers: factsOf(problem).offers,
    methods: methodsFor(factsOf(problem)).map((method) => method.name),
    source,
  };
}

/** Points with more numbers than this are described, not printed. */
const MOST_COORDINATES = 4;

function explanation(problem: Problem, values: OptionValues): string {
  const { name, formula, latex, source, dimension, least, minima, saddles = [], freedom, start } = problem;
  const { summary, options } = problems[name]!;
  const rows = optionRows(options);
  const { offers } = factsOf(problem);
  const facts = [
    ["Dimension", String(dimension)],
    ["Start", shown(start)],
    [
      minima.length === 1 ? "Minimum" : "Minima",
      minima.length === 0 ? "none: there is no bottom" : minima.map(shown).join(", "),
    ],
    ...(minima.length === 0 ? [] : [["Least", String(Number(least.toPrecision(10)))]]),
    ...(freedom === undefined ? [] : [["Freedom", freedom]]),
    ...(saddles.length === 0
      ? []
      : [[saddles.length === 1 ? "Saddle" : "Saddles", saddles.map(shown).join(", ")]]),
    ["Offers", ["values", ...offers.map((need) => WORDS[need]!)].join(", ")],
    ["Source", source],
  ];
  return [
    `${showCall(name, values)}: ${summary}\n`,
    `\n  ${formula}\n\nAs LaTeX\n  ${latex}\n\n`,
    columns(facts),
    rows.length === 0 ? "" : `\nOptions\n${columns(rows)}`,
    `\nMethods that can run on it\n${wrapped(methodsFor(factsOf(problem)).map((method) => method.name))}`,
  ].join("");
}

const WORDS: Readonly<Record<string, string>> = {
  gradient: "gradients",
  hessian: "Hessians",
  product: "Hessian products",
  residuals: "residuals with Jacobian",
  components: "components of a finite sum",
  prox: "a proximal map",
  bounds: "a search box",
};

const brief = (value: number) => String(Number(value.toPrecision(6)));

function shown(point: ArrayLike<number>): string {
  const values = Array.from(point, brief);
  if (values.length <= MOST_COORDINATES) return `(${values.join(", ")})`;
  return new Set(values).size === 1
    ? `(${values[0]}, … ${values.length} times)`
    : `(${values.slice(0, MOST_COORDINATES - 1).join(", ")}, … ${values.length} in all)`;
}

/** Names in lines of about a hundred characters. */
function wrapped(names: readonly string[]): string {
  const lines: string[] = [];
  let line = "";
  for (const name of names) {
    if (line.length + name.length > 98) {
      lines.push(line);
      line = "";
    }
    line += `  ${name}`;
  }
  return [...lines, line].map((one) => `${one}\n`).join("");
}
