/**
 * What the literature says that a transformer's activations take, to hold beside what a graph says.
 *
 *   kept            ≈ 12 · width · batch · positions · layers                numbers, in 16 bits
 *   checkpointed    ≈ kept / √layers, for 33 % more work                     one forward pass again, of three that a step costs
 *
 * For GPT-2 with 1.5 billion parameters (48 layers, width 1600), 1024 positions and a batch of 32 this is 60.4 GB and 8.7 GB; the paper
 * says about 60 and about 8. The rule counts, for each position and layer, twelve vectors of the network's width; it counts neither
 * the scores of attention (heads · positions² a layer, here 16 vectors more for each matrix that is kept), nor dropout's masks,
 * nor the logits. A graph that keeps them takes more: see `plan.ts`.
 *
 * Source: Rajbhandari et al., "ZeRO", arXiv:1910.02054, §3.2 and its footnote on activation memory.
 */
export interface TransformerSize {
  readonly layers: number;
  readonly width: number;
  readonly positions: number;
  readonly batchSize: number;
}

/** Vectors of the network's width, for each position and layer. */
const VECTORS = 12;
const BYTES = 2;

export interface RuleOfThumb {
  /** Bytes of activations in 16 bits. */
  readonly kept: number;
  /** With √layers checkpoints. */
  readonly checkpointed: number;
  /** Work for it, as a share of a step's without. */
  readonly recomputed: number;
}

export function transformerRule({ layers, width, positions, batchSize }: TransformerSize): RuleOfThumb {
  const kept = BYTES * VECTORS * width * batchSize * positions * layers;
  return { kept, checkpointed: kept / Math.sqrt(layers), recomputed: 1 / 3 };
}
