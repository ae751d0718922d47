/**
 * What an optimizer keeps between steps, in numbers per parameter tensor: a vector for each of the rule's state slots, rows,
 * columns or whole preconditioners for rules that see a matrix, and a vector each for parameters to evaluate with and for noise,
 * where a rule has them. Single numbers are not counted. Gradients that a rule wants besides the batch's (of sampled labels,
 * products with the Hessian) come from programs of their own, whose activations are not counted either.
 */
import type { Rule } from "@thalweg/optim";

/** A tensor that is trained. */
export interface ParameterShape {
  readonly name: string;
  readonly shape: readonly number[];
}

export const countOf = ({ shape }: ParameterShape): number => shape.reduce((product, n) => product * n, 1);

/** Numbers that the rule keeps for all of them. Raises RangeError for a tensor that the rule cannot update. */
export const stateCount = (rule: Rule, parameters: readonly ParameterShape[]): number =>
  parameters.reduce((sum, parameter) => sum + stateCountOf(rule, parameter), 0);

function stateCountOf(rule: Rule, parameter: ParameterShape): number {
  const { shape } = parameter;
  if (shape.length < rule.minimumRank) {
    if (rule.fallback !== undefined) return stateCountOf(rule.fallback, parameter);
    throw new RangeError(
      `Cannot plan ${rule.name} for "${parameter.name}" of shape [${shape}] as it needs at least ${rule.minimumRank} dimensions: choose another rule, or a model without such parameters`,
    );
  }
  const { state, view, noise, matrices } = rule.program;
  const vectors = state.length + (view === undefined ? 0 : 1) + (noise ? 1 : 0);
  const rows = shape[0] ?? 1;
  const side = { "1": 1, R: rows, C: countOf(parameter) / Math.max(1, rows) };
  const others = matrices.reduce((sum, { extent: [r, c] }) => sum + side[r] * side[c], 0);
  return vectors * countOf(parameter) + others;
}
