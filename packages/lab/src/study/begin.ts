/** The first moment of a study's folder: the plan is written, once, or found to be this very one. */
import { existsSync } from "node:fs";
import { makeFolder, replaceFile } from "@thalweg/train/files";
import { StudyError } from "./error.ts";
import { planFile, studyFile } from "./layout.ts";
import { type Plan, planHash, readPlan, writePlan } from "./plan-file.ts";
import type { PreparedStudy } from "./prepare.ts";

/**
 * Write the plan into a folder without one; in a folder with one, check that it is the same. Raises StudyError where the folder holds another study,
 * or its plan was changed; Node's errors.
 */
export function beginStudy(
  folder: string,
  text: string,
  { facts, trials, machine }: PreparedStudy,
  command: string,
): Plan {
  if (existsSync(planFile(folder))) {
    const there = readPlan(folder);
    if (there.hash === planHash(facts, trials)) return there;
    throw new StudyError(
      `Cannot run the study in ${folder} as it holds another one, begun ${there.startedAt} with another ${differences(there, facts)}: choose another folder with --out, or delete this one`,
    );
  }
  makeFolder(folder);
  replaceFile(studyFile(folder), Buffer.from(text));
  return writePlan(folder, facts, trials, { machine, command, startedAt: new Date().toISOString() });
}

function differences(there: Plan, facts: PreparedStudy["facts"]): string {
  const specs = [there.spec, facts.spec].map(
    (spec) => JSON.parse(JSON.stringify(spec)) as Record<string, unknown>,
  );
  const fields = [...new Set(specs.flatMap((spec) => Object.keys(spec)))];
  const changed = fields.filter(
    (field) => JSON.stringify(specs[0]![field]) !== JSON.stringify(specs[1]![field]),
  );
  if (changed.length > 0) return changed.join(", ");
  if (there.code !== facts.code) return `version of the program (${there.code}, now ${facts.code})`;
  const tasks = there.tasks.filter(
    (task) => facts.tasks.find(({ name }) => name === task.name)?.fingerprint !== task.fingerprint,
  );
  return tasks.length > 0 ? `fingerprint of ${tasks.map(({ name }) => name).join(", ")}` : "plan";
}
