/**
 * Programs that use matrices. Their time goes into products, not into passes over memory, so they are not fused: each
 * node is computed as a whole array, when it is first wanted, in the storage of the engine (float32 or float64). Only the
 * branch of a `where` that a scalar condition chooses is computed, so that an expensive refresh costs nothing in
 * the steps between.
 *
 * Reductions over all tensors come first, in order; then each tensor is finished by itself.
 */
import { type Expression, type Extent, type ReduceExpression, topologicalOrder } from "../expression.ts";
import { ELEMENTWISE, REDUCTIONS } from "../functions.ts";
import type { UpdateProgram } from "../resolve.ts";
import type { FloatArray, TensorGroup, TensorSlots } from "../update.ts";
import {
  type Allocate,
  axisSum,
  eigen,
  inverseRoot,
  type Matrix,
  type MatrixKernels,
  multiply,
  orthogonalize,
  orthonormalBasis,
  positionSum,
  transpose,
} from "./operations.ts";

type Value = number | Matrix;

const PARAMETER: Extent = ["R", "C"];

/** Whether a program has to be run here. */
export function usesMatrices({ outputs, matrices }: Pick<UpdateProgram, "outputs" | "matrices">): boolean {
  return (
    matrices.some(({ name }) => outputs.has(name)) ||
    topologicalOrder(outputs.values()).some(({ kind, rank }) => kind === "matrix" || rank === "matrix")
  );
}

export interface Interpreted {
  outputs: ReadonlyMap<string, Expression>;
  /** Slots of another shape than the parameter's. */
  matrices: UpdateProgram["matrices"];
  shared: Record<string, number>;
  kernels?: MatrixKernels | undefined;
  /** Memory for intermediate values, kept from run to run. */
  pool: Pool;
}

/** Arrays that are free for the next value of their size: making them anew each step would cost more than filling them. */
export class Pool {
  private readonly free = new Map<string, FloatArray[]>();

  take(Storage: new (count: number) => FloatArray, count: number): FloatArray {
    return this.free.get(`${Storage.name} ${count}`)?.pop() ?? new Storage(count);
  }

  give(array: FloatArray): void {
    const key = `${array.constructor.name} ${array.length}`;
    const known = this.free.get(key);
    if (known === undefined) this.free.set(key, [array]);
    else known.push(array);
  }
}

/** Run outputs once over groups of tensors. Finishes later only when the kernels do. */
export function interpretMatrices<A extends FloatArray>(
  { outputs: all, matrices, shared, kernels, pool }: Interpreted,
  groups: readonly TensorGroup<A>[],
): void | Promise<void> {
  const tensors = groups.flatMap((group) => group.tensors.map((tensor) => ({ group, tensor })));
  const countAll = tensors.reduce((count, { tensor }) => count + tensor.size, 0);
  const sizesOfAll = { countAll, tensorsAll: tensors.length };
  const outputs = new Map([...all].filter(([name, node]) => !(node.kind === "slot" && node.name === name)));
  const extents = new Map(matrices.map(({ name, extent }) => [name, extent]));
  const frames = tensors.map(
    ({ group, tensor }) => new Frame(tensor, group, { shared, sizesOfAll, extents, kernels, pool }),
  );
  const overAll = topologicalOrder(outputs.values()).filter(
    (node): node is ReduceExpression => node.kind === "reduce" && node.scope === "all",
  );
  return drive(runFrames(frames, outputs, overAll, shared));
}

function* runFrames(
  frames: readonly Frame[],
  outputs: ReadonlyMap<string, Expression>,
  overAll: readonly ReduceExpression[],
  shared: Record<string, number>,
): Generator<Promise<Matrix>, void, Matrix> {
  for (const node of overAll) {
    const { identity, combine } = REDUCTIONS[node.fn];
    let total: number = identity;
    for (const frame of frames) total = combine(total, fold(node, yield* frame.value(node.operand)));
    for (const frame of frames) frame.set(node, total);
  }
  const numbers = new Map<string, number>();
  for (const frame of frames) {
    const found: [string, Value][] = [];
    for (const [name, node] of outputs) found.push([name, frame.own(yield* frame.value(node))]);
    for (const [name, value] of found) {
      if (frame.store(name, value)) continue;
      if (!numbers.has(name)) numbers.set(name, value as number);
    }
    frame.forget();
  }
  for (const [name, value] of numbers) shared[name] = value;
}

