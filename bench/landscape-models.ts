/** The models that landscape.ts times, and evaluators of planes around them on random examples. */
import type { Split } from "@thalweg/data";
import type { Tensor } from "@thalweg/graph";
import { affineFamily, Evaluator, type Grid, layoutOf, randomDirection, rowModel } from "@thalweg/landscape";
import { cifarResnet, flatten, linear, relu, sequential, tracing } from "@thalweg/nn";
import type { Segment } from "@thalweg/optim";
import { stream } from "@thalweg/random";
import { BoundSession, classifier, type Model, ParameterVector, segmentOf } from "@thalweg/train";

export const PLANE: Grid = [
  { from: -1, to: 1, points: 51 },
  { from: -1, to: 1, points: 51 },
];
const CLASSES = 10;

export const mlp = (): Model =>
  classifier(
    sequential(flatten(), linear(784, 128), relu(), linear(128, 64), relu(), linear(64, CLASSES)),
    [1, 28, 28],
  );

export const resnet = (): Model => classifier(cifarResnet({ depth: 20 }), [3, 32, 32]);

/** An evaluator on so many examples as the chunks hold. */
export function evaluatorOf(
  model: Model,
  grid: Grid,
  chunks: readonly number[],
  ahead = true,
): Promise<Evaluator> {
  const count = chunks.reduce((sum, size) => sum + size, 0);
  const { shape } = model.inputs(1).x!;
  const example = shape.slice(1);
  const size = example.reduce((product, extent) => product * extent, 1);
  const split: Split = {
    images: stream(1, "examples").fillUniform(new Float32Array(count * size)),
    labels: Int32Array.from({ length: count }, (_, i) => i % CLASSES),
    count,
    shape: example,
  };
  const vector = new ParameterVector(model.module, { stateSlots: 0 });
  vector.initialize(model.module, 1);
  const origin = vector.parameters.slice();
  const layout = layoutOf(model);
  const draw = (axis: number) => randomDirection(origin, layout, { seed: 1, axis, norm: "filter" }).values;
  return Evaluator.create({
    model: rowModel(model, { loss: "softmax-cross-entropy", classes: CLASSES, measures: ["accuracy"] }),
    family: affineFamily({
      origin,
      basis: [draw(0), draw(1)],
      labels: ["u", "v"],
      buffers: { origin: vector.buffers.slice() },
    }),
    grid,
    examples: {
      split,
      normalization: { maximum: 1, mean: 0, std: 1 },
      indices: Uint32Array.from({ length: count }, (_, i) => i),
    },
    chunks,
    ahead,
  });
}

/** The model's loss of each of some images with its parameters as constants, as a session of ONNX Runtime and nothing else. */
export async function bareForward(model: Model, batchSize: number): Promise<BoundSession> {
  const vector = new ParameterVector(model.module, { stateSlots: 0 });
  vector.initialize(model.module, 1);
  const traced = tracing(model.module, { training: false });
  const constant =
    (segments: readonly Segment[], values: Float32Array) =>
    (name: string): Tensor => {
      const segment = segments.find((one) => one.name === name)!;
      return traced.graph.constant(segmentOf(values, segment), segment.shape);
    };
  const context = {
    ...traced,
    parameter: constant(vector.segments, vector.parameters),
    buffer: constant(vector.bufferSegments, vector.buffers),
  };
  const inputs = Object.entries(model.inputs(batchSize)).map(
    ([name, { shape, dtype }]) => [name, traced.graph.input(name, shape, dtype)] as const,
  );
  const rows = rowModel(model, { loss: "softmax-cross-entropy", measures: ["accuracy"] });
  const outputs = rows.rows(context, Object.fromEntries(inputs));
  const reads = inputs.map(([name, { size, dtype }]) => {
    const values = dtype === "int32" ? new Int32Array(size) : new Float32Array(size).fill(0.5);
    return [name, values] as const;
  });
  const writes = Object.keys(outputs).map((name) => [name, new Float32Array(batchSize)] as const);
  return BoundSession.create({
    outputs: outputs as unknown as Record<string, Tensor>,
    reads: new Map(reads),
    writes: new Map(writes),
    blocks: false,
  });
}
