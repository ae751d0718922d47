/**
 * The comparison's answer in a sentence or two, claiming nothing that the verdicts do not carry.
 */
import type { Comparison, RuleResult } from "./comparison.ts";
import * as format from "./format.ts";

export interface Answer {
  headline: string;
  /** What can be told apart from the first rule, and what diverged; may be empty. */
  verdicts: string;
}

export function answer({ rules, study }: Comparison): Answer {
  const [first, ...others] = rules;
  if (!first) return { headline: "No rule was compared.", verdicts: "" };
  const broken = rules.filter(({ accuracy }) => accuracy.diverged > 0).map(({ name }) => name);
  const divergence =
    broken.length > 0
      ? `${list(broken)} diverged on at least one seed and so ${broken.length > 1 ? "have" : "has"} no mean.`
      : "";
  const judged = others.length === 0 ? "" : study.seeds.length < 2 ? SINGLE_SEED : against(first, others);
  return {
    headline: headline(rules),
    verdicts: [judged, divergence].filter((sentence) => sentence !== "").join(" "),
  };
}

const SINGLE_SEED =
  "One seed cannot tell a difference from noise, so there are no intervals and no verdicts.";

function headline(rules: readonly RuleResult[]): string {
  const [best] = rules
    .filter(({ accuracy }) => accuracy.mean !== null)
    .sort((a, b) => (b.accuracy.mean ?? 0) - (a.accuracy.mean ?? 0));
  if (!best) return "No rule finished on every seed.";
  const bounds = format.interval(best.accuracy.interval, format.percent);
  const reached = `${format.orMissing(best.accuracy.mean, format.percent)}\u00a0%${bounds === "" ? "" : ` ${bounds.replace(" ", "\u00a0")}`}`;
  return rules.length > 1
    ? `${best.name} has the highest mean test accuracy, ${reached}.`
    : `${best.name} reaches a mean test accuracy of ${reached}.`;
}

function against(first: RuleResult, others: readonly RuleResult[]): string {
  const named = (holds: (difference: NonNullable<RuleResult["difference"]>["accuracy"]) => boolean) =>
    others.filter(({ difference }) => difference && holds(difference.accuracy)).map(({ name }) => name);
  const better = named(({ verdict, mean }) => verdict === "distinguishable" && (mean ?? 0) > 0);
  const worse = named(({ verdict, mean }) => verdict === "distinguishable" && (mean ?? 0) < 0);
  const undecided = named(({ verdict, mean }) => verdict === "not distinguishable" && mean !== null);
  const parts = [
    better.length > 0 ? `${list(better)} ${are(better)} distinguishably better` : "",
    worse.length > 0 ? `${list(worse)} ${are(worse)} distinguishably worse` : "",
    undecided.length > 0 ? `${list(undecided)} ${are(undecided)} not distinguishable from it` : "",
  ].filter((part) => part !== "");
  return parts.length > 0 ? `Against ${first.name}, on the same seeds, ${parts.join("; ")}.` : "";
}

const are = (names: readonly string[]): string => (names.length > 1 ? "are" : "is");

const list = (names: readonly string[]): string =>
  names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
