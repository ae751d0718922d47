/**
 * Matrix operations of update rules on ONNX Runtime: one small model per shape and method, made when it is first wanted.
 * Its products run several times faster than plain loops; they make up nearly all of Muon's time.
 */
import {
  type Matrix,
  type MatrixKernels,
  NEWTON_SCHULZ,
  type NewtonSchulzName,
  SMALLEST_NORM,
} from "@thalweg/formula";
import { Graph, gemm, max, mul, reciprocal, reduceSum, sqrt, type Tensor, transpose } from "@thalweg/graph";
import { BoundSession } from "./session.ts";

interface Prepared {
  session: BoundSession;
  input: Float32Array;
  output: Float32Array;
}

export class OnnxMatrixKernels implements MatrixKernels {
  private readonly prepared = new Map<string, Promise<Prepared>>();
  private readonly threads: number;

  constructor({ threads = 1 }: { threads?: number } = {}) {
    this.threads = threads;
  }

  async orthogonalize({ rows, cols, data }: Matrix, method: NewtonSchulzName): Promise<Matrix> {
    const { session, input, output } = await this.prepare(rows, cols, method);
    input.set(data);
    await session.run();
    return { rows, cols, data: output.slice() };
  }

  async release(): Promise<void> {
    for (const prepared of this.prepared.values()) await (await prepared).session.release();
    this.prepared.clear();
  }

  private prepare(rows: number, cols: number, method: NewtonSchulzName): Promise<Prepared> {
    const key = `${method} ${rows} ${cols}`;
    const known = this.prepared.get(key);
    if (known !== undefined) return known;
    const made = create(rows, cols, method, this.threads);
    this.prepared.set(key, made);
    return made;
  }
}

async function create(
  rows: number,
  cols: number,
  method: NewtonSchulzName,
  threads: number,
): Promise<Prepared> {
  const x = new Graph().input("x", [rows, cols]);
  const [input, output] = [new Float32Array(rows * cols), new Float32Array(rows * cols)];
  const session = await BoundSession.create({
    outputs: { orthogonal: newtonSchulz(x, method) },
    reads: new Map([["x", input]]),
    writes: new Map([["orthogonal", output]]),
    threads,
  });
  return { session, input, output };
}

/** X ← a X + (b A + c A²) X with A = X Xᵀ, from X = x / ‖x‖; see NEWTON_SCHULZ in @thalweg/formula. */
export function newtonSchulz(x: Tensor, method: NewtonSchulzName): Tensor {
  const { coefficients, safety } = NEWTON_SCHULZ[method];
  const [rows, cols] = x.shape as [number, number];
  const tall = rows > cols;
  const wide = tall ? transpose(x) : x;
  const norm = max(mul(sqrt(reduceSum(mul(wide, wide))), safety), SMALLEST_NORM);
  let X = mul(wide, reciprocal(norm));
  for (const [a, b, c] of coefficients) {
    const A = gemm(X, X, { transB: 1 });
    const B = gemm(A, A, { alpha: c, addend: A, beta: b });
    X = gemm(B, X, { addend: X, beta: a });
  }
  return tall ? transpose(X) : X;
}
