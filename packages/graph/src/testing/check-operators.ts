/**
 * One harness for every operator: a family's test file holds a table of cases, and each case is held to four laws.
 *
 *   value       what the operator gives, worked by hand where the case carries `expect`
 *   runtime     ONNX Runtime gives what the float64 reference gives, for the output and for every gradient
 *   gradient    the gradient graph equals central differences of the reference, in the form that each dtype has
 *   curvature   so does the gradient of the gradient, for smooth operators
 *
 * Central differences err by ε²/6·|f'''| (truncation) and u/ε·|f| (rounding, u = 2⁻⁵³). Both balance near ε = ∛u ≈ 5e-6,
 * where they leave about 1e-10 relative; the tolerance of 1e-7 leaves room for functions whose third derivative is large.
 */
import { describe, expect, test } from "vitest";
import { evaluate } from "../evaluate.ts";
import { gradients } from "../gradients.ts";
import { type DType, Graph, isFloat, type Operands, type Tensor } from "../graph.ts";
import { add, mul, reduceSum } from "../ops/index.ts";
import { runOnnx } from "./onnx-runtime.ts";

export interface InputSpec {
  readonly shape: readonly number[];
  readonly dtype?: DType;
  /** Values are drawn from [low, high]; away from kinks and poles where the operator has them. */
  readonly low?: number;
  readonly high?: number;
  /** Given values, instead of drawn ones. */
  readonly values?: readonly number[];
}

export interface OperatorCase {
  readonly name: string;
  readonly inputs: readonly InputSpec[];
  /** One output, or several. */
  readonly build: (...inputs: Operands) => Tensor | readonly Tensor[];
  /** The output, worked by hand; of several outputs, each, or null where it is not looked at. */
  readonly expect?: readonly number[] | readonly (readonly number[] | null)[];
  /** Shape of the (first) output. */
  readonly shape?: readonly number[];
  /** False where derivatives of the output are zero or undefined: the gradient laws are then not asked for. */
  readonly differentiable?: boolean;
  /** False for piecewise linear operators and where the second derivative is not of interest. */
  readonly smooth?: boolean;
  /** Where ONNX Runtime's CPU kernels have no double form. */
  readonly float32Only?: boolean;
}

const EPSILON = 2 ** -17.5;
const ROUNDING: Partial<Record<DType, number>> = { float32: 3e-5, float64: 1e-9 };

export function checkOperators(family: string, cases: readonly OperatorCase[]): void {
  describe(family, () => {
    for (const one of cases) {
      const smooth = one.smooth ?? true;
      if (one.expect || one.shape) test(`${one.name}: value by hand`, () => valueLaw(one));
      const dtypes = one.float32Only ? (["float32"] as const) : (["float32", "float64"] as const);
      for (const dtype of dtypes) {
        test(`${one.name}: ONNX Runtime equals the reference in ${dtype}`, () => runtimeLaw(one, dtype));
      }
      if (one.differentiable === false) continue;
      test(`${one.name}: gradient equals finite differences`, () => {
        for (const dtype of dtypes) gradientLaw(one, dtype);
      });
      if (smooth)
        test(`${one.name}: gradient of the gradient equals finite differences`, () => curvatureLaw(one));
    }
  });
}

/** A small generator (mulberry32): the same case draws the same values everywhere, so a failure repeats. */
function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Values that float32 holds exactly, so that rounding the inputs is no part of any difference. */
function draw({ shape, values, low = -2, high = 2 }: InputSpec, seed: number): Float64Array {
  const next = uniform(seed);
  const size = shape.reduce((n, d) => n * d, 1);
  return Float64Array.from(
    values ?? Array.from({ length: size }, () => Math.fround(low + (high - low) * next())),
  );
}

/** The case's graph: inputs and outputs, and what is fed. */
function trace(one: OperatorCase, dtype: DType) {
  const graph = new Graph();
  const inputs = one.inputs.map((spec, k) => graph.input(`x${k}`, spec.shape, spec.dtype ?? dtype));
  const feeds = Object.fromEntries(one.inputs.map((spec, k) => [`x${k}`, draw(spec, 17 + k)]));
  const built = one.build(...(inputs as unknown as Operands));
  const outputs = Array.isArray(built) ? (built as readonly Tensor[]) : [built as Tensor];
  const free = inputs.filter((x) => isFloat(x.dtype));
  return { graph, inputs, feeds, outputs, free };
}

