/** Updates whose matrices are orthogonalised. */
import type { Catalogue } from "../../catalogue.ts";
import { muon, muonChoices, muonWith } from "./muon.ts";
import { normuon } from "./normuon.ts";

export { muon, muonWith, normuon };

export const orthogonal = {
  muon: {
    family: "orthogonal",
    rule: muon,
    choices: muonChoices,
    build: muonWith,
    use: "The matrices inside transformers and multilayer perceptrons: fewer steps than AdamW at the same quality.",
    watch:
      "Embeddings and the output head are matrices too, but want AdamW: give them a group. Vectors go to AdamW by themselves, at a learning rate of their own.",
  },
  normuon: {
    family: "orthogonal",
    rule: normuon,
    use: "As muon, where some neurons get much larger updates than others.",
    watch: "As muon: embeddings and head belong to another rule.",
  },
} as const satisfies Catalogue;