/** Run a generator to its end; wait only where it asks to. */
function drive(steps: Generator<Promise<Matrix>, void, Matrix>): void | Promise<void> {
  const first = steps.next();
  if (first.done) return;
  const finish = async (waiting: Promise<Matrix>): Promise<void> => {
    const next = steps.next(await waiting);
    return next.done ? undefined : finish(next.value);
  };
  return finish(first.value);
}

type SizesOfAll = Readonly<Record<"countAll" | "tensorsAll", number>>;

/** What all tensors of a run have in common. */
interface Surroundings {
  shared: Readonly<Record<string, number>>;
  sizesOfAll: SizesOfAll;
  extents: ReadonlyMap<string, Extent>;
  kernels: MatrixKernels | undefined;
  pool: Pool;
}

/** One tensor's values during one run. */
class Frame {
  private readonly tensor: TensorSlots<FloatArray>;
  private readonly group: TensorGroup<FloatArray>;
  private readonly shared: Readonly<Record<string, number>>;
  private readonly sizesOfAll: SizesOfAll;
  private readonly extents: ReadonlyMap<string, Extent>;
  private readonly kernels: MatrixKernels | undefined;
  private readonly values = new Map<Expression, Value>();
  private readonly taken: FloatArray[] = [];
  private readonly pool: Pool;
  private readonly allocate: Allocate;
  private readonly rows: number;
  private readonly cols: number;

  constructor(tensor: TensorSlots<FloatArray>, group: TensorGroup<FloatArray>, surroundings: Surroundings) {
    const { shared, sizesOfAll, extents, kernels, pool } = surroundings;
    this.pool = pool;
    this.tensor = tensor;
    this.group = group;
    this.shared = shared;
    this.sizesOfAll = sizesOfAll;
    this.extents = extents;
    this.kernels = kernels;
    this.rows = tensor.shape[0] ?? 1;
    this.cols = elementCount(tensor.shape.slice(1));
    const Storage = tensor.slots.theta!.constructor as new (count: number) => FloatArray;
    this.allocate = (count) => {
      const array = pool.take(Storage, count);
      this.taken.push(array);
      return array;
    };
  }

  set(node: Expression, value: Value): void {
    this.values.set(node, value);
  }

  /** Give back the memory of every value. */
  forget(): void {
    this.values.clear();
    for (const array of this.taken.splice(0)) this.pool.give(array);
  }

  /** A slot that becomes another slot is copied, since it may be written before it is read. */
  own(value: Value): Value {
    if (typeof value === "number" || !Object.values(this.tensor.slots).includes(value.data)) return value;
    const data = this.allocate(value.data.length);
    data.set(value.data);
    return { ...value, data };
  }

  /** Write an output; false when it is a number for all tensors, which is not this tensor's to write. */
  store(name: string, value: Value): boolean {
    const slot = this.tensor.slots[name];
    if (slot !== undefined) {
      if (typeof value === "number") slot.fill(value);
      else slot.set(this.spread(value, this.extents.get(name) ?? PARAMETER).data);
      return true;
    }
    if (this.tensor.scalars === undefined || !Object.hasOwn(this.tensor.scalars, name)) return false;
    this.tensor.scalars[name] = value as number;
    return true;
  }

  *value(node: Expression): Generator<Promise<Matrix>, Value, Matrix> {
    const known = this.values.get(node);
    if (known !== undefined) return known;
    const value = yield* this.compute(node);
    this.values.set(node, value);
    return value;
  }