/** The scalar L = Σ w·output over all float outputs with fixed weights w, by which gradients are compared. */
const weighAll = (outputs: readonly Tensor[], shape: (x: Tensor) => Tensor = (x) => x): Tensor =>
  outputs
    .filter((x) => isFloat(x.dtype))
    .map((x, k) => weigh(shape(x), 5 + k))
    .reduce((a, b) => add(a, b));

const weigh = (x: Tensor, seed: number): Tensor =>
  reduceSum(mul(x, x.graph.constant(draw({ shape: x.shape, low: 0.5, high: 1.5 }, seed), x.shape, x.dtype)));

function valueLaw(one: OperatorCase): void {
  const { outputs, feeds } = trace(one, "float64");
  if (one.shape) expect(outputs[0]!.shape).toEqual(one.shape);
  if (!one.expect) return;
  const single = one.expect.every((value) => typeof value === "number");
  const wanted = (single ? [one.expect] : one.expect) as readonly (readonly number[] | null)[];
  const found = evaluate(outputs, feeds);
  for (const [k, values] of wanted.entries()) {
    if (values) expectClose(found[k]!, values, 1e-12, `output ${k}`);
  }
}

async function runtimeLaw(one: OperatorCase, dtype: DType): Promise<void> {
  const { inputs, feeds, outputs, free } = trace(one, dtype);
  const all = [...outputs];
  if (one.differentiable !== false) all.push(...gradients(weighAll(outputs), free));
  const slow = evaluate(all, feeds);
  const fast = await runOnnx(inputs, all, feeds);
  for (const [k, values] of fast.entries()) {
    const what = k < outputs.length ? `output ${k}` : `gradient of ${free[k - outputs.length]!.name}`;
    expectClose(values, slow[k]!, ROUNDING[dtype]!, what);
  }
}

function gradientLaw(one: OperatorCase, dtype: DType): void {
  const { feeds, outputs, free } = trace(one, dtype);
  const loss = weighAll(outputs);
  compareWithDifferences(loss, gradients(loss, free), free, feeds);
}

function curvatureLaw(one: OperatorCase): void {
  const { feeds, outputs, free } = trace(one, one.float32Only ? "float32" : "float64");
  const first = gradients(
    weighAll(outputs, (x) => mul(x, x)),
    free,
  );
  const slope = first.map((g, k) => weigh(g, 31 + k)).reduce((a, b) => add(a, b));
  compareWithDifferences(slope, gradients(slope, free), free, feeds);
}

/** Gradients `found` of `loss` equal central differences of the reference. */
export function compareWithDifferences(
  loss: Tensor,
  found: readonly Tensor[],
  wrt: readonly Tensor[],
  feeds: Readonly<Record<string, Float64Array>>,
  tolerance = 1e-7,
): void {
  const exact = evaluate(found, feeds);
  for (const [k, x] of wrt.entries()) {
    const base = feeds[x.name]!;
    const at = (i: number, value: number) => {
      const moved = Float64Array.from(base);
      moved[i] = value;
      return evaluate([loss], { ...feeds, [x.name]: moved })[0]![0]!;
    };
    const differences = Array.from(base, (value, i) => {
      const step = EPSILON * Math.max(1, Math.abs(value));
      return (at(i, value + step) - at(i, value - step)) / (2 * step);
    });
    expectClose(exact[k]!, differences, tolerance, `gradient of ${x.name}`);
  }
}

/** |found − wanted| ≤ tolerance · max(1, largest |wanted|), element by element; NaN and ∞ must match exactly. */
export function expectClose(
  found: ArrayLike<number>,
  wanted: ArrayLike<number>,
  tolerance: number,
  what: string,
): void {
  expect(found.length, `${what}: number of elements`).toBe(wanted.length);
  const finite = Array.from(wanted).filter(Number.isFinite);
  const scale = finite.reduce((m, v) => Math.max(m, Math.abs(v)), 1);
  for (let i = 0; i < found.length; i++) {
    const same = Object.is(found[i], wanted[i]) || Math.abs(found[i]! - wanted[i]!) <= tolerance * scale;
    if (!same) expect.fail(`${what}[${i}] is ${found[i]}, wanted ${wanted[i]} within ${tolerance * scale}`);
  }
}
