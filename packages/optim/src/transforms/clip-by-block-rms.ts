/** Scale each tensor's gradient so that its root mean square is bounded, whatever its size; Adafactor clips its updates so. */
import { gradientTransform, type Link, withHyper } from "../rule.ts";

const declared = gradientTransform({
  name: "clipByBlockRms",
  summary: "Scale the gradient of each tensor, so that its root mean square is at most maxRms.",
  hyper: { maxRms: 1 },
  update: "g = g / max(1, sqrt(mean(g^2)) / maxRms)",
  source: "Shazeer & Stern, arXiv:1804.04235, section 6; optax.clip_by_block_rms",
});

export const clipByBlockRms = (hyper: { maxRms?: number } = {}): Link => withHyper(declared, hyper);
