/**
 * Thalweg's contestant wherever a network is trained: a module of @thalweg/nn, its training program on ONNX Runtime, and the fused SGD kernel.
 */
import {
  cifarResnet,
  conv2d,
  crossEntropy,
  flatten,
  globalAveragePool,
  gpt,
  linear,
  type Module,
  relu,
  sequential,
  vgg9,
} from "@thalweg/nn";
import { Optimizer, sgd, stateSlotCount, wasmBackend } from "@thalweg/optim";
import { classifier, type Model, ParameterVector, segmentOf, TrainingProgram } from "@thalweg/train";
import { type Options, type Prepared, serve } from "./contestant.ts";
import { labels, SEED, uniform, weights } from "./workload.ts";

interface Problem {
  readonly model: Model;
  /** Examples in a batch. */
  readonly batch: number;
  /** Fill a batch's x, which holds `size` numbers. */
  x(size: number): Float32Array | Int32Array;
  readonly classes: number;
  readonly lr: number;
}

/** Build the program, place the common starting values, and step as `fit` does. */
async function training({ model, batch, x, classes, lr }: Problem, options: Options): Promise<Prepared> {
  const vector = new ParameterVector(model.module, { stateSlots: stateSlotCount(sgd) });
  place(vector, model.module);
  const program = await TrainingProgram.create({
    model,
    vector,
    batchSize: batch,
    threads: options.threads,
    seed: 0,
  });
  const given = program.batch.x!;
  const wanted = program.batch.labels!;
  given.set(x(given.length) as never);
  wanted.set(labels(SEED.labels, wanted.length, classes) as never);
  const { segments, parameters, gradients, memory } = vector;
  const optimizer = new Optimizer({
    backend: wasmBackend(memory),
    segments,
    parameters,
    gradients,
    rule: sgd,
    hyper: { lr },
  });
  let t = 0;
  return {
    async step() {
      const loss = await program.run(t++);
      optimizer.step();
      return loss;
    },
  };
}

/** Deterministic weights, tensor by tensor; biases 0, and the scales of norms 1. */
function place(vector: ParameterVector, module: Module): void {
  vector.initialize(module, 0);
  const tensors = vector.segments.filter(({ shape }) => shape.length > 1);
  tensors.forEach((segment, layer) => {
    const [outputs = 0] = segment.shape;
    segmentOf(vector.parameters, segment).set(weights(layer, outputs, segment.size / outputs));
  });
  for (const segment of vector.segments)
    if (segment.kind === "bias") segmentOf(vector.parameters, segment).fill(0);
}

/** Images in [0, 1) or other examples of one shape, and a class for each. */
function classification(
  module: Module,
  shape: readonly number[],
  sizes: { batch: number; classes: number; lr: number },
  options: Options,
): Promise<Prepared> {
  const x = (size: number) => uniform(SEED.x, size, 0, 1);
  return training({ ...sizes, model: classifier(module, shape), x }, options);
}

await serve(
  {
    mlp(options) {
      const { layers, ...sizes } = options.sizes;
      const [inputs, ...outputs] = layers;
      const parts = outputs.flatMap((width, l) => [linear(layers[l]!, width), relu()]);
      const module = sequential(...parts.slice(0, -1));
      return classification(module, [inputs], { ...sizes, classes: outputs.at(-1)! }, options);
    },
    conv(options) {
      const { channels, size, depth, ...sizes } = options.sizes;
      const parts = Array.from({ length: depth }, () => [
        conv2d(channels, channels, 3, { padding: 1 }),
        relu(),
      ]);
      const head = [globalAveragePool(), flatten(), linear(channels, sizes.classes)];
      return classification(sequential(...parts.flat(), ...head), [channels, size, size], sizes, options);
    },
    gpt(options) {
      const { batch, positions, vocabulary, layers, heads, width, lr } = options.sizes;
      const module = gpt({ vocabulary, context: positions, layers, heads, width });
      const tokens = { shape: [batch, positions], dtype: "int32" } as const;
      const model: Model = {
        module,
        inputs: () => ({ x: tokens, labels: tokens }),
        measure: (context, { x, labels }) => ({ loss: crossEntropy(module.forward(x!, context), labels!) }),
      };
      const x = (size: number) => labels(SEED.x, size, vocabulary);
      return training({ model, batch, x, classes: vocabulary, lr }, options);
    },
    resnet20: (options) => classification(cifarResnet({ depth: 20 }), [3, 32, 32], options.sizes, options),
    vgg9: (options) => classification(vgg9(), [3, 32, 32], options.sizes, options),
  },
  () => `Node ${process.version}`,
  (offered) => offered,
);
