/** Scale each tensor's gradient by itself. The direction of the whole gradient changes, as long tensors are held back more. */
import { gradientTransform, type Link, withHyper } from "../rule.ts";

const declared = gradientTransform({
  name: "clipByNorm",
  summary: "Scale the gradient of each tensor, so that its norm is at most maxNorm.",
  hyper: { maxNorm: 1 },
  update: "g = g * maxNorm / max(norm(g), maxNorm)",
  source: "tf.clip_by_norm; Keras 3 clipnorm",
});

export const clipByNorm = (hyper: { maxNorm?: number } = {}): Link => withHyper(declared, hyper);
