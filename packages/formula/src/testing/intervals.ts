/**
 * For tests: between which bounds a float32 kernel's result must lie, by interval arithmetic over the expression graph.
 *
 * A relative tolerance would be unfair near cancellation and at the threshold of a comparison, and too generous
 * elsewhere. Here every operation widens its result by its own error, |x|·u·k + the smallest subnormal, and every
 * later operation carries that on; what cannot be bounded (a quotient by something that may be zero, an overflow) is
 * the whole line, and is left to the tests of special values. Moore, Interval Analysis, 1966.
 */
import type { Expression } from "../expression.ts";
import { topologicalOrder } from "../expression.ts";
import { ELEMENTWISE, type ElementwiseName } from "../functions.ts";
import type { UpdateProgram } from "../resolve.ts";
import { sizeOf, type TestTensor } from "./harness.ts";

/** Logical values are [0, 0], [1, 1] or, when either may be, [0, 1]. */
export type Interval = readonly [low: number, high: number];

const WHOLE: Interval = [-Infinity, Infinity];
const FLOAT32 = 2 ** -24; // half a unit in the last place
const FLOAT64 = 2 ** -53;
const SUBNORMAL = 2 ** -149;
const LARGEST = 3.4028234663852886e38;

/** Errors of one operation in float32, in half units in the last place; the measured bounds of math.test.ts, rounded up. */
const ERRORS: Partial<Record<ElementwiseName, number>> = { exp: 4, log: 4, tanh: 4 };

function widen([low, high]: Interval, relative: number): Interval {
  if (!(low >= -LARGEST && high <= LARGEST)) return WHOLE; // NaN and overflow too
  return [low - Math.abs(low) * relative - SUBNORMAL, high + Math.abs(high) * relative + SUBNORMAL];
}

const hull = (...values: number[]): Interval => [Math.min(...values), Math.max(...values)];
const truth = (certain: boolean, possible: boolean): Interval => [certain ? 1 : 0, possible ? 1 : 0];
const opposite = ([low, high]: Interval): Interval => [1 - high, 1 - low];

type Rule = (...operands: Interval[]) => Interval;

const less: Rule = ([al, ah], [bl, bh] = WHOLE) => truth(ah < bl, al < bh);
const lessEqual: Rule = ([al, ah], [bl, bh] = WHOLE) => truth(ah <= bl, al <= bh);
const equal: Rule = ([al, ah], [bl, bh] = WHOLE) =>
  truth(al === ah && bl === bh && al === bl, al <= bh && bl <= ah);
const increasing =
  (f: (x: number) => number): Rule =>
  ([low, high]) => [f(low), f(high)];

/** Exact images, before rounding. */
const RULES: Record<ElementwiseName, Rule> = {
  add: ([al, ah], [bl, bh] = WHOLE) => [al + bl, ah + bh],
  subtract: ([al, ah], [bl, bh] = WHOLE) => [al - bh, ah - bl],
  multiply: ([al, ah], [bl, bh] = WHOLE) => hull(al * bl, al * bh, ah * bl, ah * bh),
  divide: ([al, ah], [bl, bh] = WHOLE) =>
    bl <= 0 && bh >= 0 ? WHOLE : hull(al / bl, al / bh, ah / bl, ah / bh),
  power: ([al, ah], [bl, bh] = WHOLE) => (al > 0 ? hull(al ** bl, al ** bh, ah ** bl, ah ** bh) : WHOLE),
  negate: ([low, high]) => [-high, -low],
  abs: ([low, high]) =>
    low <= 0 && high >= 0 ? [0, Math.max(-low, high)] : hull(Math.abs(low), Math.abs(high)),
  sign: increasing(Math.sign),
  sqrt: ([low, high]) => (low < 0 ? WHOLE : [Math.sqrt(low), Math.sqrt(high)]),
  exp: increasing(Math.exp),
  log: ([low, high]) => (low <= 0 ? WHOLE : [Math.log(low), Math.log(high)]),
  tanh: increasing(Math.tanh),
  floor: increasing(Math.floor),
  min: ([al, ah], [bl, bh] = WHOLE) => [Math.min(al, bl), Math.min(ah, bh)],
  max: ([al, ah], [bl, bh] = WHOLE) => [Math.max(al, bl), Math.max(ah, bh)],
  less,
  lessEqual,
  greater: (a, b = WHOLE) => less(b, a),
  greaterEqual: (a, b = WHOLE) => lessEqual(b, a),
  equal,
  notEqual: (a, b = WHOLE) => opposite(equal(a, b)),
  and: ([al, ah], [bl, bh] = WHOLE) => [al * bl, ah * bh],
  or: ([al, ah], [bl, bh] = WHOLE) => [Math.max(al, bl), Math.max(ah, bh)],
  not: (a) => opposite(a),
  where: ([low, high], a = WHOLE, b = WHOLE) => {
    if (low === 1) return a;
    return high === 0 ? b : hull(...a, ...b);
  },
};

