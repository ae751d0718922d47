/**
 * What an optimizer really does: how far a step goes, how much it decays, how large its last update was beside the
 * weights; and the mistakes that people make with what they have chosen. Numbers that follow from a formula are found by
 * running the formula, on one element, with a constant gradient or with none.
 */
import type { FloatArray } from "@thalweg/formula";
import { referenceBackend } from "./backend.ts";
import { MISTAKES, type Warning } from "./mistakes.ts";
import { type GroupDescription, Optimizer } from "./optimizer.ts";
import { chain, type Rule } from "./rule.ts";
import { catalogue } from "./rules/index.ts";

export interface Explanation {
  groups: GroupExplanation[];
  warnings: Warning[];
}

export interface GroupExplanation {
  rule: string;
  parameters: string[];
  /** Elements of all its parameters. */
  size: number;
  /** As the last step used it; before the first step without schedule. Undefined for rules without lr. */
  lr?: number;
  effectiveLr?: EffectiveRate;
  decay: Decay[];
  /** ‖θ − θ before‖ / ‖θ before‖ of the last step, where it was asked for. */
  updateRatio?: number;
}

export interface EffectiveRate {
  value: number;
  how: string;
}

export interface Decay {
  /** The hyperparameter, by its name in the chain, and its value. */
  name: string;
  value: number;
  kind: "decoupled" | "in the gradient";
  /** Share of a parameter that is lost in a step without a gradient; null where it depends on the gradients. */
  perStep: number | null;
}

export interface ExplainOptions<A extends FloatArray> {
  /** A copy of the flat parameter vector from before the last step, to measure the update with. */
  previous?: A;
}

/** What the optimizer's groups do, as of the last step, and what looks like a mistake. */
export function explain<A extends FloatArray>(
  optimizer: Optimizer<A>,
  { previous }: ExplainOptions<A> = {},
): Explanation {
  const groups = optimizer.describe();
  const { shared } = optimizer.state();
  return {
    groups: groups.map((group) => {
      const { rule, parameters, hyper } = group;
      const lr = ownHyper(group, "lr");
      const effective = effectiveRate(group, shared[rule.name]?.d);
      return {
        rule: rule.name,
        parameters: parameters.map(({ segment }) => segment.name),
        size: parameters.reduce((sum, { segment }) => sum + segment.size, 0),
        ...(lr === undefined ? {} : { lr }),
        ...(effective === undefined ? {} : { effectiveLr: effective }),
        decay: decayNames(rule)
          .filter((name) => hyper[name]! > 0)
          .map((name) => decayOf(group, name, effective)),
        ...(previous === undefined ? {} : { updateRatio: updateRatio(group, previous) }),
      };
    }),
    warnings: groups.flatMap((group) =>
      MISTAKES.flatMap(({ code, find }) => find(group).map((one) => ({ code, ...one }))),
    ),
  };
}

/** The explanation for people, a few lines per group. */
export function explainText({ groups, warnings }: Explanation): string {
  const lines = groups.flatMap(({ rule, parameters, size, lr, effectiveLr, decay, updateRatio: ratio }) => [
    `${rule}: ${parameters.length} parameters, ${size} elements: ${abridged(parameters)}`,
    ...(lr === undefined ? [] : [`  learning rate       ${number(lr)}`]),
    ...(effectiveLr === undefined
      ? []
      : [`  effective rate      ${number(effectiveLr.value)} (${effectiveLr.how})`]),
    ...decay.map(
      ({ name, value, kind, perStep }) =>
        `  decay per step      ${perStep === null ? "depends on the gradients" : number(perStep)} (${name} ${number(value)}, ${kind})`,
    ),
    ...(ratio === undefined ? [] : [`  update / weight     ${number(ratio)} in the last step`]),
  ]);
  const notes = warnings.map(
    ({ message, parameters }) =>
      `warning: ${message}${parameters.length === 0 ? "" : ` (${abridged(parameters)})`}`,
  );
  return [...lines, ...notes].map((line) => `${line}\n`).join("");
}

const number = (x: number) => String(Number(x.toPrecision(4)));
const abridged = (names: readonly string[]) =>
  names.length <= 4 ? names.join(", ") : `${names.slice(0, 3).join(", ")} … ${names.at(-1)}`;

const decayNames = ({ hyper }: Rule) =>
  Object.keys(hyper).filter((name) => /(^|\.)(weightDecay|l1)$/.test(name));

/** A hyperparameter of the chain's rule. */
function ownHyper<A extends FloatArray>(
  { rule, hyper }: GroupDescription<A>,
  name: string,
): number | undefined {
  const link = rule.links.find(({ kind }) => kind === "rule")!;
  return hyper[name] ?? hyper[`${link.name}.${name}`];
}

