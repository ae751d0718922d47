/** Rules for batches of thousands: a learning rate per tensor, relative to the size of its parameters. */
import type { Catalogue } from "../../catalogue.ts";
import { type LambOptions, lamb, lambWith } from "./lamb.ts";
import { type LarsOptions, lars, larsWith } from "./lars.ts";

export { type LambOptions, type LarsOptions, lamb, lambWith, lars, larsWith };

export const largeBatch = {
  lars: {
    family: "large-batch",
    rule: lars,
    choices: {
      dialect: ["torch", "optax"],
      trustClip: [false, true],
      alwaysAdapt: [false, true],
      nesterov: [false, true],
    },
    build: (choices) => larsWith(choices as LarsOptions),
    use: "Convolutional networks at batches of 4096 and more, with warm-up and momentum 0.9.",
    watch:
      "With weightDecay 0, the default, it is plain SGD: set a decay or alwaysAdapt. lr is relative then: 1 to 10, not 0.1. Give biases and norms no decay by a group.",
  },
  lamb: {
    family: "large-batch",
    rule: lamb,
    choices: {
      dialect: ["torch", "optax"],
      biasCorrection: [true, false],
      gradAveraging: [true, false],
      nvlamb: [false, true],
      decay: ["decoupled", "l2"],
    },
    build: (choices) => lambWith(fromChoices(choices)),
    use: "Transformers at batches of 4096 and more, where AdamW's learning rate cannot be raised any further.",
    watch:
      "It clips the gradient of all tensors together to norm maxGradNorm = 1: do not clip before it. Tensors without decay are not scaled, unless nvlamb.",
  },
} as const satisfies Catalogue;

/** optax always scales, whatever nvlamb says. */
const fromChoices = ({ nvlamb, ...rest }: Readonly<Record<string, string | boolean>>): LambOptions =>
  (rest.dialect === "optax" ? rest : { ...rest, nvlamb }) as LambOptions;
