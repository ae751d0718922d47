/**
 * Which parameters a group takes: by shape and by kind, where a name alone does not tell. A kind is what the tensor does
 * in its layer; segments that do not say have theirs guessed from name and shape.
 */
import type { ParameterGroup, Segment } from "../groups.ts";
import { chain, type Link, type Rule } from "../rule.ts";

export type Match = (segment: Segment) => boolean;

/** Take parameters by their shape: `byShape((shape) => shape.length === 2)`. */
export const byShape =
  (test: (shape: readonly number[]) => boolean): Match =>
  ({ shape }) =>
    test(shape);

/** Take parameters by what they do in their layer: `byKind("bias", "scale")`. */
export const byKind =
  (...kinds: readonly string[]): Match =>
  (segment) =>
    kinds.includes(kindOf(segment));

/** The kind that a segment declares; else "embedding" or "bias" by its name, "scale" below two dimensions, or "weight". */
export function kindOf({ name, shape, kind }: Segment): string {
  if (kind !== undefined) return kind;
  if (shape.length >= 2) return isEmbedding(name) ? "embedding" : "weight";
  return /bias$/i.test(name) ? "bias" : "scale";
}

/** Whether a name is that of a table of embeddings, by the usual names: a layer knows only that it is a weight. */
export const isEmbedding = (name: string): boolean => /embed|\b(wte|wpe)\b/i.test(name);

/**
 * The group of all biases and scales, with every decay of the rule at zero: `groups: [noDecayOnBiasesAndNorms(adamw)]`.
 * Raises RangeError for a rule that has no decay.
 */
export function noDecayOnBiasesAndNorms(rule: Rule): ParameterGroup {
  const decays = Object.keys(rule.hyper).filter((name) => /(^|\.)(weightDecay|l1)$/.test(name));
  if (decays.length === 0) {
    throw new RangeError(
      `Cannot take biases and norms out of the decay as ${rule.name} has none: chain it with decoupledDecay or addDecayedWeights first`,
    );
  }
  return { match: byKind("bias", "scale"), hyper: Object.fromEntries(decays.map((name) => [name, 0])) };
}

/** Chain links with a rule, each on the side of it where it belongs, in the order given. */
export function wrap(rule: Rule, ...links: readonly Link[]): Rule {
  const goesBefore = ({ kind, place }: Link) => kind === "gradient transform" || place === "before";
  return chain(...links.filter(goesBefore), rule, ...links.filter((link) => !goesBefore(link)));
}

/** A group whose parameters get the rule with one more transform; the rest keep the rule as it is. */
export const masked = (match: ParameterGroup["match"], transform: Link, rule: Rule): ParameterGroup => ({
  match,
  rule: wrap(rule, transform),
});