const isUnbounded = ([low, high]: Interval) => !(low >= -LARGEST && high <= LARGEST);

function applyRule(node: Extract<Expression, { kind: "apply" }>, operands: readonly Interval[]): Interval {
  // An unbounded operand may be NaN, which no comparison orders, so nothing is known of the result.
  if (operands.some(isUnbounded)) return ELEMENTWISE[node.fn].result === "logical" ? [0, 1] : WHOLE;
  const entering =
    node.rank === "scalar"
      ? operands
      : operands.map((x, i) =>
          node.operands[i]!.rank === "scalar" && node.operands[i]!.type === "number" ? widen(x, FLOAT32) : x,
        );
  const image = RULES[node.fn](...entering);
  if (node.type === "logical") return image;
  if (node.rank === "scalar") return widen(image, 4 * FLOAT64);
  if (node.fn === "power") {
    // exp(y ln x): the rounding of the logarithm and of the product are multiplied by |y ln x|
    const [[xl, xh], [yl, yh]] = entering as [Interval, Interval];
    const size = Math.max(...[xl, xh].flatMap((x) => [yl, yh].map((y) => Math.abs(y * Math.log(x)))));
    return widen(image, FLOAT32 * (4 + 6 * size));
  }
  return widen(image, FLOAT32 * (ERRORS[node.fn] ?? 1));
}

/** Bounds of every output of a program after one step: `bounds[tensor].theta[i]`. */
export function outputBounds(
  update: UpdateProgram,
  tensors: readonly TestTensor[],
  hyper: Readonly<Record<string, number>>,
  t = 1,
): Record<string, Interval[]>[] {
  const sizes = tensors.map(({ shape }) => sizeOf(shape));
  const countAll = sizes.reduce((a, b) => a + b, 0);
  const known = new Map<Expression, Interval[][]>(); // node → tensor → element
  const everywhere = (value: (tensor: number, element: number) => Interval) =>
    sizes.map((size, k) => Array.from({ length: size }, (_, i) => value(k, i)));

  const bounds = (node: Expression): Interval[][] => {
    switch (node.kind) {
      case "constant":
        return everywhere(() => point(node.value));
      case "hyper":
        return everywhere(() => point(hyper[node.name]!));
      case "step":
        return everywhere(() => point(t));
      case "dimension":
        return everywhere((k) => {
          const { shape } = tensors[k]!;
          const rows = shape[0] ?? 1;
          const cols = sizeOf(shape.slice(1));
          const dimensions = { size: sizes[k]!, countAll, tensorsAll: sizes.length, rows, cols };
          return point(dimensions[node.name]);
        });
      case "matrix":
        throw new TypeError(`no bounds are known for ${node.fn}`);
      case "memory": // state that is one number starts at zero
        return everywhere(() => point(0));
      case "slot":
        return everywhere((k, i) => point(Math.fround(tensors[k]!.slots[node.name]?.[i] ?? 0)));
      case "apply": {
        const operands = node.operands.map((operand) => known.get(operand)!);
        return everywhere((k, i) =>
          applyRule(
            node,
            operands.map((operand) => operand[k]![i]!),
          ),
        );
      }
      case "reduce": {
        const terms = known.get(node.operand)!;
        const totals = terms.map((own) => combine(node.fn, node.scope === "all" ? terms.flat() : own));
        return everywhere((k) => totals[k]!);
      }
    }
  };
  for (const node of topologicalOrder(update.outputs.values())) known.set(node, bounds(node));

  const stored = (node: Expression, k: number) =>
    known.get(node)![k]!.map((value) => (node.rank === "scalar" ? widen(value, FLOAT32) : value));
  return tensors.map((_, k) =>
    Object.fromEntries([...update.outputs].map(([slot, node]) => [slot, stored(node, k)])),
  );
}

const point = (value: number): Interval => [value, value];

function combine(fn: "sum" | "max", terms: readonly Interval[]): Interval {
  if (terms.some(isUnbounded)) return WHOLE;
  if (fn === "max")
    return terms.length === 0
      ? WHOLE
      : [Math.max(...terms.map(([l]) => l)), Math.max(...terms.map(([, h]) => h))];
  const total = terms.reduce<Interval>(([l, h], [a, b]) => [l + a, h + b], [0, 0]);
  const magnitude = terms.reduce((sum, [l, h]) => sum + Math.max(Math.abs(l), Math.abs(h)), 0);
  const slack = magnitude * FLOAT64 * (terms.length + 4);
  return [total[0] - slack, total[1] + slack];
}
