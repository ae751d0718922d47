/**
 * What methods that see values alone need to reach a minimum: CMA-ES beside pycma, its author's program, and all of them beside each other.
 *
 * Counts of evaluations, the same on any machine. Run: npx tsx bench/searches.ts. It replaces its section of RESULTS.md. pycma's counts are those
 * of `packages/optim/fixtures/minimizers/cma-budgets.json`, with the script that made them beside it.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { buildProblem, type Method, minimize, minimizers, type Objective, withOptions } from "@thalweg/optim";
import { describeCommit } from "./machine.ts";
import { replaceSection } from "./results.ts";

interface Case {
  function: string;
  n: number;
  start: number;
  sigma: number;
  population?: number;
  diagonal?: boolean;
  median: number;
  least: number;
  most: number;
  reached: number;
}

const fixture = new URL("../packages/optim/fixtures/minimizers/cma-budgets.json", import.meta.url);
const recorded: { pycma: string; runs: number; cases: Case[] } = JSON.parse(readFileSync(fixture, "utf8"));

const FUNCTIONS: Readonly<Record<string, (x: Float64Array) => number>> = {
  sphere: (x) => x.reduce((sum, one) => sum + one * one, 0),
  ellipsoid: (x) => x.reduce((sum, one, i) => sum + 10 ** ((6 * i) / (x.length - 1)) * one * one, 0),
  cigar: (x) => x.reduce((sum, one, i) => sum + (i === 0 ? 1 : 1e6) * one * one, 0),
  rosenbrock: (x) =>
    x.slice(1).reduce((sum, next, i) => sum + 100 * (next - x[i]! ** 2) ** 2 + (1 - x[i]!) ** 2, 0),
  rastrigin: (x) => x.reduce((sum, one) => sum + 10 + one * one - 10 * Math.cos(2 * Math.PI * one), 0),
};

/** Evaluations of the runs that reached the target, rising. */
function spent(method: Method, objective: Objective, start: ArrayLike<number>, target: number, runs: number) {
  return Array.from({ length: runs }, (_, k) =>
    minimize(method, objective, start, {
      ...{ target, seed: k + 1, trace: "none", budget: 200_000, gradientTolerance: 0 },
    }),
  )
    .filter(({ reason }) => reason === "target reached")
    .map((result) => result.spent)
    .sort((a, b) => a - b);
}

const summary = (counts: readonly number[]) =>
  counts.length === 0 ? "—" : `${counts[counts.length >> 1]} (${counts[0]}–${counts.at(-1)})`;

function besidePycma(one: Case): string {
  const { function: name, n, start, sigma, population = 0, diagonal = false, median, least, most } = one;
  const method = withOptions(minimizers["cma-es"]!, { sigma, population, diagonal });
  const objective = { name, dimension: n, value: FUNCTIONS[name]! };
  const counts = spent(method, objective, new Float64Array(n).fill(start), 1e-8, recorded.runs);
  const label = `${name}${diagonal ? ", diagonal" : ""}${population > 0 ? `, λ = ${population}` : ""}`;
  return `| ${label} | ${n} | ${median} (${least}–${most}) | ${one.reached} | ${summary(counts)} | ${counts.length} |`;
}

const PROBLEMS = ["sphere", "rosenbrock", "himmelblau", "branin", "ackley", "rastrigin", "linear-regression"];
const METHODS = [
  ...["nelder-mead", "powell", "compass-search", "hooke-jeeves", "zero-order-descent"],
  ...["genetic-algorithm", "evolution-strategy", "differential-evolution", "cma-es", "xnes", "snes"],
];

function row(name: string): string {
  const cells = PROBLEMS.map((problem) => {
    const objective = buildProblem(problem);
    const target = objective.least + 1e-6 * (1 + Math.abs(objective.least));
    const counts = spent(minimizers[name]!, objective, objective.start, target, 5);
    return counts.length < 3 ? "—" : String(counts[counts.length >> 1]);
  });
  return `| ${name} | ${cells.join(" | ")} |`;
}

const section = `## Evaluations of methods that see values alone

${describeCommit()}. CMA-ES to the value 1e-8 beside pycma ${recorded.pycma}: median (least–most) of the runs that reached it, of ${recorded.runs} with different seeds.

| function | n | pycma | reached | Thalweg | reached |
| --- | --- | --- | --- | --- | --- |
${recorded.cases.map(besidePycma).join("\n")}

All with their defaults, from the literature's start, to 1e-6 of 1 + the least value: median of five seeds, — where fewer than three reached it.

| method | ${PROBLEMS.map((name) => `${name} (${buildProblem(name).dimension})`).join(" | ")} |
| --- |${" --- |".repeat(PROBLEMS.length)}
${METHODS.map(row).join("\n")}
`;
console.log(section);
const page = new URL("RESULTS.md", import.meta.url);
writeFileSync(page, replaceSection(readFileSync(page, "utf8"), "searches", section));
