/**
 * The networks that the literature names, by name: what they are, where they come from, what one example looks like, how many
 * parameters they have. Each is one call of a function beside this file, whose options lead to its smaller relatives.
 */
import type { Declared } from "../module.ts";
import { net2c2d, net3c3d } from "./deepobs.ts";
import { gpt } from "./gpt.ts";
import { lenet5 } from "./lenet.ts";
import { logisticRegression, mlp } from "./mlp.ts";
import { modularTransformer } from "./modular-transformer.ts";
import { pinn } from "./pinn.ts";
import { cifarResnet } from "./resnet-cifar.ts";
import { resnet18 } from "./resnet18.ts";
import { vae } from "./vae.ts";
import { vgg9, vgg11 } from "./vgg.ts";
import { wideResnet } from "./wide-resnet.ts";

/** The shape of one example, and what stands in it. */
export type ZooInput = {
  readonly kind: "image" | "vector" | "tokens";
  readonly shape: readonly number[];
};

export interface ZooEntry<M extends Declared = Declared> {
  readonly description: string;
  readonly source: string;
  readonly input: ZooInput;
  /** Learnt numbers, each once however often it is used. */
  readonly parameters: number;
  build(): M;
}

const image = (...shape: number[]): ZooInput => ({ kind: "image", shape });
const vector = (...shape: number[]): ZooInput => ({ kind: "vector", shape });
const tokens = (length: number): ZooInput => ({ kind: "tokens", shape: [length] });

const residual = "He et al., arXiv:1512.03385";
const wide = "Zagoruyko & Komodakis, arXiv:1605.07146";
const vgg = "Simonyan & Zisserman, arXiv:1409.1556";
const landscape = "Li et al., arXiv:1712.09913";

const cifarResnetOf = <D extends number>(depth: D, parameters: number) => ({
  description: `ResNet-${depth} for CIFAR-10, shortcuts padded with zeros`,
  source: `${residual}, §4.2`,
  input: image(3, 32, 32),
  parameters,
  build: () => cifarResnet({ depth }),
});
const plainResnetOf = <D extends number>(depth: D, parameters: number) => ({
  description: `ResNet-${depth} for CIFAR-10 without its shortcuts`,
  source: landscape,
  input: image(3, 32, 32),
  parameters,
  build: () => cifarResnet({ depth, shortcut: "none" }),
});
const wideResnetOf = (depth: number, width: number, parameters: number) => ({
  description: `WRN-${depth}-${width} for CIFAR-10`,
  source: wide,
  input: image(3, 32, 32),
  parameters,
  build: () => wideResnet({ depth, width }),
});

