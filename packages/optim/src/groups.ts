/**
 * Which rule and which hyperparameters each segment of the flat vector gets, and where its state lies.
 */
import type { FloatArray, TensorGroup, TensorSlots } from "@thalweg/formula";
import type { Backend } from "./backend.ts";
import { checkHyper, PEAK, type Rule } from "./rule.ts";

/** A named tensor inside a flat vector; offset and size count elements. */
export interface Segment {
  name: string;
  shape: readonly number[];
  offset: number;
  size: number;
  /** What the tensor does in its layer, where that is known: "weight", "bias", "scale", "embedding". */
  kind?: string;
}

/** Parameters that are treated alike. A segment joins the first group that matches its name. */
export interface ParameterGroup {
  /** A regular expression on the parameter's name (as text or object), or a predicate. */
  match: string | RegExp | ((segment: Segment) => boolean);
  /** Instead of the optimizer's rule, with its own defaults: the optimizer's `hyper` belongs to the optimizer's rule. */
  rule?: Rule;
  /** Instead of the values of the rule that the group uses, one by one. */
  hyper?: Readonly<Record<string, number>>;
  /** Neither moves nor decays. */
  frozen?: boolean;
}

export interface OptimizerOptions<A extends FloatArray> {
  backend: Backend<A>;
  segments: readonly Segment[];
  /** The flat parameter vector, updated in place. */
  parameters: A;
  /** The flat gradient vector, read at each step. */
  gradients: A;
  rule: Rule;
  /** Instead of the rule's defaults, one by one. */
  hyper?: Readonly<Record<string, number>>;
  groups?: readonly ParameterGroup[];
  /** For rules that read noise: the same seed gives the same noise at the same step. 0 by default. */
  seed?: number;
  /** "finite": look at each gradient before it is used, and raise NonFiniteGradientError where it has NaN or infinities. */
  check?: "finite";
}

/** Segments with one rule and one set of hyperparameters, bound to their vectors. */
export interface Group<A extends FloatArray> extends TensorGroup<A> {
  rule: Rule;
  /** Hyperparameters before schedules. */
  base: Readonly<Record<string, number>>;
  segments: readonly Segment[];
}

/**
 * Give every segment to the first group that matches it, and allocate state. Raises RangeError or TypeError for values
 * outside their domain, unknown names, segments that do not fit and groups that match nothing, SyntaxError for a
 * pattern that is none.
 */
export function assignGroups<A extends FloatArray>(options: OptimizerOptions<A>): Group<A>[] {
  const { segments, rule, hyper = {}, groups = [] } = options;
  checkSegments(options);
  checkHyper(rule, hyper);
  for (const group of groups) checkHyper(group.rule ?? rule, group.hyper ?? {});
  const matchers = groups.map(matcher);
  const members = [...groups, undefined].map((): Segment[] => []); // the last are those that no group takes
  for (const segment of segments) {
    const first = matchers.findIndex((matches) => matches(segment));
    members.at(first)!.push(segment);
  }
  groups.forEach((group, i) => {
    if (members[i]!.length > 0) return;
    const names = segments.map(({ name }) => name).join(", ");
    throw new RangeError(
      `Cannot use parameter group ${i + 1} (${String(group.match)}) as it matches no parameter that an earlier group has not taken: the parameters are ${names}`,
    );
  });
  return [...groups, { rule, hyper, frozen: false }].flatMap((group, i): Group<A>[] => {
    if (group.frozen) return [];
    const own = group.rule ?? rule;
    const base = { ...own.hyper, ...(group.rule === undefined ? hyper : {}), ...group.hyper };
    const [able, others] = divide(members[i]!, ({ shape }) => shape.length >= own.minimumRank);
    const bound = (which: Rule, values: Readonly<Record<string, number>>, segments: readonly Segment[]) =>
      segments.length === 0
        ? []
        : [
            {
              rule: which,
              base: values,
              hyper: withPeaks(which, values),
              t: 0,
              tensors: bindSlots(segments, which, options),
              segments,
            },
          ];
    return [
      ...bound(own, base, able),
      ...bound(requireFallback(own, others), own.fallback?.hyper ?? {}, others),
    ];
  });
}

const divide = <T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] => [
  items.filter(test),
  items.filter((item) => !test(item)),
];

function requireFallback(rule: Rule, segments: readonly Segment[]): Rule {
  const [first] = segments;
  if (first === undefined || rule.fallback !== undefined) return rule.fallback ?? rule;
  throw new RangeError(
    `Cannot optimise "${first.name}" of shape [${first.shape}] by ${rule.name} as it needs at least ${rule.minimumRank} dimensions: give such parameters a group with another rule`,
  );
}

