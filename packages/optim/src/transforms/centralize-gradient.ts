/**
 * Take the mean out of each row of the gradient, so that the weights into a unit keep their sum. Vectors are left alone, and so is
 * a matrix of one column, whose gradient the authors' code would make zero.
 */
import { gradientTransform, type Link } from "../rule.ts";

const declared = gradientTransform({
  name: "centralizeGradient",
  summary: "Subtract from each row of a matrix or kernel gradient its mean.",
  update: "g = where(cols(g) > 1, g - rowMean(g), g)",
  source: "Yong, Huang, Hua & Zhang, arXiv:2004.01461, equation 1; optax.centralize",
});

export const centralizeGradient = (): Link => declared;