  private *compute(node: Expression): Generator<Promise<Matrix>, Value, Matrix> {
    const { group, tensor } = this;
    switch (node.kind) {
      case "constant":
        return node.value;
      case "hyper":
        return group.hyper[node.name]!;
      case "step":
        return group.t;
      case "memory":
        return (node.scope === "all" ? this.shared : tensor.scalars!)[node.name]!;
      case "dimension":
        return { size: tensor.size, rows: this.rows, cols: this.cols, ...this.sizesOfAll }[node.name];
      case "slot":
        return { ...this.sizeOf(node.extent), data: tensor.slots[node.name]! };
      case "reduce":
        return fold(node, yield* this.value(node.operand));
      case "matrix": {
        const value = yield* this.matrix(node);
        return node.rank === "scalar" ? value.data[0]! : value;
      }
      case "apply": {
        if (node.fn === "where" && node.operands[0]!.rank === "scalar") {
          const [condition, a, b] = node.operands as [Expression, Expression, Expression];
          const chosen = (yield* this.value(condition)) !== 0 ? a : b;
          return this.fit(yield* this.value(chosen), node);
        }
        const operands: Value[] = [];
        for (const operand of node.operands) operands.push(yield* this.value(operand));
        return this.elementwise(node, operands);
      }
    }
  }

  private sizeOf(extent: Extent): { rows: number; cols: number } {
    const side = { "1": 1, R: this.rows, C: this.cols };
    return { rows: side[extent[0]], cols: side[extent[1]] };
  }

  /** A branch of `where` may be smaller than the whole. */
  private fit(value: Value, { rank, extent }: Expression): Value {
    return rank === "scalar" ? value : this.spread(value, extent);
  }

  /** A matrix of this extent: a number, a row or a column repeats. */
  private spread(value: Value, extent: Extent): Matrix {
    const { rows, cols } = this.sizeOf(extent);
    if (typeof value === "number")
      return { rows, cols, data: this.allocate(rows * cols).fill(value) as FloatArray };
    if (value.rows === rows && value.cols === cols) return value;
    const data = this.allocate(rows * cols);
    const at = index(value);
    for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) data[i * cols + j] = value.data[at(i, j)]!;
    return { rows, cols, data };
  }

  private elementwise(node: Extract<Expression, { kind: "apply" }>, operands: readonly Value[]): Value {
    const evaluate = ELEMENTWISE[node.fn].evaluate as (a: number, b: number, c: number) => number;
    if (node.rank === "scalar") return evaluate(...(operands as [number, number, number]));
    const { rows, cols } = this.sizeOf(node.extent);
    const data = this.allocate(rows * cols);
    const whole = (value: Value) => typeof value === "number" || (value.rows === rows && value.cols === cols);
    if (operands.every(whole)) fillWhole(data, node.fn, operands);
    else {
      const [a = nothing, b = nothing, c = nothing] = operands.map(reader);
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < cols; j++) data[i * cols + j] = evaluate(a(i, j), b(i, j), c(i, j));
      }
    }
    return { rows, cols, data };
  }

  private *matrix({
    fn,
    rank,
    operands,
  }: Extract<Expression, { kind: "matrix" }>): Generator<Promise<Matrix>, Matrix, Matrix> {
    const values: Value[] = [];
    for (const operand of operands) values.push(this.fit(yield* this.value(operand), operand));
    const [x, y] = values.map(asMatrix) as [Matrix, Matrix];
    const allocate: Allocate = rank === "scalar" ? (count) => new Float64Array(count) : this.allocate;
    switch (fn) {
      case "matmul":
        return multiply(x, y, allocate);
      case "transpose":
        return transpose(x, allocate);
      case "rowSum":
        return axisSum(x, "row", 1, allocate);
      case "rowMean":
        return axisSum(x, "row", 1 / x.cols, allocate);
      case "colSum":
        return axisSum(x, "col", 1, allocate);
      case "colMean":
        return axisSum(x, "col", 1 / x.rows, allocate);
      case "positionSum":
        return positionSum(x, elementCount(this.tensor.shape.slice(2)), allocate);
      case "orthogonalize":
      case "orthogonalizeQuintic":
      case "orthogonalizePolar": {
        const result = this.kernels?.orthogonalize(x, fn) ?? orthogonalize(x, fn, allocate);
        return result instanceof Promise ? yield result : result;
      }
      case "inverseRoot":
        return inverseRoot(x, values[1] as number, allocate);
      case "eigenvectors":
        return eigen(x, allocate).vectors;
      case "orthonormalBasis":
        return orthonormalBasis(x, allocate);
      case "sortingPermutation": {
        const order = Array.from(x.data, (_, k) => k).sort((p, q) => x.data[q]! - x.data[p]!);
        const data = allocate(x.rows * x.rows).fill(0) as FloatArray;
        order.forEach((from, to) => {
          data[from * x.rows + to] = 1;
        });
        return { rows: x.rows, cols: x.rows, data };
      }
      case "diagonal":
        return {
          rows: x.rows,
          cols: 1,
          data: fillFrom(allocate(x.rows), (i) => x.data[i * x.cols + i]!),
        };
      case "identityLike": {
        const data = allocate(x.data.length).fill(0) as FloatArray;
        for (let i = 0; i < x.rows; i++) data[i * x.cols + i] = 1;
        return { ...x, data };
      }
    }
  }
}

