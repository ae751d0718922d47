/**
 * jax-js on its WebAssembly backend, everything under one `jit` as its documentation advises.
 *
 * Its optimizers (`@jax-js/optax`) are not on npm, so AdamW and SGD are written out. Arrays are owned: `.ref`
 * keeps one alive past its next use. Threads: its worker pool needs a global `Worker`, which Node does not have.
 */
import { readFileSync } from "node:fs";
import { defaultDevice, init, jit, lax, nn, numpy as np, tree, valueAndGrad } from "@jax-js/jax";
import { serve } from "../contestant.ts";
import { labels, meanMagnitude, SEED, uniform, weights } from "../workload.ts";

await init("wasm");
defaultDevice("wasm");

const release = JSON.parse(
  readFileSync(new URL("./node_modules/@jax-js/jax/package.json", import.meta.url)),
).version;

function step({ sizes: { count, lr, beta1, beta2, eps, weightDecay } }) {
  const adamw = jit((theta, g, m, v, firstCorrection, secondCorrection) => {
    const newM = m.mul(beta1).add(g.ref.mul(1 - beta1));
    const newV = v.mul(beta2).add(g.ref.mul(g).mul(1 - beta2));
    const direction = newM.ref.div(firstCorrection).div(np.sqrt(newV.ref.div(secondCorrection)).add(eps));
    return [theta.mul(1 - lr * weightDecay).sub(direction.mul(lr)), newM, newV];
  });
  const g = np.array(uniform(SEED.gradient, count, -1, 1));
  let state = [np.array(uniform(SEED.theta, count, -1, 1)), np.zeros([count]), np.zeros([count])];
  let t = 0;
  return {
    async step() {
      t++;
      const [theta, m, v] = state;
      const corrections = [1 - beta1 ** t, 1 - beta2 ** t].map((c) => np.array(new Float32Array([c])));
      state = adamw(theta, g.ref, m, v, ...corrections);
      await Promise.all(state.map((array) => array.blockUntilReady()));
    },
    check: async () => meanMagnitude(await state[0].ref.slice([0, 1000]).data()),
  };
}

/** SGD on a cross-entropy, value and gradient and update compiled together. */
function training(logits, initial, x, y, classes, lr) {
  const loss = (parameters, x, target) =>
    nn.logSoftmax(logits(parameters, x), -1).mul(target).sum(-1).mean().neg();
  const update = jit((parameters, x, target) => {
    const [value, gradients] = valueAndGrad(loss)(tree.ref(parameters), x, target);
    return [value, tree.map((p, g) => p.sub(g.mul(lr)), parameters, gradients)];
  });
  const target = nn.oneHot(np.array(y, { dtype: np.int32 }), classes);
  let parameters = initial;
  return {
    async step() {
      const [value, next] = update(parameters, x.ref, target.ref);
      parameters = next;
      await Promise.all(tree.leaves(parameters).map((array) => array.blockUntilReady()));
      return (await value.data())[0];
    },
  };
}

function mlp({ sizes: { batch, layers, lr } }) {
  const parameters = layers.slice(1).map((outputs, l) => ({
    w: np.array(weights(l, outputs, layers[l])).reshape([outputs, layers[l]]),
    b: np.zeros([outputs]),
  }));
  const logits = (parameters, x) =>
    parameters.reduce((h, { w, b }, l) => {
      const z = np.matmul(h, w.transpose()).add(b);
      return l < parameters.length - 1 ? nn.relu(z) : z;
    }, x);
  const x = np.array(uniform(SEED.x, batch * layers[0], 0, 1)).reshape([batch, layers[0]]);
  const classes = layers.at(-1);
  return training(logits, parameters, x, labels(SEED.labels, batch, classes), classes, lr);
}

