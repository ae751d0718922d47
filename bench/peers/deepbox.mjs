/**
 * deepbox: its own layers, loss and optimizers on its CPU tensors, as its guides write a training loop.
 *
 * It declares Node ≥ 24 and loads on older ones all the same. Its optimizers keep their state in float64. Its WASM
 * backend refuses this loss ("astype is not supported on device tensors") and steps AdamW no faster: hence the CPU.
 */
import { readFileSync } from "node:fs";
import { parameter, Tensor } from "deepbox/ndarray";
import { Conv2d, crossEntropyLoss, Linear } from "deepbox/nn";
import { AdamW, SGD } from "deepbox/optim";
import { serve } from "../contestant.ts";
import { labels, meanMagnitude, SEED, uniform, weights } from "../workload.ts";

const release = JSON.parse(
  readFileSync(new URL("./node_modules/deepbox/package.json", import.meta.url)),
).version;

const tensor = (data, shape, dtype = "float32") =>
  Tensor.fromTypedArray({ data, shape, dtype, device: "cpu" });

function step({ sizes: { count, ...hyper } }) {
  const theta = parameter(tensor(uniform(SEED.theta, count, -1, 1), [count]));
  theta.setGrad(tensor(uniform(SEED.gradient, count, -1, 1), [count]));
  const optimizer = new AdamW([theta], hyper);
  return { step: () => void optimizer.step(), check: () => meanMagnitude(theta.tensor.data) };
}

/** Fill a layer's parameters in place: deterministic weights, zero biases. */
function place(layer, index) {
  for (const [, p] of layer.namedParameters()) {
    const { shape, data } = p.tensor;
    data.set(
      shape.length > 1 ? weights(index, shape[0], data.length / shape[0]) : new Float32Array(data.length),
    );
  }
  return layer;
}

function training(logits, layers, y, lr) {
  const optimizer = new SGD(
    layers.flatMap((layer) => [...layer.parameters()]),
    { lr },
  );
  const target = tensor(y, [y.length], "int32");
  return {
    step() {
      optimizer.zeroGrad();
      const loss = crossEntropyLoss(logits(), target);
      loss.backward();
      optimizer.step();
      return loss.tensor.data[0];
    },
  };
}

function mlp({ sizes: { batch, layers: widths, lr } }) {
  const layers = widths.slice(1).map((outputs, l) => place(new Linear(widths[l], outputs), l));
  const x = parameter(tensor(uniform(SEED.x, batch * widths[0], 0, 1), [batch, widths[0]]), {
    requiresGrad: false,
  });
  const logits = () =>
    layers.reduce((h, layer, l) => (l < layers.length - 1 ? layer.forward(h).relu() : layer.forward(h)), x);
  return training(logits, layers, labels(SEED.labels, batch, widths.at(-1)), lr);
}

function conv({ sizes: { batch, channels: c, size, depth, classes, lr } }) {
  const convolutions = Array.from({ length: depth }, (_, l) => place(new Conv2d(c, c, 3, { padding: 1 }), l));
  const head = place(new Linear(c, classes), depth);
  const pixels = tensor(uniform(SEED.x, batch * c * size * size, 0, 1), [batch, c, size, size]);
  const x = parameter(pixels, { requiresGrad: false });
  const logits = () => {
    const h = convolutions.reduce((h, layer) => layer.forward(h).relu(), x);
    return head.forward(h.reshape([batch, c, size * size]).mean(2));
  };
  return training(logits, [...convolutions, head], labels(SEED.labels, batch, classes), lr);
}

await serve({ step, mlp, conv }, () => `deepbox ${release}, Node ${process.version}`);
