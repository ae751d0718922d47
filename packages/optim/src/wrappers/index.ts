/**
 * What goes around a rule. The links are chained with it: `chain(sam(), momentum)`, `chain(adam, lookahead(), ema())`.
 * The others stand beside an optimizer: which parameters get what, how many micro-batches make a step, which steps are
 * left out.
 */
import type { LinkCatalogue } from "../catalogue.ts";
import { asam } from "./asam.ts";
import { cautious } from "./cautious.ts";
import { debiasedEma } from "./debiased-ema.ts";
import { ema } from "./ema.ts";
import { lookahead } from "./lookahead.ts";
import { sam } from "./sam.ts";
import { swa } from "./swa.ts";

export * from "./accumulation.ts";
export * from "./partition.ts";
export * from "./skip-non-finite.ts";
export { asam, cautious, debiasedEma, ema, lookahead, sam, swa };

export const wrapperCatalogue = {
  lookahead: {
    family: "wrapper",
    make: lookahead,
    use: "Around a fast rule with a high learning rate, for less variance between runs.",
    watch:
      "Right after a synchronisation the parameters jump back: evaluate at multiples of interval, or the curve shows teeth.",
  },
  sam: {
    family: "wrapper",
    make: sam,
    use: "Better generalisation of vision models, where twice the time per step can be paid.",
    watch:
      "A step costs two gradients: compare at equal gradients. Batch-norm statistics are gathered twice, once at the worst point.",
  },
  asam: {
    family: "wrapper",
    make: asam,
    use: "As sam, where layers differ in scale; its radius needs less tuning.",
    watch: "Its radius is about ten times sam's. Parameters at zero, such as new biases, do not take part.",
  },
  ema: {
    family: "wrapper",
    make: ema,
    use: "Nearly always worth its memory: evaluate with the average, and decay lr less.",
    watch:
      "It remembers about 1 / (1 - averageDecay) steps: in a short run it is still at the start. Batch-norm statistics are not averaged.",
  },
  debiasedEma: {
    family: "wrapper",
    make: debiasedEma,
    use: "As ema, in runs that are short beside 1 / (1 - averageDecay) steps.",
    watch: "The first parameters weigh as much as the later ones: start with a warm-up.",
  },
  swa: {
    family: "wrapper",
    make: swa,
    use: "The last quarter of a run at a constant, high learning rate.",
    watch:
      "Batch-norm statistics must be measured anew for the average. With lr decayed to zero it averages copies.",
  },
  cautious: {
    family: "wrapper",
    make: cautious,
    use: "One more line after a rule with momentum: adam, lion, muon.",
    watch:
      "It masks all that the rule did: switch the rule's own decay off and put decoupledDecay before it. Without momentum it does nothing.",
  },
} as const satisfies LinkCatalogue;

/** What stands beside an optimizer, for the catalogue's list. */
export const besides = {
  partition: {
    summary: "Different rules for different parameters, by name, kind or shape.",
    use: 'groups: [{ match: byKind("bias", "scale"), rule: adam }]',
    watch:
      "A parameter joins the first group that matches it; norms over all parameters stay inside one rule.",
    source: "optax.partition; torch's parameter groups",
  },
  noDecayOnBiasesAndNorms: {
    summary: "The group that takes biases and scales out of the decay.",
    use: "groups: [noDecayOnBiasesAndNorms(adamw)]",
    watch: "Without kinds, every parameter of fewer than two dimensions counts as a bias or a scale.",
    source: "Goyal et al., arXiv:1706.02677; nanoGPT configure_optimizers",
  },
  masked: {
    summary: "A transform for some of the parameters only.",
    use: "groups: [masked(/^head/, clipByNorm(), adamw)]",
    watch:
      "The parameters that match are governed by a rule of their own, so that normAll does not mix them with the rest.",
    source: "optax.masked",
  },
  frozen: {
    summary: "Parameters that neither move nor decay and have no state.",
    use: "groups: [{ match: /^0\\./, frozen: true }]",
    watch: "Their gradients are still computed by whoever evaluates the model.",
    source: "optax.freeze; requires_grad=False in torch",
  },
  Accumulation: {
    summary: "Several micro-batches make one gradient, their mean.",
    use: "if (accumulation.add()) optimizer.step()",
    watch: "The mean of means is the mean only when micro-batches are of equal size.",
    source: "optax.MultiSteps",
  },
  SkipNonFinite: {
    summary: "Steps whose gradient is not finite change nothing and are counted.",
    use: "const guard = new SkipNonFinite(optimizer, { limit: 5 }); guard.step()",
    watch: "It hides what goes wrong until the limit is reached: log guard.skipped.",
    source: "optax.apply_if_finite",
  },
} as const;
