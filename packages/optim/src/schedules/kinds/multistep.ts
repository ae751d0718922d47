import {
  type CurveBase,
  count,
  dialect,
  firstUnsorted,
  type Kind,
  nonNegative,
  positiveCount,
  type Refusal,
} from "../kind.ts";

type Dialect = "torch" | "optax" | "keras";

export interface MultiStepCurve extends CurveBase {
  readonly kind: "multistep";
  readonly milestones: readonly number[];
  readonly gamma: number;
  readonly dialect?: Dialect;
}

export interface PiecewiseCurve extends CurveBase {
  readonly kind: "piecewise";
  readonly boundaries: readonly number[];
  readonly values: readonly number[];
  readonly dialect?: Dialect;
}

const side = dialect(
  "a boundary belongs to what follows it in torch and optax, to what precedes it in Keras",
  "torch",
  "optax",
  "keras",
);

/** How many boundaries step k has passed. */
function passed(boundaries: readonly number[], k: number, dialect: Dialect | undefined): number {
  let n = 0;
  while (n < boundaries.length && (dialect === "keras" ? k > boundaries[n]! : k >= boundaries[n]!)) n++;
  return n;
}

function unsorted(name: string, list: readonly number[]): Refusal | undefined {
  const pair = firstUnsorted(list);
  if (pair === undefined) return undefined;
  return {
    parameter: name,
    reason: `${name} must rise: ${pair[1]} follows ${pair[0]} in ${list.join(", ")}`,
  };
}

/** A staircase with stairs of given lengths. Repeated milestones, which torch counts twice, are refused. */
export const multistep: Kind<MultiStepCurve> = {
  summary: "a staircase: multiplied by gamma at each milestone",
  formula: String.raw`f(k) = \mathrm{gamma}^{\#\{m \in \mathrm{milestones} : m \le k\}}`,
  source: "torch.optim.lr_scheduler.MultiStepLR; optax.piecewise_constant_schedule",
  parameters: [
    {
      name: "milestones",
      meaning: "steps at which it falls, [30%, 60%, 80%]",
      takes: { counts: positiveCount },
    },
    { name: "gamma", meaning: "factor at each milestone", takes: { number: nonNegative }, default: 0.1 },
    side,
  ],
  factor: ({ milestones, gamma, dialect }, k) => gamma ** passed(milestones, k, dialect),
  refuse: ({ milestones }) => unsorted("milestones", milestones),
};

/** A staircase with values of their own. */
export const piecewise: Kind<PiecewiseCurve> = {
  summary: "a staircase with a value of its own for each stair",
  formula: String.raw`f(k) = \mathrm{values}_i, \quad i = \#\{b \in \mathrm{boundaries} : b \le k\}`,
  source: "Keras PiecewiseConstantDecay; optax.piecewise_constant_schedule, whose scales multiply up",
  parameters: [
    { name: "boundaries", meaning: "steps between the stairs", takes: { counts: count } },
    { name: "values", meaning: "one factor more than boundaries", takes: { numbers: nonNegative } },
    side,
  ],
  factor: ({ boundaries, values, dialect }, k) => values[passed(boundaries, k, dialect)]!,
  refuse({ boundaries, values }) {
    if (values.length !== boundaries.length + 1) {
      const reason = `piecewise needs one value more than boundaries: ${boundaries.length} boundaries and ${values.length} values`;
      return { parameter: "values", reason };
    }
    return unsorted("boundaries", boundaries);
  },
};
