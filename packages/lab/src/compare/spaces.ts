/**
 * What is tuned for each rule of the catalogue, the same on every task: its learning rate, and nothing else, so that equal
 * budgets are equal. Trial 0 of a search is the rule's default. Ranges follow the "modern" spaces of the benchmark protocol:
 * three to four decades, around where practice finds the rate: high where the step is as large as the gradient, low where
 * every coordinate moves by about lr. Rules that find their rate themselves have nothing to tune, or what their papers tune.
 *
 * Schedule-free rules replace the schedule by an average: they run without one whatever the others have.
 *
 * Studies may search more: `modern` and `cv2021` are in `families.ts`.
 */
import type { Rule } from "@thalweg/optim";
import { nameInChain } from "../rules/read.ts";
import type { Space } from "../samplers/index.ts";

const rate = (low: number, high: number): Space => ({ lr: { low, high, log: true } });

const gradientSized = rate(1e-3, 3);
const withMomentum = rate(1e-4, 1);
const adamLike = rate(1e-5, 1e-1);
const signLike = rate(1e-5, 1e-2);
const matrixLike = rate(1e-4, 1e-1);
const nothing: Space = {};

export const SPACES: Readonly<Record<string, Space>> = {
  gd: gradientSized,
  sgd: gradientSized,
  asgd: gradientSized,
  svrg: gradientSized,
  momentum: withMomentum,
  nesterov: withMomentum,
  sgdw: withMomentum,
  "nag-gs": rate(1e-3, 1), // a step of momentum lr² / gamma0
  rprop: rate(1e-5, 1e-1), // where each coordinate's step starts
  adagrad: withMomentum,
  adadelta: rate(1e-2, 1e2), // 1 in the paper: a factor of steps that it finds itself
  rmsprop: adamLike,
  adam: adamLike,
  adamw: adamLike,
  amsgrad: adamLike,
  adamax: adamLike,
  nadam: adamLike,
  nadamw: adamLike,
  radam: adamLike,
  radamw: adamLike,
  adabelief: adamLike,
  adabound: adamLike,
  adopt: adamLike,
  adan: adamLike,
  ademamix: rate(1e-5, 3e-2),
  yogi: withMomentum, // eps 1e-3 makes its steps shorter than Adam's
  novograd: withMomentum, // a rate per tensor: gradients of norm 1
  madgrad: withMomentum,
  lion: signLike,
  signsgd: signLike,
  signum: signLike,
  "sophia-g": signLike,
  lars: rate(1e-3, 30), // relative to the tensor where it adapts, plain where it does not
  lamb: rate(1e-4, 1e-1),
  muon: rate(1e-3, 2e-1),
  normuon: rate(1e-3, 2e-1),
  adafactor: matrixLike, // relative to the root mean square of the parameter
  shampoo: rate(1e-4, 1),
  soap: matrixLike,
  prodigy: { dCoef: { low: 0.25, high: 4, log: true } }, // what its authors tune, with lr at 1
  "prodigy-gd": nothing,
  "prodigy-da": nothing,
  "d-adapt-adam": nothing,
  "d-adapt-sgd": nothing,
  "d-adapt-adagrad": nothing,
  dog: nothing,
  dowg: nothing,
  "schedule-free-sgd": rate(1e-2, 10),
  "schedule-free-adamw": rate(1e-4, 1e-1),
  "schedule-free-radam": rate(1e-4, 1e-1),
  agd: nothing,
};

/**
 * The space of a rule, by its names in a chain: that of every rule in it; for one that is not in the table, two decades each way
 * around its default learning rate.
 */
export function spaceOf(rule: Rule): Space {
  const own = rule.links.flatMap(({ kind, name, hyper }, i) =>
    kind === "rule"
      ? Object.entries(SPACES[name] ?? around(hyper.lr)).map(
          ([local, dimension]) => [nameInChain(rule, i, local), dimension] as const,
        )
      : [],
  );
  return Object.fromEntries(own);
}

const around = (lr: number | undefined): Space =>
  lr === undefined || lr === 0 ? {} : rate(lr / 100, lr * 100);

/** Rules that take no schedule, since their average does a schedule's work. */
const SCHEDULE_FREE: ReadonlySet<string> = new Set([
  "schedule-free-sgd",
  "schedule-free-adamw",
  "schedule-free-radam",
]);

/** The schedule that a rule runs with where the others have `asked`. */
export const scheduleOf = ({ links }: Rule, asked: string): string =>
  links.some(({ name }) => SCHEDULE_FREE.has(name)) ? "constant" : asked;
