/**
 * A small network compiled for onnxruntime-web: the same graphs, differentiated the same way, as those that train on a server, run by WebAssembly in the page.
 *
 *   train      (θ, batch) → loss, ∇θ
 *   evaluate   (θ, all examples of a split) → loss, how many are right
 *   classify   (θ, points) → probabilities
 */
import { gradients, serialize, sizeOf, softmax, type Tensor } from "@thalweg/graph";
import {
  activation,
  countCorrect,
  crossEntropy,
  initializeParameters,
  linear,
  type Module,
  sequential,
  tracing,
} from "@thalweg/nn";
import type { Segment } from "@thalweg/optim";
import wasmUrl from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import * as ort from "onnxruntime-web/wasm";
import type { Examples, Split } from "./examples.ts";
import type { ActivationName } from "./names.ts";

ort.env.wasm.numThreads = 1; // threads need headers that not every server sends
ort.env.wasm.wasmPaths = { wasm: new URL(wasmUrl, import.meta.url).href };

/**
 * One run after the other: onnxruntime-web keeps what a run needs on the stack of its one WebAssembly memory, and a second run that begins while the first waits
 * writes over it.
 */
let last: Promise<unknown> = Promise.resolve();
function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const mine = last.then(work, work);
  last = mine;
  return mine;
}

export interface Architecture {
  /** Widths of the hidden layers; none for a linear model. */
  readonly hidden: readonly number[];
  readonly activation: ActivationName;
}

export interface Programs {
  readonly segments: readonly Segment[];
  /** Of all parameters. */
  readonly size: number;
  initialize(seed: number): Float32Array;
  /** The mean loss of a batch, its gradient written into `gradient`. */
  train(theta: Float32Array, batch: Split, gradient: Float32Array): Promise<number>;
  /** Of the training examples, or of those of the test. */
  evaluate(theta: Float32Array, split: "train" | "test"): Promise<{ loss: number; accuracy: number }>;
  /** Probabilities, class by class for each of `points` rows. */
  classify(theta: Float32Array, x: Float32Array): Promise<Float32Array>;
  release(): Promise<void>;
}

/** Points that are classified at a time: a picture of 48 × 48. */
export const GRID = 48;

export const networkOf = (
  { dimension, classes }: Pick<Examples, "dimension" | "classes">,
  { hidden, activation: name }: Architecture,
): Module => {
  const widths = [dimension, ...hidden, classes];
  return sequential(
    ...widths
      .slice(1)
      .flatMap((width, i) => [linear(widths[i]!, width), ...(i < hidden.length ? [activation(name)] : [])]),
  );
};

export async function compilePrograms(
  examples: Examples,
  architecture: Architecture,
  batchSize: number,
): Promise<Programs> {
  const module = networkOf(examples, architecture);
  const { dimension } = examples;
  let offset = 0;
  const segments = module.parameters.map(({ name, shape, kind }): Segment => {
    const segment = { name, shape, kind, offset, size: sizeOf(shape) };
    offset += segment.size;
    return segment;
  });
  const size = offset;

  const session = async (
    count: number,
    outputsOf: (logits: Tensor, labels: Tensor, parameters: readonly Tensor[]) => Record<string, Tensor>,
  ) => {
    const context = tracing(module, { training: true });
    const x = context.graph.input("x", [count, dimension]);
    const labels = context.graph.input("labels", [count], "int32");
    const parameters = segments.map(({ name }) => context.parameters.get(name)!);
    const outputs = outputsOf(module.forward(x, context), labels, parameters);
    return inTurn(() =>
      ort.InferenceSession.create(serialize({ outputs }), {
        graphOptimizationLevel: "all",
        logSeverityLevel: 3,
      }),
    );
  };
  const measures = (logits: Tensor, labels: Tensor) => ({
    loss: crossEntropy(logits, labels),
    right: countCorrect(logits, labels),
  });
  const training = await session(batchSize, (logits, labels, parameters) => {
    const loss = crossEntropy(logits, labels);
    const slopes = gradients(loss, parameters);
    return { loss, ...Object.fromEntries(segments.map(({ name }, i) => [`gradient/${name}`, slopes[i]!])) };
  });
  const evaluations = {
    train: await session(examples.train.count, measures),
    test: await session(examples.test.count, measures),
  };
  const classifier = await session(GRID * GRID, (logits) => ({ probabilities: softmax(logits, 1) }));

  const feedsOf = (theta: Float32Array): Record<string, ort.Tensor> =>
    Object.fromEntries(
      segments.map(({ name, shape, offset: at, size: length }) => [
        name,
        new ort.Tensor("float32", theta.subarray(at, at + length), [...shape]),
      ]),
    );
  const examplesOf = ({ x, labels, count }: Split) => ({
    x: new ort.Tensor("float32", x, [count, dimension]),
    labels: new ort.Tensor("int32", labels, [count]),
  });
  const number = (outputs: ort.InferenceSession.OnnxValueMapType, name: string) =>
    Number((outputs[name] as ort.Tensor).data[0]);

  return {
    segments,
    size,
    initialize: (seed) => {
      const theta = new Float32Array(size);
      const values = initializeParameters(module, seed);
      for (const { name, offset: at } of segments) theta.set(values.get(name)!, at);
      return theta;
    },
    train: async (theta, batch, gradient) => {
      const outputs = await inTurn(() => training.run({ ...feedsOf(theta), ...examplesOf(batch) }));
      for (const { name, offset: at } of segments) {
        gradient.set((outputs[`gradient/${name}`] as ort.Tensor).data as Float32Array, at);
      }
      return number(outputs, "loss");
    },
    evaluate: async (theta, split) => {
      const outputs = await inTurn(() =>
        evaluations[split].run({ ...feedsOf(theta), ...examplesOf(examples[split]) }),
      );
      return { loss: number(outputs, "loss"), accuracy: number(outputs, "right") / examples[split].count };
    },
    classify: async (theta, x) => {
      const outputs = await inTurn(() =>
        classifier.run({
          ...feedsOf(theta),
          x: new ort.Tensor("float32", x, [GRID * GRID, dimension]),
        }),
      );
      return (outputs.probabilities as ort.Tensor).data as Float32Array;
    },
    release: async () => {
      await Promise.all(
        [training, evaluations.train, evaluations.test, classifier].map((one) => one.release()),
      );
    },
  };
}
