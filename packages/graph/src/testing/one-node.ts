/** A file of one node, run by ONNX Runtime as it stands and read by us: both must give the same. */
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { expect } from "vitest";
import { evaluate } from "../evaluate.ts";
import { readOnnx } from "../onnx/model.ts";
import { expectClose } from "./check-operators.ts";
import { type attribute, info, ints, node, onnxFile } from "./onnx-file.ts";

export interface OneNode {
  readonly opset: number;
  readonly operator: string;
  /** Shapes of the operands, null where one is left out. Values are sines of their places. */
  readonly shapes: readonly (readonly number[] | null)[];
  readonly attributes?: readonly ReturnType<typeof attribute>[];
  /** Whole numbers that the file holds, as the last operand. */
  readonly known?: readonly number[];
  /** Shapes of the outputs. */
  readonly outputs: readonly (readonly number[])[];
}

/** ONNX Runtime computes in float32; its own exponentials are a few units in the last place off. */
const ROUNDING = 3e-6;

export function fileOf({ opset, operator, shapes, attributes, known, outputs }: OneNode): Uint8Array {
  const operands = shapes.map((shape, k) => (shape ? `x${k}` : ""));
  return onnxFile(
    {
      name: operator,
      node: [
        node(
          operator,
          known ? [...operands, "known"] : operands,
          outputs.map((_, k) => `y${k}`),
          attributes,
        ),
      ],
      input: shapes.flatMap((shape, k) => (shape ? [info(`x${k}`, shape)] : [])),
      initializer: known ? [ints("known", [known.length], known)] : [],
      output: outputs.map((shape, k) => info(`y${k}`, shape)),
    },
    { opsetImport: [{ domain: "", version: BigInt(opset) }] },
  );
}

export async function expectLikeRuntime(one: OneNode): Promise<void> {
  const bytes = fileOf(one);
  const data = new Map<string, [values: Float32Array, shape: readonly number[]]>();
  for (const [k, shape] of one.shapes.entries()) {
    if (!shape) continue;
    const size = shape.reduce((n, d) => n * d, 1);
    data.set(`x${k}`, [Float32Array.from({ length: size }, (_, at) => Math.sin(1 + at * 1.7 + k)), shape]);
  }
  const session = await InferenceSession.create(bytes, { intraOpNumThreads: 1 });
  const fed = [...data].map(
    ([name, [values, shape]]) => [name, new OrtTensor("float32", values, [...shape])] as const,
  );
  const results = await session.run(Object.fromEntries(fed));
  await session.release();
  const built = readOnnx(bytes).build();
  const outputs = one.outputs.map((_, k) => built.outputs.get(`y${k}`)!);
  const feeds = Object.fromEntries([...data].map(([name, [values]]) => [name, values]));
  for (const [k, found] of evaluate(outputs, feeds).entries()) {
    expect(outputs[k]!.shape).toEqual(one.outputs[k]);
    expectClose(found, results[`y${k}`]!.data as Float32Array, ROUNDING, `output ${k}`);
  }
}
