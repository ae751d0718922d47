export * from "./gpt.ts";
export * from "./resnet-cifar.ts";
export * from "./resnet18.ts";
export * from "./vgg.ts";
export * from "./wide-resnet.ts";