/** The hyperparameters of a step, and beside them those that the rule reads as they were before the schedule. */
function withPeaks({ program }: Rule, base: Readonly<Record<string, number>>): Record<string, number> {
  const peaks = program.hyper.filter((name) => !Object.hasOwn(base, name) && name.endsWith(PEAK));
  return {
    ...base,
    ...Object.fromEntries(peaks.map((name) => [name, base[name.slice(0, -PEAK.length)]!])),
  };
}

function matcher({ match }: ParameterGroup, i: number): (segment: Segment) => boolean {
  if (typeof match === "function") return match;
  try {
    const pattern = new RegExp(match);
    // search() starts at the beginning each time, where test() goes on from the last hit of a /g pattern
    return ({ name }) => name.search(pattern) >= 0;
  } catch (error) {
    throw new SyntaxError(`Cannot use parameter group ${i + 1}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** One vector per state slot, dense over the segments of a group. */
function bindSlots<A extends FloatArray>(
  segments: readonly Segment[],
  rule: Rule,
  { parameters, gradients, backend }: OptimizerOptions<A>,
): TensorSlots<A>[] {
  const total = segments.reduce((sum, { size }) => sum + size, 0);
  const state = vectorsOf(rule).map((slot) => [slot, backend.allocate(total)] as const);
  const view = (vector: A, offset: number, size: number) => vector.subarray(offset, offset + size) as A;
  let used = 0;
  return segments.map(({ name, shape, offset, size }) => {
    const slots: Record<string, A> = {
      theta: view(parameters, offset, size),
      g: view(gradients, offset, size),
      ...Object.fromEntries(state.map(([slot, vector]) => [slot, view(vector, used, size)])),
      ...matrixState(rule, shape, parameters),
    };
    used += size;
    return { name, shape, size, slots, scalars: zeros(rule, "tensor") };
  });
}

/** State that is a matrix of another shape than the parameter; kernels do not touch it, so it lies anywhere. */
function matrixState<A extends FloatArray>(rule: Rule, shape: readonly number[], like: A): Record<string, A> {
  const Storage = like.constructor as new (count: number) => A;
  const side = { "1": 1, R: shape[0] ?? 1, C: shape.slice(1).reduce((product, n) => product * n, 1) };
  const slots = rule.program.matrices.map(
    ({ name, extent: [rows, cols] }) => [name, new Storage(side[rows] * side[cols])] as const,
  );
  return Object.fromEntries(slots);
}

/** Every slot that has to be kept: of the parameter's shape, and matrices of other shapes. */
export const savedSlots = ({ state, program }: Rule): readonly string[] => [
  ...state,
  ...program.matrices.map(({ name }) => name),
];

/** Vectors that a rule needs besides parameters and gradients: its state, where its view goes, and where its noise lies. */
export const vectorsOf = ({ state, program }: Rule): readonly string[] => [
  ...state,
  ...(program.view === undefined ? [] : ["view"]),
  ...(program.noise ? ["noise"] : []),
];

/** State that is one number, before the first step. */
export const zeros = ({ program }: Rule, scope: "tensor" | "all"): Record<string, number> =>
  Object.fromEntries(program.scalars.filter((slot) => slot.scope === scope).map(({ name }) => [name, 0]));

function checkSegments<A extends FloatArray>({ segments, parameters, gradients }: OptimizerOptions<A>): void {
  const names = new Set<string>();
  let end = 0;
  for (const { name, shape, offset, size } of [...segments].sort((a, b) => a.offset - b.offset)) {
    if (names.has(name)) {
      throw new TypeError(
        `Cannot optimise the parameter "${name}" twice: every segment needs a name of its own`,
      );
    }
    names.add(name);
    if (![offset, ...shape].every((n) => Number.isSafeInteger(n) && n >= 0)) {
      throw new RangeError(
        `Cannot optimise "${name}" as its offset and the sizes in its shape must be whole numbers, not negative: it starts at ${offset} and has shape [${shape}]`,
      );
    }
    const count = shape.reduce((product, n) => product * n, 1);
    if (count !== size) {
      throw new RangeError(
        `Cannot optimise "${name}" as a segment of shape [${shape}] must have ${count} elements: current size is ${size}`,
      );
    }
    if (!(offset >= end)) {
      throw new RangeError(
        `Cannot optimise "${name}" as segments must not overlap: it starts at ${offset}, inside the one before it, which ends at ${end}`,
      );
    }
    end = offset + size;
  }
  for (const [what, vector] of [
    ["parameters", parameters],
    ["gradients", gradients],
  ] as const) {
    if (vector.length < end) {
      throw new RangeError(
        `Cannot optimise as the flat vector of ${what} must hold all segments, ${end} elements: it has ${vector.length}`,
      );
    }
  }
}