export const zoo = {
  logistic: {
    description: "Logistic regression for MNIST",
    source: "Cox, J. R. Stat. Soc. B 20, 1958",
    input: image(1, 28, 28),
    parameters: 7_850,
    build: () => logisticRegression(784, 10),
  },
  mlp: {
    description: "Perceptron with one hidden layer of 128 rectifiers for MNIST",
    source: "Rumelhart et al., Nature 323, 1986",
    input: image(1, 28, 28),
    parameters: 101_770,
    build: () => mlp({ sizes: [784, 128, 10] }),
  },
  lenet5: {
    description: "LeNet-5 for MNIST, in today's form",
    source: "LeCun et al., Proc. IEEE 86, 1998",
    input: image(1, 28, 28),
    parameters: 61_706,
    build: () => lenet5(),
  },
  "2c2d": {
    description: "DeepOBS' two convolutions and two dense layers for MNIST",
    source: "Schneider et al., arXiv:1903.05499",
    input: image(1, 28, 28),
    parameters: 3_274_634,
    build: () => net2c2d(),
  },
  "3c3d": {
    description: "DeepOBS' three convolutions and three dense layers for CIFAR-10",
    source: "Schneider et al., arXiv:1903.05499",
    input: image(3, 32, 32),
    parameters: 895_210,
    build: () => net3c3d(),
  },
  vgg9: {
    description: "VGG-9 with batch normalisation for CIFAR-10",
    source: landscape,
    input: image(3, 32, 32),
    parameters: 2_789_706,
    build: () => vgg9(),
  },
  vgg11: {
    description: "VGG-11 for ImageNet, as torchvision's",
    source: `${vgg}, column A`,
    input: image(3, 224, 224),
    parameters: 132_863_336,
    build: () => vgg11(),
  },
  vgg11_bn: {
    description: "VGG-11 with batch normalisation for ImageNet, as torchvision's",
    source: `${vgg}, column A`,
    input: image(3, 224, 224),
    parameters: 132_868_840,
    build: () => vgg11({ batchNorm: true }),
  },
  "vgg11-cifar": {
    description: "VGG-11 with batch normalisation and one linear layer for CIFAR-10",
    source: `${vgg}, column A`,
    input: image(3, 32, 32),
    parameters: 9_231_114,
    build: () => vgg11({ form: "cifar", batchNorm: true }),
  },
  resnet20: cifarResnetOf(20, 269_722),
  resnet32: cifarResnetOf(32, 464_154),
  resnet56: cifarResnetOf(56, 853_018),
  resnet110: cifarResnetOf(110, 1_727_962),
  "resnet20-plain": plainResnetOf(20, 269_722),
  "resnet56-plain": plainResnetOf(56, 853_018),
  "resnet110-plain": plainResnetOf(110, 1_727_962),
  resnet18: {
    description: "ResNet-18 for ImageNet, as torchvision's",
    source: `${residual}, Table 1`,
    input: image(3, 224, 224),
    parameters: 11_689_512,
    build: () => resnet18(),
  },
  "resnet18-cifar": {
    description: "ResNet-18 for CIFAR-10: a first convolution of 3×3 and no pool",
    source: `${residual}, Table 1`,
    input: image(3, 32, 32),
    parameters: 11_173_962,
    build: () => resnet18({ form: "cifar" }),
  },
  "wrn-16-4": wideResnetOf(16, 4, 2_748_890),
  "wrn-16-8": wideResnetOf(16, 8, 10_961_370),
  "wrn-28-10": wideResnetOf(28, 10, 36_479_194),
  "wrn-40-4": wideResnetOf(40, 4, 8_949_210),
  gpt2: {
    description: "GPT-2, its smallest form",
    source: "Radford et al., Language models are unsupervised multitask learners, 2019",
    input: tokens(1024),
    parameters: 124_439_808,
    build: () =>
      gpt({
        vocabulary: 50_257,
        context: 1024,
        layers: 12,
        heads: 12,
        width: 768,
        activation: "geluTanh",
        dropout: 0.1,
      }),
  },
  "gpt-shakespeare": {
    description: "nanoGPT's model of Shakespeare's characters",
    source: "github.com/karpathy/nanoGPT, config/train_shakespeare_char.py",
    input: tokens(256),
    parameters: 10_745_088,
    build: () =>
      gpt({ vocabulary: 65, context: 256, layers: 6, heads: 6, width: 384, bias: false, dropout: 0.2 }),
  },
  "modular-addition": {
    description: "One transformer layer that learns a + b mod 113",
    source: "Nanda et al., arXiv:2301.05217",
    input: tokens(3),
    parameters: 226_816,
    build: () => modularTransformer(),
  },
  vae: {
    description: "Variational autoencoder with 500 hidden units and a code of 20 for MNIST",
    source: "Kingma & Welling, arXiv:1312.6114",
    input: vector(784),
    parameters: 815_824,
    build: () => vae(),
  },
  "burgers-pinn": {
    description: "Nine layers of 20 that solve Burgers' equation in x and t",
    source: "Raissi et al., J. Comput. Phys. 378, 2019",
    input: vector(2),
    parameters: 3_021,
    build: () => pinn(),
  },
} as const satisfies Readonly<Record<string, ZooEntry>>;

export type ZooName = keyof typeof zoo;
