/** From a judged difference to the answer of a claim, as data and as a sentence. */
import type { Condition, Difference } from "./assessment.ts";
import { type Claim, type ClaimAnswer, type ClaimVerdict, printClaim, type Relation } from "./claim.ts";
import type { Metric } from "./study-data.ts";

/** Where the left rule's metric must lie for the claim to hold. */
const SIDES: Readonly<Record<Relation, (better: Metric["better"]) => "lower" | "higher">> = {
  "<": () => "lower",
  ">": () => "higher",
  "better than": (better) => better,
  "worse than": (better) => (better === "lower" ? "higher" : "lower"),
};

export function toAnswer(
  claim: Claim,
  condition: Condition,
  metric: Metric,
  difference: Difference,
): ClaimAnswer {
  const claimed = SIDES[claim.relation](metric.better);
  const verdict: ClaimVerdict =
    difference.side === "not distinguishable"
      ? "not distinguishable"
      : difference.side === claimed
        ? "supported"
        : "refuted";
  return {
    claim: printClaim(claim),
    parsed: claim,
    condition,
    verdict,
    metric: metricText(metric),
    better: metric.better,
    difference,
    sentence: sentence(claim, condition, metric, difference),
  };
}

/** What was found, whatever had been claimed; the report's text is made of nothing else. */
function sentence(
  { left, right }: Claim,
  { task }: Condition,
  metric: Metric,
  difference: Difference,
): string {
  const { side, mean, interval, reason, seedsNeeded, n } = difference;
  const where = task === "all" ? "over all tasks" : `on ${task}`;
  const size = mean === null ? "" : ` by ${round(Math.abs(mean))}`;
  const bounds =
    mean === null || interval === null
      ? ""
      : ` [${[interval.low, interval.high]
          .map((x) => round(mean < 0 ? -x : x))
          .sort(ascending)
          .join(", ")}]`;
  if (side !== "not distinguishable") {
    const direction = side === metric.better ? "better" : "worse";
    return `${left} is ${direction} than ${right} ${where}: its ${words(metric.measure)} is ${side}${size}${bounds}; ${reason}.`;
  }
  const needed =
    n >= 2 && mean !== null && seedsNeeded !== null && seedsNeeded > n
      ? ` A difference of this size would need about ${seedsNeeded} seeds.`
      : n >= 2 && mean !== null && seedsNeeded === null && difference.band !== null
        ? " More seeds would not tell; more trials of the search might."
        : "";
  return `${left} and ${right} are not distinguishable ${where}: ${reason}.${needed}`;
}

/** "test loss, nat"; a unit that the measure's name says already is not said again. */
export function metricText({ measure, unit }: Pick<Metric, "measure" | "unit">): string {
  const name = words(measure);
  return name.split(" ").includes(unit) ? name : `${name}, ${unit}`;
}

/** testLoss → test loss */
export const words = (measure: string): string =>
  measure.replace(
    /([a-z])([A-Z])/g,
    (_, before: string, after: string) => `${before} ${after.toLowerCase()}`,
  );

const round = (value: number): string => String(Number(value.toPrecision(3))).replace("-", "−");
const ascending = (a: string, b: string): number => Number(a.replace("−", "-")) - Number(b.replace("−", "-"));
