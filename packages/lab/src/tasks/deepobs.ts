/**
 * DeepOBS' test problems, at its architectures, starting values, batch sizes, epochs and penalties. quad-deep is quadratic_deep.
 *
 * Source   Schneider, Balles & Hennig, arXiv:1903.05499; github.com/fsschneider/DeepOBS, deepobs/tensorflow/testproblems.
 * Differs  Of the training split, part is held out for tuning, as DeepOBS 1.2 has it and 1.1 has not. Colour images are standardised one by
 *          one as there, but not augmented. WRN-16-4 pads as torch does. The character network: see `charRnn`.
 */
import { div, max, mul, reduceMean, sqrt, sub } from "@thalweg/graph";
import {
  allCnnC,
  charRnn,
  deepobsVae,
  initializers,
  lambda,
  logisticRegression,
  type Module,
  mlp,
  net2c2d,
  net3c3d,
  sequential,
  squaredEvidenceLoss,
  wideResnet,
} from "@thalweg/nn";
import { classifier, type Model, supervised } from "@thalweg/train";
import { penalized } from "./penalty.ts";
import { accuracy, loss, type Task } from "./task.ts";

interface TestProblem extends Pick<Task, "name" | "dataset" | "architecture" | "batchSize"> {
  description: string;
  epochs: number;
  /** Examples of the training split, and how many of them are held out. */
  examples: number;
  validation: number;
  model: Task["model"];
  metric?: Task["metric"];
}

function problem({ name, epochs, examples, validation, metric = accuracy(), ...others }: TestProblem): Task {
  const perEpoch = Math.floor((examples - validation) / others.batchSize);
  return {
    name: `deepobs-${name}`,
    ...others,
    steps: epochs * perEpoch,
    evaluateEvery: perEpoch,
    validation,
    metric,
    evaluationBatch: 1000,
  };
}

/** A network for images; `penalty` is DeepOBS' factor of ½ Σ‖W‖². */
const images =
  (network: (classes: number) => Module, penalty = 0): Task["model"] =>
  (shape, classes) => {
    const model = classifier(network(classes), shape);
    return penalty === 0 ? model : penalized(model, penalty);
  };

/** Each image less its mean, over its standard deviation, but at least 1/√size of a pixel's whole range in bytes: tf.image.per_image_standardization. */
const standardized = (network: Module): Module =>
  sequential(
    lambda((x) => {
      const [, channels, height, width] = x.shape as [number, number, number, number];
      const axes = [1, 2, 3];
      const centred = sub(x, reduceMean(x, axes, true));
      const deviation = sqrt(reduceMean(mul(centred, centred), axes, true));
      return div(centred, max(deviation, 1 / Math.sqrt(channels * height * width)));
    }),
    network,
  );

const dense = initializers.truncatedNormal({ std: 0.03, low: -0.06, high: 0.06 });
const perceptron = (classes: number) =>
  mlp({ sizes: [784, 1000, 500, 100, classes], weight: dense, bias: initializers.zeros });
const glorot = initializers.xavierUniform();

/** Images in [0, 1] → DeepOBS' bound; labels are not read. */
const autoencoder: Task["model"] = (shape): Model => {
  const network = deepobsVae();
  const module: Module = { ...network, forward: (x, context) => network.forward(x, context).logits };
  const { inputs } = classifier(module, shape);
  return {
    module,
    inputs,
    measure: (context, { x }) => ({ loss: squaredEvidenceLoss(network.forward(x!, context), x!) }),
  };
};

/** MNIST and Fashion-MNIST have the same problems. */
const grey = (name: "mnist" | "fmnist", dataset: string, epochs: { logreg: number; vae: number }): Task[] => {
  const common = { dataset, examples: 60_000, validation: 10_000 };
  const what = name === "mnist" ? "handwritten digits" : "articles of clothing";
  return [
    problem({
      ...common,
      name: `${name}-logreg`,
      description: `DeepOBS: softmax regression on ${what}`,
      architecture: "linear 784-10, softmax, from zero",
      batchSize: 128,
      epochs: epochs.logreg,
      model: images((classes) => logisticRegression(784, classes)),
    }),
    problem({
      ...common,
      name: `${name}-mlp`,
      description: `DeepOBS: a perceptron on ${what}`,
      architecture: "MLP 784-1000-500-100-10, ReLU",
      batchSize: 128,
      epochs: 100,
      model: images(perceptron),
    }),
    problem({
      ...common,
      name: `${name}-2c2d`,
      description: `DeepOBS: two convolutions and two dense layers on ${what}`,
      architecture: "conv 5×5×32, pool, conv 5×5×64, pool, linear 3136-1024-10, ReLU",
      batchSize: 128,
      epochs: 100,
      model: images((classes) => net2c2d({ classes })),
    }),
    problem({
      ...common,
      name: `${name}-vae`,
      description: `DeepOBS: a variational autoencoder of ${what}`,
      architecture: "VAE, three convolutions each way, code of 8",
      batchSize: 64,
      epochs: epochs.vae,
      model: autoencoder,
      metric: loss("squared error + nat"),
    }),
  ];
};

export const deepobs: readonly Task[] = [
  ...grey("mnist", "mnist-unit", { logreg: 50, vae: 50 }),
  ...grey("fmnist", "fashion-mnist-unit", { logreg: 50, vae: 100 }),
  problem({
    name: "cifar10-3c3d",
    description: "DeepOBS: three convolutions and three dense layers on colour photographs",
    dataset: "cifar10",
    architecture: "conv 5×5×64, conv 3×3×96, conv 3×3×128, pools, linear 1152-512-256-10, ReLU, L2 0.002",
    batchSize: 128,
    epochs: 100,
    examples: 50_000,
    validation: 10_000,
    model: images((classes) => standardized(net3c3d({ classes })), 0.002),
  }),
  problem({
    name: "cifar100-allcnnc",
    description: "DeepOBS: All-CNN-C on colour photographs of a hundred kinds",
    dataset: "cifar100",
    architecture: "All-CNN-C, nine convolutions, dropout, L2 0.0005",
    batchSize: 256,
    epochs: 350,
    examples: 50_000,
    validation: 10_000,
    model: images((classes) => standardized(allCnnC({ classes })), 0.0005),
  }),
  problem({
    name: "svhn-wrn164",
    description: "DeepOBS: a wide residual network on house numbers",
    dataset: "svhn",
    architecture: "WRN-16-4, L2 0.0005",
    batchSize: 128,
    epochs: 160,
    examples: 73_257,
    validation: 26_032,
    model: images(
      (classes) => standardized(wideResnet({ depth: 16, width: 4, classes, weight: glorot, head: glorot })),
      0.0005,
    ),
  }),
  problem({
    name: "tolstoi-char-rnn",
    description: "DeepOBS: a two-layer LSTM over the characters of War and Peace",
    dataset: "tolstoi",
    architecture: "embedding 83×128, LSTM 128-128, linear 128-83, dropout",
    batchSize: 50,
    epochs: 200,
    examples: 52_258, // pieces of 50 of 2 612 948 characters
    validation: 13_064, // as many as the test split has
    model: (shape, classes) =>
      supervised(charRnn({ vocabulary: classes }), {
        example: { shape, dtype: "int32" },
        labelShape: shape,
        labels: "classes",
      }),
  }),
];