function conv({ sizes: { batch, channels: c, size, depth, classes, lr } }) {
  const parameters = {
    convolutions: Array.from({ length: depth }, (_, l) => ({
      w: np.array(weights(l, c, c * 9)).reshape([c, c, 3, 3]),
      b: np.zeros([c, 1, 1]),
    })),
    w: np.array(weights(depth, classes, c)).reshape([classes, c]),
    b: np.zeros([classes]),
  };
  const logits = ({ convolutions, w, b }, x) => {
    const h = convolutions.reduce(
      (h, layer) => nn.relu(lax.conv(h, layer.w, [1, 1], "SAME").add(layer.b)),
      x,
    );
    return np.matmul(h.mean([2, 3]), w.transpose()).add(b);
  };
  const x = np.array(uniform(SEED.x, batch * c * size * size, 0, 1)).reshape([batch, c, size, size]);
  return training(logits, parameters, x, labels(SEED.labels, batch, classes), classes, lr);
}

/** A GPT's weights by name, numbered in the order in which nanoGPT declares them; biases 0 and scales of norms 1. */
function gptParameters({ positions, vocabulary, layers, width: C }) {
  let layer = 0;
  const matrix = (outputs, inputs) => np.array(weights(layer++, outputs, inputs)).reshape([outputs, inputs]);
  const norm = () => ({ scale: np.ones([C]), bias: np.zeros([C]) });
  const linear = (outputs, inputs) => ({ w: matrix(outputs, inputs), b: np.zeros([outputs]) });
  const [wte, wpe] = [matrix(vocabulary, C), matrix(positions, C)];
  const h = Array.from({ length: layers }, () => ({
    ln1: norm(),
    qkv: linear(3 * C, C),
    projection: linear(C, C),
    ln2: norm(),
    wide: linear(4 * C, C),
    narrow: linear(C, 4 * C),
  }));
  return { wte, wpe, h, lnF: norm() };
}

function gpt({ sizes }) {
  const { batch: B, positions: T, vocabulary, heads, width: C, lr } = sizes;
  const normed = (x, { scale, bias }) => nn.standardize(x, -1, { epsilon: 1e-5 }).mul(scale).add(bias);
  const linear = (x, { w, b }) => np.matmul(x, w.transpose()).add(b);
  // its dotProductAttention goes through an einsum that needs Node 22
  const future = np
    .array(Float32Array.from({ length: T * T }, (_, i) => (i % T > Math.floor(i / T) ? -1e9 : 0)))
    .reshape([T, T]);
  const block = (x, { ln1, qkv, projection, ln2, wide, narrow }) => {
    const all = linear(normed(x.ref, ln1), qkv)
      .reshape([B, T, 3, heads, C / heads])
      .transpose([2, 0, 3, 1, 4]);
    const [q, k, v] = np.split(all, 3, 0).map((part) => part.reshape([B, heads, T, C / heads]));
    const scores = np.matmul(q, k.transpose([0, 1, 3, 2])).mul(1 / Math.sqrt(C / heads));
    const attended = np.matmul(nn.softmax(scores.add(future.ref), -1), v).transpose([0, 2, 1, 3]);
    const y = x.add(linear(attended.reshape([B * T, C]), projection));
    return y.ref.add(linear(nn.gelu(linear(normed(y, ln2), wide), { approximate: false }), narrow));
  };
  const logits = ({ wte, wpe, h, lnF }, x) => {
    const embedded = np
      .matmul(x, wte.ref)
      .reshape([B, T, C])
      .add(wpe)
      .reshape([B * T, C]);
    return np.matmul(normed(h.reduce(block, embedded), lnF), wte.transpose());
  };
  // one-hot rows times the table: a lookup has no gradient here
  const tokens = nn.oneHot(np.array(labels(SEED.x, B * T, vocabulary), { dtype: np.int32 }), vocabulary);
  const targets = labels(SEED.labels, B * T, vocabulary);
  return training(logits, gptParameters(sizes), tokens, targets, vocabulary, lr);
}

await serve({ step, mlp, conv, gpt }, () => `jax-js ${release}, Node ${process.version}`);
