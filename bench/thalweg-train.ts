/**
 * Thalweg's contestant in `mlp` and `conv`: a module of @thalweg/nn, its training program on ONNX Runtime, and the fused SGD kernel.
 */
import { conv2d, flatten, globalAveragePool, linear, type Module, relu, sequential } from "@thalweg/nn";
import { Optimizer, sgd, stateSlotCount, wasmBackend } from "@thalweg/optim";
import { classifier, ParameterVector, segmentOf, TrainingProgram } from "@thalweg/train";
import { type Options, type Prepared, serve } from "./contestant.ts";
import { labels, SEED, uniform, weights } from "./workload.ts";

interface Problem {
  readonly module: Module;
  /** Of one example. */
  readonly shape: readonly number[];
  readonly batch: number;
  readonly classes: number;
  readonly lr: number;
}

/** Build the program, place the common starting values, and step as `fit` does. */
async function training({ module, shape, batch, classes, lr }: Problem, options: Options): Promise<Prepared> {
  const vector = new ParameterVector(module, { stateSlots: stateSlotCount(sgd) });
  place(vector);
  const program = await TrainingProgram.create({
    model: classifier(module, shape),
    vector,
    batchSize: batch,
    threads: options.threads,
    seed: 0,
  });
  program.batch.x!.set(uniform(SEED.x, batch * shape.reduce((a, b) => a * b, 1), 0, 1) as never);
  program.batch.labels!.set(labels(SEED.labels, batch, classes) as never);
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

/** Deterministic weights layer by layer; biases stay zero. */
function place(vector: ParameterVector): void {
  const tensors = vector.segments.filter(({ shape }) => shape.length > 1);
  tensors.forEach((segment, layer) => {
    const [outputs = 0] = segment.shape;
    segmentOf(vector.parameters, segment).set(weights(layer, outputs, segment.size / outputs));
  });
}

await serve(
  {
    mlp(options) {
      const { batch, layers, lr } = options.sizes;
      const [inputs, ...outputs] = layers;
      const parts = outputs.flatMap((width, l) => [linear(layers[l]!, width), relu()]);
      const module = sequential(...parts.slice(0, -1));
      return training({ module, shape: [inputs], batch, classes: outputs.at(-1)!, lr }, options);
    },
    conv(options) {
      const { batch, channels, size, depth, classes, lr } = options.sizes;
      const parts = Array.from({ length: depth }, () => [
        conv2d(channels, channels, 3, { padding: 1 }),
        relu(),
      ]);
      const module = sequential(...parts.flat(), globalAveragePool(), flatten(), linear(channels, classes));
      return training({ module, shape: [channels, size, size], batch, classes, lr }, options);
    },
  },
  () => `Node ${process.version}`,
  (offered) => offered,
);