const PER_UNIT = "per unit of a constant gradient, once momentum has built up";
const SCALE_FREE = "per element: the size of the gradient plays no part";
const AS_IT_STANDS = "lr as it stands";

/** Families whose steps depend on more than one element and one gradient. */
const NOT_PROBED: readonly string[] = [
  "large-batch",
  "orthogonal",
  "preconditioned",
  "learning-rate-free",
  "variance-reduced",
];

/**
 * How far a step goes. Found by running the rule under a constant gradient of 1 and of 2: where the step doubles, it is
 * given per unit of gradient; where it stays, the rule divides by the gradient's size and lr is the step of an element.
 * For rules that estimate a distance d it is lr · d.
 */
function effectiveRate<A extends FloatArray>(
  group: GroupDescription<A>,
  d: number | undefined,
): EffectiveRate | undefined {
  const lr = ownHyper(group, "lr");
  if (lr === undefined) return undefined;
  if (d !== undefined) return { value: lr * d, how: "lr times the estimated distance d" };
  const links = group.rule.links.filter(({ kind }) => kind === "rule");
  const momentum = ownHyper(group, "momentum") ?? 0;
  const family = familyOf(links[0]!.name);
  if ((family !== undefined && NOT_PROBED.includes(family)) || momentum > 0.999) {
    return { value: lr, how: AS_IT_STANDS };
  }
  const alone = chain(...links);
  const hyper = Object.fromEntries(
    Object.keys(alone.hyper).map((name) => [name, name === "weightDecay" ? 0 : ownHyper(group, name)!]),
  );
  const steps = Math.ceil(40 / (1 - momentum)); // e^-40 of the first gradient is left
  const [one, two] = [1, 2].map((gradient) => {
    const path = probe(alone, hyper, steps, gradient);
    return path.at(-2)! - path.at(-1)!;
  }) as [number, number];
  if (Math.abs(two - 2 * one) <= 1e-6 * Math.abs(one)) return { value: one, how: PER_UNIT };
  return { value: lr, how: Math.abs(two - one) <= 1e-3 * Math.abs(one) ? SCALE_FREE : AS_IT_STANDS };
}

const familyOf = (rule: string): string | undefined => catalogue[rule]?.family;

function decayOf<A extends FloatArray>(
  group: GroupDescription<A>,
  name: string,
  effective: EffectiveRate | undefined,
): Decay {
  const { rule, base, hyper } = group;
  const value = hyper[name]!;
  const owner = rule.links.find((link) =>
    Object.keys(link.hyper).some((own) => name === own || name === `${link.name}.${own}`),
  );
  const inGradient = owner?.kind === "gradient transform";
  const linear = effective?.how === PER_UNIT;
  if (inGradient) {
    const perStep = linear && !name.endsWith("l1") ? effective!.value * value : null;
    return { name, value, kind: "in the gradient", perStep };
  }
  const factors = Object.fromEntries(
    Object.keys(base)
      .filter((one) => base[one] !== 0 && hyper[one] !== base[one])
      .map((one) => [one, hyper[one]! / base[one]!]),
  );
  const depends = name.endsWith("l1") || rule.links.some((link) => familyOf(link.name) === "large-batch");
  if (depends) return { name, value, kind: "decoupled", perStep: null };
  const [before, after] = probe(rule, base, 2, 0, factors).slice(-2) as [number, number]; // some rules skip step 1
  const perStep = 1 - after / before;
  return { name, value, kind: "decoupled", perStep: Number.isFinite(perStep) ? perStep : null };
}

/** A 1 × 1 parameter from 1 under a constant gradient: its values before the first and after each step. */
function probe(
  rule: Rule,
  hyper: Readonly<Record<string, number>>,
  steps: number,
  gradient: number,
  factors: Readonly<Record<string, number>> = {},
): number[] {
  const parameters = Float64Array.of(1);
  const gradients = Float64Array.of(gradient);
  const segments = [{ name: "probe", shape: [1, 1], offset: 0, size: 1 }];
  const optimizer = new Optimizer({
    backend: referenceBackend,
    segments,
    parameters,
    gradients,
    rule,
    hyper,
  });
  const path = [1];
  for (let s = 0; s < steps; s++) {
    for (const phase of optimizer.phasesDue()) optimizer.prepare(phase, factors);
    optimizer.step(factors);
    path.push(parameters[0]!);
  }
  return path;
}

function updateRatio<A extends FloatArray>({ parameters }: GroupDescription<A>, previous: A): number {
  let update = 0;
  let weight = 0;
  for (const { segment, theta } of parameters) {
    for (let i = 0; i < theta.length; i++) {
      const before = previous[segment.offset + i]!;
      update += (theta[i]! - before) ** 2;
      weight += before ** 2;
    }
  }
  return Math.sqrt(update / weight);
}
