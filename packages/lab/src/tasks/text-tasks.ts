/**
 * Language models of a hidden Markov chain's text, whose entropy is known: hmm-gru by a recurrent network, tiny-gpt by a transformer.
 * Both are judged by how many nats per symbol they lose above what the chain itself would, which sees what they see.
 */
import { embedding, gpt, gru, linear, type Module, network } from "@thalweg/nn";
import { supervised } from "@thalweg/train";
import type { Task } from "./task.ts";

const excess = (target: number): Task["metric"] => ({
  measure: "testExcess",
  better: "lower",
  unit: "nat",
  floor: 0,
  target,
});

const common = {
  dataset: "hmm-text",
  batchSize: 16,
  validation: 0,
  evaluationBatch: 128,
} as const;

export const hmmGru: Task = {
  ...common,
  name: "hmm-gru",
  description: "Text of a hidden Markov chain with known entropy, by a recurrent network",
  architecture: "embedding 32×32, GRU 64, linear 64-32",
  model: (shape, classes, { bias = true } = {}) => tokens(recurrent(classes, bias), shape),
  steps: 300, // 1.2 epochs of 4096 / 16 batches
  evaluateEvery: 15,
  metric: excess(0.2),
};

export const tinyGpt: Task = {
  ...common,
  name: "tiny-gpt",
  description: "Text of a hidden Markov chain with known entropy, by a small GPT",
  architecture: "GPT, 2 layers, 2 heads, width 32, context 32",
  model: (shape, classes, { bias = true } = {}) =>
    tokens(gpt({ vocabulary: classes, context: shape[0]!, layers: 2, heads: 2, width: 32, bias }), shape),
  steps: 400, // 1.6 epochs of 4096 / 16 batches
  evaluateEvery: 20,
  metric: excess(0.4),
};

/** Symbols [B, T] → the next one at each place. */
const tokens = (module: Module, shape: readonly number[]) =>
  supervised(module, { example: { shape, dtype: "int32" }, labelShape: shape, labels: "classes" });

const recurrent = (symbols: number, bias: boolean): Module =>
  network(
    { embed: embedding(symbols, 32), rnn: gru(32, 64, { bias }), head: linear(64, symbols, { bias }) },
    (x, { embed, rnn, head }) => head(rnn(embed(x)).output),
  );
