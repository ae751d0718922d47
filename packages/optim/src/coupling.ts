/**
 * Groups that share numbers, such as Prodigy's estimate of the distance, cannot differ in the hyperparameters that those
 * numbers are computed from.
 */
import { sharedHyperparameters } from "@thalweg/formula";
import type { Rule } from "./rule.ts";

/** Hyperparameters of one group. */
export interface Settings {
  hyper: Readonly<Record<string, number>>;
}

/** Raises RangeError when the groups of one rule differ in what they have to share. */
export function checkCoupling({ name: rule, program, coupled }: Rule, groups: readonly Settings[]): void {
  for (const name of sharedHyperparameters(program)) {
    check(rule, name, "the same in all groups, as they share what is computed from it", groups, () => true);
  }
  for (const name of coupled) {
    const needed = "the same in all groups, or 0 in those that take no part, as they share one estimate";
    check(rule, name, needed, groups, (value) => value !== 0);
  }
}

function check(
  rule: string,
  name: string,
  needed: string,
  groups: readonly Settings[],
  counts: (value: number) => boolean,
): void {
  const values = new Set(groups.map(({ hyper }) => hyper[name]!).filter(counts));
  if (values.size <= 1) return;
  throw new RangeError(`Cannot use ${rule} as ${name} must be ${needed}: found ${[...values].join(" and ")}`);
}
