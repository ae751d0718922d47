/** `thalweg study report`: a study as a page, and the numbers behind it as CSV, JSON and LaTeX. */
import type { Command } from "commander";
import type { StudyAssessment } from "../study/assessment.ts";
import { fromUser } from "./errors.ts";
import type { Io } from "./io.ts";
import { columns, printJson } from "./print.ts";

interface Options {
  baseline?: string;
  taskBootstrap?: boolean;
  out?: string;
  json?: boolean;
}

const EXAMPLES = `
Written are report.html, report.json, report.csv (rules by tasks), claims.csv, runs.csv (every run) and report.tex (tables for a paper).
A study that is not finished is reported as far as it is.

Examples:
  $ thalweg study report runs/study
  $ thalweg study report runs/study --baseline sgd --out report-against-sgd`;

export function define(command: Command, io: Io): void {
  command
    .description("Report a study: A/A bands, tuning curves, paired differences, aggregates, claims.")
    .argument("<folder>", "the study's folder")
    .option("--baseline <rule>", "the rule that differences are taken from (default: adamw, else the first)")
    .option(
      "--task-bootstrap",
      "draw tasks, too, so that intervals over all of them are about tasks like these",
    )
    .option("--out <folder>", "where the report goes (default: report in the study's folder)")
    .option("--json", "print the assessment as JSON instead of the summary")
    .addHelpText("after", EXAMPLES)
    .action(async (folder: string, { baseline, taskBootstrap = false, out, json }: Options) => {
      const [{ readStudy }, { assessStudy }, { writeStudyReport }] = await Promise.all([
        import("../study/read-study.ts"),
        import("../study/assess.ts"),
        import("../report/study/write.ts"),
      ]);
      const data = readStudy(folder);
      const assessment = fromUser(() =>
        assessStudy(data, { tasksDrawn: taskBootstrap, ...(baseline !== undefined && { baseline }) }),
      );
      const { page } = writeStudyReport(assessment, folder, out);
      if (json) printJson(io.stdout, assessment);
      else io.stdout.write(summaryText(assessment));
      io.stderr.write(`Report: ${page}\n`);
    });
}

/** What was found, in a table and a few lines, from the claims alone. */
export function summaryText({
  name,
  progress,
  claims,
  schedules,
  conditions,
  baseline,
}: StudyAssessment): string {
  const done = `${name}: ${progress.ended} of ${progress.planned} runs\n`;
  if (claims.length === 0) return `${done}There is nothing to compare with ${baseline} yet.\n`;
  const many = schedules.length > 1;
  const head = ["rule", ...(many ? ["schedule"] : []), "all tasks", "better", "worse", "undecided"];
  const rules = [...new Set(claims.map(({ parsed }) => parsed.left))];
  const rows = schedules.flatMap(({ schedule }) =>
    rules.map((rule) => {
      const mine = claims.filter(
        ({ parsed, condition }) => parsed.left === rule && condition.schedule === schedule,
      );
      const onTasks = mine.filter(({ condition }) => condition.task !== "all");
      const count = (verdict: string) => String(onTasks.filter((claim) => claim.verdict === verdict).length);
      const overall = mine.find(({ condition }) => condition.task === "all");
      const words = { supported: "better", refuted: "worse", "not distinguishable": "undecided" } as const;
      return [
        ...[rule, ...(many ? [schedule] : []), overall ? words[overall.verdict] : "–"],
        ...[count("supported"), count("refuted"), count("not distinguishable")],
      ];
    }),
  );
  const first = many ? 3 : 2;
  const against = `Against ${baseline}, in ${conditions.length} conditions, by claims that hold beyond the noise of seeds and of tuning:\n`;
  return `${done}${against}\n${columns([head, ...rows], new Set([first, first + 1, first + 2]))}`;
}
