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

await serve({ step, mlp, conv }, () => `jax-js ${release}, Node ${process.version}`);
