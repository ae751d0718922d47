/**
 * Noise that dies out: σ² = η / (1 + t)^γ with t counted from zero, which is t from one here. The numbers are a pure function of the
 * optimizer's seed, the parameter and the step.
 */
import { gradientTransform, type Link, withHyper } from "../rule.ts";

const declared = gradientTransform({
  name: "addGradientNoise",
  summary: "Add Gaussian noise of variance noiseVariance / t^noiseDecay to the gradient.",
  hyper: { noiseVariance: 0.01, noiseDecay: 0.55 },
  update: "g = g + sqrt(noiseVariance / t^noiseDecay) * noise",
  source: "Neelakantan et al., arXiv:1511.06807, equation 1; optax.add_noise",
});

export const addGradientNoise = (hyper: { noiseVariance?: number; noiseDecay?: number } = {}): Link =>
  withHyper(declared, hyper);
