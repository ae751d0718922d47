/**
 * Known mistakes with optimizers, one row each: how to see it in a group, and what to say. They are looked for by family
 * and by name, so that a rule added later is covered as soon as it is called what it is.
 */
import type { FloatArray } from "@thalweg/formula";
import type { GroupDescription } from "./optimizer.ts";
import { catalogue } from "./rules/index.ts";
import { isEmbedding, kindOf } from "./wrappers/partition.ts";

export interface Warning {
  code: string;
  message: string;
  /** The parameters that it concerns; none when it is about the rule itself. */
  parameters: readonly string[];
}

type Group = GroupDescription<FloatArray>;
type Finding = Omit<Warning, "code">;

interface Mistake {
  code: string;
  find: (group: Group) => Finding[];
}

const about = (message: string, parameters: readonly string[] = []): Finding[] => [{ message, parameters }];

/** Parameters for which the test holds, by name. */
const parametersWhere = (
  { parameters }: Group,
  test: (segment: Group["parameters"][number]["segment"]) => boolean,
) =>
  parameters
    .map(({ segment }) => segment)
    .filter(test)
    .map(({ name }) => name);

const ruleLink = ({ rule }: Group) => rule.links.find(({ kind }) => kind === "rule")!;
const familyOf = (group: Group) => catalogue[ruleLink(group).name]?.family;
const position = ({ rule }: Group, test: RegExp) => rule.links.findIndex(({ name }) => test.test(name));
const hyperWhere = ({ base }: Group, test: RegExp) =>
  Object.keys(base).filter((name) => test.test(name) && base[name]! > 0);

const CLIP_BY_NORM = /^(clipByGlobalNorm|clipByNorm|clipByBlockRms|adaptiveGradientClip)/;
const HEAD = /(^|[._])(lm_?head|head|classifier|unembed\w*)([._]|$)/i;

export const MISTAKES: readonly Mistake[] = [
  {
    code: "decay-on-biases-and-norms",
    find(group) {
      if (hyperWhere(group, /(^|\.)(weightDecay|l1)$/).length === 0) return [];
      const spared = parametersWhere(group, (segment) => ["bias", "scale"].includes(kindOf(segment)));
      if (spared.length === 0) return [];
      return about(
        "biases and scales decay too, which rarely helps: add noDecayOnBiasesAndNorms(rule) to the groups",
        spared,
      );
    },
  },
  {
    code: "lr-of-a-distance-estimator",
    find(group) {
      const { name } = ruleLink(group);
      const lr = group.base.lr ?? group.base[`${name}.lr`];
      if (!/^(prodigy|d-?adapt)/i.test(name) || lr === undefined || lr === 1) return [];
      return about(
        `${name} finds the learning rate itself: lr should be 1 and is ${lr}; dCoef scales its estimate`,
      );
    },
  },
  {
    code: "l2-before-an-adaptive-rule",
    find(group) {
      const l2 = position(group, /^(addDecayedWeights|addL1)$/);
      const dividing = ["adaptive", "sign", "orthogonal", "preconditioned"].includes(familyOf(group) ?? "");
      if (l2 < 0 || !dividing || hyperWhere(group, /(^|\.)(weightDecay|l1)$/).length === 0) return [];
      const { name } = ruleLink(group);
      return about(
        `${name} divides ${group.rule.links[l2]!.name} by the gradient's size like the rest, so that it hardly regularises: use decoupledDecay`,
      );
    },
  },
  {
    code: "clip-after-decay",
    find(group) {
      const decay = position(group, /^(addDecayedWeights|addL1)$/);
      const clip = position(group, CLIP_BY_NORM);
      if (decay < 0 || clip < decay) return [];
      return about(
        `${group.rule.links[clip]!.name} clips the decay along with the gradient: put it before ${group.rule.links[decay]!.name}`,
      );
    },
  },
  {
    code: "clip-after-a-rule",
    find(group) {
      const first = group.rule.links.findIndex(({ kind }) => kind === "rule");
      const late = group.rule.links.findIndex(({ name }, i) => i > first && CLIP_BY_NORM.test(name));
      if (late < 0) return [];
      const { links } = group.rule;
      return about(
        `${links[late]!.name} comes after ${links[first]!.name} has used the gradient: put it first`,
      );
    },
  },
  {
    code: "clipped-twice",
    find(group) {
      const { links, hyper } = group.rule;
      const clip = position(group, CLIP_BY_NORM);
      const larc = position(group, /^larc/);
      if (clip < 0) return [];
      if (larc >= 0) {
        return about(`${links[clip]!.name} and ${links[larc]!.name} both bound each step: keep one of them`);
      }
      const { name } = ruleLink(group);
      const clipsItself =
        /^lamb/i.test(name) && Object.keys(hyper).some((one) => /(^|\.)max(Grad)?Norm$/.test(one));
      if (!clipsItself) return [];
      return about(`${name} clips the gradient by its global norm itself: leave ${links[clip]!.name} out`);
    },
  },
  {
    code: "two-trust-ratios",
    find(group) {
      const larc = position(group, /^larc/);
      const { name } = ruleLink(group);
      if (larc < 0 || !/^(lars|lamb)/i.test(name)) return [];
      return about(
        `${name} has a learning rate per tensor already: leave ${group.rule.links[larc]!.name} out`,
      );
    },
  },
  {
    code: "orthogonal-rule-on-the-wrong-parameters",
    find(group) {
      const { name } = ruleLink(group);
      if (familyOf(group) !== "orthogonal" && !/muon/i.test(name)) return [];
      const wrong = parametersWhere(
        group,
        (segment) => segment.shape.length < 2 || isEmbedding(segment.name) || HEAD.test(segment.name),
      );
      if (wrong.length === 0) return [];
      return about(
        `${name} is for the matrices inside a network: give embeddings, the head and vectors to adamw by a group`,
        wrong,
      );
    },
  },
  {
    code: "maximize-does-not-reach-phases",
    find(group) {
      const first = group.rule.links.find(({ before }) => before.length > 0);
      if (position(group, /^maximize$/) < 0 || first === undefined) return [];
      return about(
        `${first.name} reads gradients before the update as they are, and maximize negates only the last: negate the gradient where it is made`,
      );
    },
  },
  {
    code: "cautious-covers-the-decay",
    find(group) {
      const cautious = position(group, /^cautious/);
      const { name, hyper } = ruleLink(group);
      if (cautious < 0 || !Object.hasOwn(hyper, "weightDecay")) return [];
      const own = group.base.weightDecay ?? group.base[`${name}.weightDecay`] ?? 0;
      if (own === 0) return [];
      const { links } = group.rule;
      return about(
        `${links[cautious]!.name} takes ${name}'s own decay for a part of the step: set that to 0 and chain decoupledDecay before it`,
      );
    },
  },
];
