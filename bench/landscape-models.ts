/** The models that landscape.ts times, and evaluators of planes around them on random examples. */
import type { Split } from "@thalweg/data";
import { affineFamily, Evaluator, type Grid, layoutOf, randomDirection, rowModel } from "@thalweg/landscape";
import { cifarResnet, flatten, linear, relu, sequential } from "@thalweg/nn";
import { stream } from "@thalweg/random";
import { classifier, type Model, ParameterVector } from "@thalweg/train";

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
