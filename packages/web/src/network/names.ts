/** Names that the page offers before anything of the network is loaded. */
export const ACTIVATIONS = ["tanh", "relu", "gelu", "sigmoid", "silu"] as const;
export type ActivationName = (typeof ACTIVATIONS)[number];
