/** `thalweg study claim`: what a study says to "adamw < sgd on mnist14-mlp". */
import type { Command } from "commander";
import type { ClaimAnswer } from "../study/claim.ts";
import { fromUser } from "./errors.ts";
import type { Io } from "./io.ts";
import { printJson } from "./print.ts";

interface Options {
  study: string;
  json?: boolean;
}

const EXAMPLES = `
A claim is  RULE < RULE, RULE > RULE, RULE better than RULE or RULE worse than RULE,  then  on TASK  or  on all,  then  at SCHEDULE.
"<" says that the task's metric is lower: of a loss that is better, of an accuracy worse. Over all tasks say better or worse.
The answer is supported, refuted or not distinguishable; each of them exits with 0.

Examples:
  $ thalweg study claim "adamw < sgd on mnist14-mlp" --study runs/study
  $ thalweg study claim "muon better than adamw" --study runs/study --json
  $ thalweg study claim "lion better than adamw on tiny-gpt at 'warmup(5%) > cosine'" --study runs/study`;

export function define(command: Command, io: Io): void {
  command
    .description(
      "Ask a study whether one rule is better than another, beyond the noise of seeds and of tuning.",
    )
    .argument("<claim>", "as in the examples")
    .requiredOption("--study <folder>", "the study's folder")
    .option("--json", "print the answers as JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (claim: string, { study, json }: Options) => {
      const [{ readStudy }, { assessStudy }, { answerClaim }] = await Promise.all([
        import("../study/read-study.ts"),
        import("../study/assess.ts"),
        import("../study/claim-answer.ts"),
      ]);
      const assessment = assessStudy(readStudy(study));
      const answers = fromUser(() => answerClaim(assessment, claim));
      if (json) printJson(io.stdout, { study: assessment.name, hash: assessment.hash, answers });
      else io.stdout.write(`${answers.map(answerText).join("\n")}`);
    });
}

/** An answer for people. */
export function answerText({ claim, verdict, metric, difference, sentence, condition }: ClaimAnswer): string {
  const { mean, interval, band, p, n, seedsNeeded } = difference;
  const number = (value: number | null) => (value === null ? "none" : String(Number(value.toPrecision(4))));
  const rows = [
    ["metric", metric],
    [
      "difference",
      `${number(mean)}${interval ? ` [${number(interval.low)}, ${number(interval.high)}]` : ""}`,
    ],
    ["A/A band", band === null ? "not measured" : `±${number(band)}`],
    ["p", p === null ? "none" : `${number(p)}, ${difference.test} test`],
    ["seeds", `${n}${seedsNeeded === null ? "" : `; such a difference needs about ${seedsNeeded}`}`],
    ...(condition.task === "all" ? [] : [["runs", `${condition.steps} steps of ${condition.batchSize}`]]),
  ];
  const width = Math.max(...rows.map(([title]) => title!.length));
  const facts = rows.map(([title, text]) => `  ${title!.padEnd(width)}  ${text}\n`).join("");
  return `${verdict}: ${claim}\n${facts}  ${sentence}\n`;
}
