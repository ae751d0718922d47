/**
 * AdamW as a plain loop over typed arrays: what one writes without a library, the bias corrections taken out of the loop.
 */
import { serve } from "../contestant.ts";
import { meanMagnitude, SEED, uniform } from "../workload.ts";

function step({ sizes: { count, lr, beta1, beta2, eps, weightDecay } }) {
  const theta = uniform(SEED.theta, count, -1, 1);
  const g = uniform(SEED.gradient, count, -1, 1);
  const m = new Float32Array(count);
  const v = new Float32Array(count);
  let t = 0;
  return {
    step() {
      t++;
      const rate = lr / (1 - beta1 ** t);
      const secondCorrection = 1 / (1 - beta2 ** t);
      const keep = 1 - lr * weightDecay;
      for (let i = 0; i < count; i++) {
        const gi = g[i];
        const mi = beta1 * m[i] + (1 - beta1) * gi;
        const vi = beta2 * v[i] + (1 - beta2) * gi * gi;
        m[i] = mi;
        v[i] = vi;
        theta[i] = theta[i] * keep - (rate * mi) / (Math.sqrt(vi * secondCorrection) + eps);
      }
    },
    check: () => meanMagnitude(theta),
  };
}

await serve({ step }, () => `Node ${process.version}`);
