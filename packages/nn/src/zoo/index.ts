/** Networks from the literature, each a function of its options. `zoo` lists them with their sources. */
export * from "./all-cnn.ts";
export * from "./char-rnn.ts";
export * from "./deepobs.ts";
export * from "./deepobs-vae.ts";
export * from "./gpt.ts";
export * from "./lenet.ts";
export * from "./mlp.ts";
export * from "./modular-transformer.ts";
export * from "./pinn.ts";
export * from "./resnet-cifar.ts";
export * from "./resnet18.ts";
export * from "./vae.ts";
export * from "./vgg.ts";
export * from "./wide-resnet.ts";
export * from "./zoo.ts";
