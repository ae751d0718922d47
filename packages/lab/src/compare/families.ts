/**
 * Families of search spaces: what a study searches for each rule, by name. Within a family equal budgets are not equal searches, since rules have
 * different numbers of values; the report prints each space's dimension.
 *
 * learning-rate  the learning rate alone (`SPACES`)
 * modern         the benchmark protocol's: rate, momenta and betas by their distance from 1, weight decay with 0 besides
 * cv2021         those of "Descending through a Crowded Valley", to be searched by random points as they did
 * deepobs        36 learning rates from 1e-5 to 1e2 for every rule: a grid
 *
 * A rule that a family does not name has its space of `learning-rate` there. Wrappers may have rows too.
 *
 * Source   Schmidt, Schneider & Hennig, arXiv:2007.01547, table 3; DeepOBS 1.1, suggested protocol.
 */
import type { Rule } from "@thalweg/optim";
import { nameInChain } from "../rules/read.ts";
import type { Categorical, Float, Space } from "../samplers/index.ts";
import { spaceOf } from "./spaces.ts";

const log = (low: number, high: number): Float => ({ low, high, log: true });
/** x from 1 − high to 1 − low, where 1 − x is log-uniform. */
const fromOne = (low: number, high: number): Float => ({ low: 1 - high, high: 1 - low, oneMinus: true });
const among = (...choices: number[]): Categorical => ({ type: "categorical", choices });
/** A tenth of the trials go without. */
const decay = (low: number, high: number): Float => ({ ...log(low, high), orZero: 0.1 });

type Rows = Readonly<Record<string, Space>>;

const sgdLike: Space = { lr: log(1e-3, 3) };
const withMomentum: Space = { lr: log(1e-3, 3), momentum: fromOne(3e-3, 0.3) };
const betas: Space = { lr: log(1e-4, 1e-1), beta1: fromOne(2e-2, 0.5), beta2: fromOne(1e-4, 0.2) };
const decayed: Space = { ...betas, weightDecay: decay(1e-4, 1) };
const sign: Space = { lr: log(1e-5, 1e-2), weightDecay: decay(1e-3, 3) };
const orthogonal: Space = {
  lr: log(1e-3, 0.2),
  momentum: among(0.9, 0.95, 0.98),
  weightDecay: decay(1e-4, 1),
};
const averaged: Space = { lr: log(1e-3, 1e-1), beta1: among(0.9, 0.95, 0.98) };

const MODERN: Rows = {
  gd: sgdLike,
  sgd: sgdLike,
  momentum: withMomentum,
  nesterov: withMomentum,
  sgdw: { ...withMomentum, weightDecay: decay(1e-4, 1) },
  adam: betas,
  adamw: decayed,
  nadam: betas,
  nadamw: decayed,
  radam: betas,
  radamw: decayed,
  amsgrad: betas,
  adabelief: betas,
  adopt: decayed,
  lamb: decayed,
  rmsprop: { lr: log(1e-5, 1e-1), alpha: fromOne(1e-3, 0.5) },
  lion: { ...sign, beta1: fromOne(0.02, 0.3), beta2: among(0.98, 0.99, 0.999) },
  signum: { ...sign, momentum: fromOne(0.02, 0.3) },
  signsgd: sign,
  muon: orthogonal,
  normuon: orthogonal,
  soap: {
    lr: log(1e-4, 1e-1),
    beta1: fromOne(1e-2, 0.3),
    beta2: among(0.9, 0.95, 0.99),
    every: among(1, 10),
  },
  shampoo: { lr: log(1e-4, 1e-1), every: among(1, 10) },
  ademamix: { lr: log(1e-4, 3e-2), beta3: among(0.99, 0.999, 0.9999), mix: among(2, 5, 8) },
  prodigy: {},
  "d-adapt-adam": {},
  "d-adapt-sgd": {},
  "d-adapt-adagrad": {},
  "schedule-free-sgd": { lr: log(0.1, 10), momentum: among(0.9, 0.95, 0.98) },
  "schedule-free-adamw": averaged,
  "schedule-free-radam": averaged,
};

const rate: Space = { lr: log(1e-4, 1) };
const crowdedMomentum: Space = { ...rate, momentum: fromOne(1e-4, 1) };
const crowdedAdam: Space = { ...rate, beta1: log(0.5, 0.999), beta2: log(0.8, 0.999) };

const CV2021: Rows = {
  sgd: rate,
  momentum: crowdedMomentum,
  nesterov: crowdedMomentum,
  adam: crowdedAdam,
  nadam: crowdedAdam,
  radam: crowdedAdam,
  adabelief: crowdedAdam,
  amsgrad: crowdedAdam,
  adabound: { ...crowdedAdam, finalLr: log(1e-3, 0.5), gamma: log(1e-4, 0.1) },
  adagrad: rate,
  adadelta: { ...rate, rho: fromOne(1e-4, 1) },
  rmsprop: { ...rate, alpha: fromOne(1e-4, 1) },
  lookahead: { slowStep: log(1e-4, 1), interval: { type: "int", low: 1, high: 20 } },
};

const DEEPOBS_GRID: Space = { lr: { low: 1e-5, high: 1e2, log: true, levels: 36 } };

/** Rows by the name of a rule or wrapper. */
export const FAMILIES = { modern: MODERN, cv2021: CV2021 } as const satisfies Record<string, Rows>;

/** The space of a rule in a family with rows, by the names of its chain. */
export function familySpaceOf(rows: Rows, rule: Rule): Space {
  if (!rule.links.some(({ name }) => Object.hasOwn(rows, name))) return spaceOf(rule);
  const own = rule.links.flatMap(({ name }, i) =>
    Object.entries(rows[name] ?? {}).map(
      ([local, dimension]) => [nameInChain(rule, i, local), dimension] as const,
    ),
  );
  return Object.fromEntries(own);
}

/** DeepOBS's grid for the rates of a rule; of rules without a rate, nothing. */
export const deepobsSpaceOf = (rule: Rule): Space =>
  Object.fromEntries(
    rule.links.flatMap(({ kind, hyper }, i) =>
      kind === "rule" && hyper.lr !== undefined
        ? [[nameInChain(rule, i, "lr"), DEEPOBS_GRID.lr!] as const]
        : [],
    ),
  );
