/** `thalweg minimizers [NAME]`: the methods that call the function again, by family, or one of them in full. */
import { lookUp, type Method, minimizers } from "@thalweg/optim";
import type { Command } from "commander";
import { fromUser } from "./errors.ts";
import type { Io } from "./io.ts";
import { optionRows } from "./option-rows.ts";
import { columns, printJson } from "./print.ts";

const HELP = `
Examples:
  $ thalweg minimizers
  $ thalweg minimizers lbfgs

To use one:  thalweg minimize --problem rosenbrock --method 'lbfgs(history=5)'`;

export function define(command: Command, io: Io): void {
  command
    .description(
      "List the methods that minimize, by family, or explain one: what it asks for, options, source.",
    )
    .argument("[name]", "a method")
    .option("--json", "print JSON")
    .addHelpText("after", HELP)
    .action((name: string | undefined, { json = false }: { json?: boolean }) => {
      if (name === undefined) {
        if (json) printJson(io.stdout, Object.values(minimizers).map(full));
        else io.stdout.write(list());
        return;
      }
      const method = fromUser(() => lookUp("method", minimizers, name));
      if (json) printJson(io.stdout, full(method));
      else io.stdout.write(explanation(method));
    });
}

const full = ({ name, family, summary, needs, options, source }: Method) => ({
  name,
  family,
  summary,
  needs,
  options: Object.fromEntries(
    Object.entries(options).map(([key, { default: value, meaning, requirement }]) => [
      key,
      { default: value, meaning, requirement },
    ]),
  ),
  source,
});

function list(): string {
  const families = [...new Set(Object.values(minimizers).map(({ family }) => family))];
  const rows = families.flatMap((family, i) => [
    ...(i === 0 ? [] : [["", ""]]),
    [family, ""],
    ...Object.values(minimizers)
      .filter((method) => method.family === family)
      .map(({ name, summary }) => [`  ${name}`, summary]),
  ]);
  return columns(rows);
}

function explanation({ name, family, summary, needs, options, source }: Method): string {
  const rows = optionRows(options);
  return [
    `${name} (${family}): ${summary}\n`,
    `\nAsks for  ${needs.length === 0 ? "values alone" : needs.join(", ")}\n`,
    rows.length === 0 ? "" : `\nOptions\n${columns(rows)}`,
    `\nSource    ${source}\n`,
  ].join("");
}
