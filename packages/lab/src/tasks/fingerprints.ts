/**
 * What the benchmark's tasks are frozen to: the hash of the data and the loss before training, as `taskFacts` measures them. A change of a
 * task that changes what runs on it mean shows here, and must then be meant: results of before cannot stand beside those of after.
 */
export const fingerprints: Readonly<Record<string, string>> = {
  "quad-deep": "a55ef070fba0debd-353.447",
  "logreg-digits": "24803efe3fd65485-2.54509",
  "deep-linear": "596ba7705c2df206-0.143527",
  "spiral-mlp": "c51415c5ea1847e1-0.690054",
  "digits-scaled-mlp": "bac8b3796d57b221-2.32417",
  "mnist14-mlp": "01353a82ddc155b0-2.30910",
  "mnist14-vae": "aca4156fceba90b4-137.328",
  "fmnist14-cnn": "9c4a0ff3d279531a-2.30591",
  "hmm-gru": "8d8402ed3e53ae2b-3.46924",
  "tiny-gpt": "8d8402ed3e53ae2b-3.43540",
  "pinn-poisson": "e3bd906a01d9e69f-70.3446",
  "matrix-factorization": "f30b0cff4ad37dad-0.980003",
};
