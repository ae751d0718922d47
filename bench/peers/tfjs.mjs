/**
 * TensorFlow.js on its `cpu` and `wasm` backends (the variant names the backend).
 *
 * It has no AdamW, so `step` runs `tf.train.adam`, less work than the others do. Convolutions are in its own layout,
 * NHWC and HWIO, arranged before the clock starts. Threads: its wasm backend disables its workers under Node.
 */
import { createRequire } from "node:module";
import { dirname } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { serve } from "../contestant.ts";
import { labels, meanMagnitude, permuteAxes, SEED, uniform, weights } from "../workload.ts";

async function start(backend) {
  const main = createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm");
  setWasmPaths(`${dirname(main)}/`);
  if (!(await tf.setBackend(backend))) throw new Error(`tfjs could not start its ${backend} backend`);
  await tf.ready();
}

async function step({ variant, sizes: { count, lr, beta1, beta2, eps } }) {
  await start(variant);
  const theta = tf.variable(tf.tensor1d(uniform(SEED.theta, count, -1, 1)), true, "theta");
  const gradient = tf.tensor1d(uniform(SEED.gradient, count, -1, 1));
  const optimizer = tf.train.adam(lr, beta1, beta2, eps);
  const someOfTheta = () => tf.tidy(() => theta.slice(0, 1000).dataSync());
  return {
    step() {
      optimizer.applyGradients({ theta: gradient });
    },
    check: () => meanMagnitude(someOfTheta()),
  };
}

/** A training step as the guides write it: minimize a loss, read it. */
function training(logits, y, classes, lr) {
  const target = tf.oneHot(tf.tensor1d(y, "int32"), classes);
  const optimizer = tf.train.sgd(lr);
  return {
    step: () =>
      tf.tidy(
        () => optimizer.minimize(() => tf.losses.softmaxCrossEntropy(target, logits()), true).dataSync()[0],
      ),
  };
}

async function mlp({ variant, sizes: { batch, layers, lr } }) {
  await start(variant);
  const x = tf.tensor2d(uniform(SEED.x, batch * layers[0], 0, 1), [batch, layers[0]]);
  const parameters = layers.slice(1).map((outputs, l) => ({
    w: tf.variable(
      tf.tensor2d(permuteAxes(weights(l, outputs, layers[l]), [outputs, layers[l]], [1, 0]), [
        layers[l],
        outputs,
      ]),
    ),
    b: tf.variable(tf.zeros([outputs])),
  }));
  const logits = () =>
    parameters.reduce((h, { w, b }, l) => {
      const z = tf.add(tf.matMul(h, w), b);
      return l < parameters.length - 1 ? tf.relu(z) : z;
    }, x);
  return training(logits, labels(SEED.labels, batch, layers.at(-1)), layers.at(-1), lr);
}

async function conv({ variant, sizes: { batch, channels: c, size, depth, classes, lr } }) {
  await start(variant);
  const nchw = [batch, c, size, size];
  const pixels = permuteAxes(uniform(SEED.x, batch * c * size * size, 0, 1), nchw, [0, 2, 3, 1]);
  const x = tf.tensor4d(pixels, [batch, size, size, c]);
  const convolutions = Array.from({ length: depth }, (_, l) => ({
    w: tf.variable(tf.tensor4d(permuteAxes(weights(l, c, c * 9), [c, c, 3, 3], [2, 3, 1, 0]), [3, 3, c, c])),
    b: tf.variable(tf.zeros([c])),
  }));
  const w = tf.variable(
    tf.tensor2d(permuteAxes(weights(depth, classes, c), [classes, c], [1, 0]), [c, classes]),
  );
  const b = tf.variable(tf.zeros([classes]));
  const logits = () => {
    const h = convolutions.reduce(
      (h, layer) => tf.relu(tf.add(tf.conv2d(h, layer.w, 1, "same"), layer.b)),
      x,
    );
    return tf.add(tf.matMul(tf.mean(h, [1, 2]), w), b);
  };
  return training(logits, labels(SEED.labels, batch, classes), classes, lr);
}

/** nanoGPT written out: it has neither a layer norm outside of its layers API, nor attention, nor the exact GELU. */
async function gpt({ variant, sizes }) {
  await start(variant);
  const { batch: B, positions: T, vocabulary, layers, heads, width: C, lr } = sizes;
  let layer = 0;
  const matrix = (outputs, inputs) =>
    tf.variable(tf.tensor2d(weights(layer++, outputs, inputs), [outputs, inputs]));
  const norm = () => ({ scale: tf.variable(tf.ones([C])), bias: tf.variable(tf.zeros([C])) });
  const dense = (outputs, inputs) => ({ w: matrix(outputs, inputs), b: tf.variable(tf.zeros([outputs])) });
  const [wte, wpe] = [matrix(vocabulary, C), matrix(T, C)];
  const blocks = Array.from({ length: layers }, () => ({
    ln1: norm(),
    qkv: dense(3 * C, C),
    projection: dense(C, C),
    ln2: norm(),
    wide: dense(4 * C, C),
    narrow: dense(C, 4 * C),
  }));
  const lnF = norm();
  const normed = (x, { scale, bias }) => {
    const { mean, variance } = tf.moments(x, -1, true);
    return x.sub(mean).div(variance.add(1e-5).sqrt()).mul(scale).add(bias);
  };
  const linear = (x, { w, b }) => tf.matMul(x, w, false, true).add(b);
  const gelu = (x) => x.mul(x.div(Math.SQRT2).erf().add(1).mul(0.5));
  const future = tf.tensor2d(
    Float32Array.from({ length: T * T }, (_, i) => (i % T > Math.floor(i / T) ? -1e9 : 0)),
    [T, T],
  );
  const attention = (x, { qkv, projection }) => {
    const all = linear(x, qkv)
      .reshape([B, T, 3, heads, C / heads])
      .transpose([2, 0, 3, 1, 4]);
    const [q, k, v] = tf.unstack(all);
    const scores = tf.softmax(
      tf
        .matMul(q, k, false, true)
        .div(Math.sqrt(C / heads))
        .add(future),
    );
    return linear(
      tf
        .matMul(scores, v)
        .transpose([0, 2, 1, 3])
        .reshape([B * T, C]),
      projection,
    );
  };
  // one-hot rows times the table: the wasm backend has no gradient of a lookup
  const tokens = tf.oneHot(tf.tensor1d(labels(SEED.x, B * T, vocabulary), "int32"), vocabulary).toFloat();
  const logits = () => {
    let x = tf
      .matMul(tokens, wte)
      .reshape([B, T, C])
      .add(wpe)
      .reshape([B * T, C]);
    for (const block of blocks) {
      x = x.add(attention(normed(x, block.ln1), block));
      x = x.add(linear(gelu(linear(normed(x, block.ln2), block.wide)), block.narrow));
    }
    return tf.matMul(normed(x, lnF), wte, false, true);
  };
  return training(logits, labels(SEED.labels, B * T, vocabulary), vocabulary, lr);
}

await serve({ step, mlp, conv, gpt }, () => `tfjs ${tf.version["tfjs-core"]}, Node ${process.version}`);
