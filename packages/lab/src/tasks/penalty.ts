/** Weight decay as part of what is minimised, the way TensorFlow's regularizers and textbooks have it. */
import { add, mul, reduceSum, type Tensor } from "@thalweg/graph";
import type { Model } from "@thalweg/train";

/**
 * The model with a penalty on its weights, not on biases and scales, in training and in evaluation:
 *
 *   L + λ/2 Σ ‖W‖²
 *
 * Source   tf.contrib.layers.l2_regularizer, which has the factor ½ too.
 * Differs  from a rule's weightDecay, which a rule may apply to its step rather than to the gradient.
 */
export function penalized(model: Model, lambda: number): Model {
  const weights = model.module.parameters.filter(({ kind }) => kind === "weight");
  return {
    ...model,
    measure: (context, batch) => {
      const { loss, counts } = model.measure(context, batch); // outputs no longer tell the loss
      const squares = weights.map(({ name }) => square(context.parameter(name)));
      const penalty = squares.reduce((sum, one) => add(sum, one));
      return { loss: add(loss, mul(penalty, lambda / 2)), ...(counts && { counts }) };
    },
  };
}

const square = (x: Tensor): Tensor => reduceSum(mul(x, x));