const elementCount = (shape: readonly number[]) => shape.reduce((product, n) => product * n, 1);

function fillFrom(out: FloatArray, element: (i: number) => number): FloatArray {
  for (let i = 0; i < out.length; i++) out[i] = element(i);
  return out;
}

const asMatrix = (value: Value): Matrix =>
  typeof value === "number" ? { rows: 1, cols: 1, data: Float64Array.of(value) } : value;

function fold({ fn }: ReduceExpression, value: Value): number {
  const { identity, combine } = REDUCTIONS[fn];
  return (asMatrix(value).data as Float64Array).reduce(combine, identity as number);
}

/** Where element (i, j) of a result lies in an operand whose single row or column repeats. */
const index = ({ rows, cols }: Matrix) => {
  const down = rows === 1 ? 0 : cols;
  const across = cols === 1 ? 0 : 1;
  return (i: number, j: number) => i * down + j * across;
};

/** For functions of fewer operands. */
const nothing = () => Number.NaN;

function reader(value: Value): (i: number, j: number) => number {
  if (typeof value === "number") return () => value;
  const at = index(value);
  return (i, j) => value.data[at(i, j)]!;
}

/** Elementwise over operands of the result's own size, or numbers. The commonest functions have loops of their own. */
function fillWhole(out: FloatArray, fn: keyof typeof ELEMENTWISE, operands: readonly Value[]): void {
  const [a, b] = operands;
  if (fn === "multiply" && typeof a === "number" && typeof b === "object") {
    for (let i = 0; i < out.length; i++) out[i] = a * b.data[i]!;
    return;
  }
  if (typeof a === "object" && typeof b === "object" && operands.length === 2) {
    const [x, y] = [a.data, b.data];
    if (fn === "add") for (let i = 0; i < out.length; i++) out[i] = x[i]! + y[i]!;
    else if (fn === "subtract") for (let i = 0; i < out.length; i++) out[i] = x[i]! - y[i]!;
    else if (fn === "multiply") for (let i = 0; i < out.length; i++) out[i] = x[i]! * y[i]!;
    else if (fn === "divide") for (let i = 0; i < out.length; i++) out[i] = x[i]! / y[i]!;
    else general();
    return;
  }
  general();

  function general(): void {
    const evaluate = ELEMENTWISE[fn].evaluate as (a: number, b: number, c: number) => number;
    const [x, y, z] = operands.map((value) => (typeof value === "number" ? undefined : value.data));
    const [p, q, r] = operands.map((value) => (typeof value === "number" ? value : Number.NaN));
    for (let i = 0; i < out.length; i++) out[i] = evaluate(x?.[i] ?? p!, y?.[i] ?? q!, z?.[i] ?? r!);
  }
}
