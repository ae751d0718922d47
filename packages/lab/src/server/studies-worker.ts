/** The part of studies that takes seconds, in a thread of its own: reading thousands of results, and their statistics. One question at a time. */
import { parentPort } from "node:worker_threads";
import { assessStudy } from "../study/assess.ts";
import type { StudyAssessment } from "../study/assessment.ts";
import { answerClaim } from "../study/claim-answer.ts";
import { readStudy } from "../study/read-study.ts";
import { studyStatus } from "../study/status.ts";

export interface Question {
  readonly id: number;
  readonly kind: "status" | "assessment" | "claim";
  readonly folder: string;
  /** What its files looked like: an assessment is made once for each. */
  readonly state: string;
  readonly claim?: string;
}
export type Reply = { readonly id: number } & (
  | { readonly value: unknown }
  | { readonly error: string; readonly name: string }
);

let last: { key: string; assessment: StudyAssessment } | undefined;

function assessed({ folder, state }: Question): StudyAssessment {
  const key = `${folder} ${state}`;
  if (last?.key !== key) last = { key, assessment: assessStudy(readStudy(folder)) };
  return last.assessment;
}

const KINDS: Readonly<Record<Question["kind"], (question: Question) => unknown>> = {
  status: ({ folder }) => studyStatus(folder),
  assessment: assessed,
  claim: (question) => answerClaim(assessed(question), question.claim ?? ""),
};

parentPort!.on("message", (question: Question) => {
  const { id, kind } = question;
  let reply: Reply;
  try {
    reply = { id, value: KINDS[kind](question) };
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    reply = { id, name, error: message };
  }
  parentPort!.postMessage(reply);
});
