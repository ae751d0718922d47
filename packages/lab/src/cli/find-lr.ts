/** `thalweg find-lr TASK --rule RULE`: which learning rate, by a test there and back on several seeds; all known methods beside ours. */
import { rules } from "@thalweg/optim";
import { OURS, type RateFinding, type Suggestion } from "@thalweg/train";
import type { Command } from "commander";
import { readRuleSpec } from "../rules/index.ts";
import { finiteNumber, required, setting, wholeNumber } from "./arguments.ts";
import { Failure, fromUser, UsageError } from "./errors.ts";
import { writeText } from "./files.ts";
import type { Io } from "./io.ts";
import { columns, printJson, settings } from "./print.ts";
import { askedTask, defineTaskOptions, loadAsked, TASK_ARGUMENT, type TaskOptions } from "./task-options.ts";

interface Options extends TaskOptions {
  rule?: string;
  set?: Record<string, number>;
  seeds: number;
  steps: number;
  from: number;
  to: number;
  plot?: string;
  json?: boolean;
}

export function define(command: Command, io: Io): void {
  command
    .description(
      "Find a learning rate: raise it from far too small to far too large, come back down, and read where the loss stops gaining.",
    )
    .argument("<task>", TASK_ARGUMENT)
    .option("--rule <rule>", "a name, a name with options, a chain, or a file; see thalweg rules")
    .option("--set <name=value>", "a hyperparameter of the rule; repeat for more", setting)
    .option("--seeds <n>", "tests, each from a fresh start", wholeNumber("--seeds", 1, 1_000), 5)
    .option("--steps <n>", "steps up, and as many back down", wholeNumber("--steps", 20, 10_000), 200)
    .option("--from <rate>", "lowest rate", finiteNumber("--from"), 1e-6)
    .option("--to <rate>", "highest rate", finiteNumber("--to"), 10)
    .option("--plot <file>", "draw it as SVG")
    .option("--json", "print JSON, with every loss")
    .addHelpText(
      "after",
      `
The suggestion is for training at a constant rate, or for the peak of a schedule, over runs of a few epochs.
Beside it stand the suggestions of other tools' methods, read from the same tests: median, and lowest to highest seed.

Examples:
  $ thalweg find-lr mnist-mlp --rule sgd --plot rates.svg
  $ thalweg find-lr digits-mlp --rule momentum --set momentum=0.95 --seeds 9 --json`,
    )
    .action((task: string, options: Options) => run(task, options, io));
  defineTaskOptions(command);
}

async function run(name: string, options: Options, io: Io): Promise<void> {
  const { set = {}, seeds: count, steps, from, to } = options;
  const { checkSearch, searchRate } = await import("../lr-finder/find.ts");
  const { source, rule } = fromUser(() => {
    const chosen = readRuleSpec(required("--rule", options.rule, Object.keys(rules))).rule;
    checkSearch({ rule: chosen, hyper: set });
    return { source: askedTask(name, options), rule: chosen };
  });
  if (Object.hasOwn(set, "lr")) {
    throw new UsageError(
      `Cannot set lr to ${set.lr} as it is what is looked for: give a range with --from and --to`,
    );
  }
  if (!(from > 0 && to > from)) {
    throw new UsageError(
      `Cannot test rates as --from must be positive and below --to: they are ${from} and ${to}`,
    );
  }
  const say = (line: string) => io.stderr.write(`${line}\n`);
  const { task, dataset } = await loadAsked(source, { say, env: io.env });
  const { checkTrainable } = await import("../compare/learner.ts");
  fromUser(() => checkTrainable(rule, task, dataset));
  const seeds = Array.from({ length: count }, (_, seed) => seed);

  const interrupt = new AbortController();
  const onSignal = () => interrupt.abort();
  process.once("SIGINT", onSignal);
  process.once("SIGTERM", onSignal);
  const search = { task, dataset, rule, hyper: set, seeds, steps, from, to, signal: interrupt.signal };
  const onTest = (seed: number) => {
    if (io.stderr.isTTY) io.stderr.write(`Tested seed ${seed}, ${seed + 1} of ${count}\n`);
  };
  const { tests, finding } = await searchRate({ ...search, onTest }).finally(() => {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  });
  if (interrupt.signal.aborted) throw new Failure("Interrupted: nothing was changed, and nothing is kept.");

  const title = `Learning rates for ${rule.name} on ${task.name}`;
  const facts = [
    settings(set),
    `${count} ${count === 1 ? "seed" : "seeds"}`,
    `${steps} steps up and down each`,
  ];
  const subtitle = facts.filter((fact) => fact !== "").join(" · ");
  const ours = finding.suggestions.find(({ method }) => method === OURS)?.rate;
  try {
    if (options.plot !== undefined) {
      const { lrFinderFigure } = await import("../figures/lr-finder-figure.ts");
      await writeText(options.plot, lrFinderFigure({ title, subtitle, tests, finding }), io);
    }
  } finally {
    // a picture that cannot be written does not cost the result
    if (options.json) {
      const asked = { task: task.name, rule: rule.name, hyper: { ...set }, seeds, steps, from, to };
      printJson(io.stdout, { ...asked, suggestion: ours?.median ?? null, ...finding, tests });
    } else {
      io.stdout.write(`${title}, ${subtitle}\n\n${table(finding)}${bounds(finding)}`);
    }
  }
  for (const [reason, times] of counted(finding.failures))
    say(`No reading from ${times} of ${count} seeds: ${reason}`);
  if (ours === undefined) throw new Failure("Cannot suggest a learning rate as no seed gave a reading");
}

function table({ suggestions }: RateFinding): string {
  const rows = suggestions.map(({ method, rate, summary }: Suggestion) => [
    method,
    rate === undefined ? "none" : brief(rate.median),
    rate === undefined ? "" : `${brief(rate.low)} to ${brief(rate.high)}`,
    summary,
  ]);
  return columns([["method", "lr", "over seeds", "what it reads"], ...rows], new Set([1]));
}

const bounds = ({ usefulFrom, stableTo }: RateFinding) =>
  usefulFrom === undefined || stableTo === undefined
    ? ""
    : `\nUseful from ${brief(usefulFrom)}, stable to ${brief(stableTo)}.\n`;

const counted = (reasons: readonly string[]): Map<string, number> =>
  reasons.reduce((map, reason) => map.set(reason, (map.get(reason) ?? 0) + 1), new Map<string, number>());

const brief = (value: number) => String(Number(value.toPrecision(2)));
