/**
 * ZeRO: what data-parallel ranks need not each keep a copy of. Stage 1 gives each of N ranks its slice of the optimizer's state, stage
 * 2 of the gradients too, stage 3 of the parameters as well. Activations and buffers stay whole on every rank.
 *
 *   bytes per rank for Ψ parameters, mixed Adam:   (2 + 2 + 12) Ψ  →  (2 + 2 + 12/N) Ψ  →  (2 + 14/N) Ψ  →  16/N Ψ
 *
 * Source: Rajbhandari et al., "ZeRO", arXiv:1910.02054, §5 and Table 1. As the paper, this leaves out the buffers that a stage needs for
 * passing slices on: of gradients in stage 2, of the layer at hand in stage 3.
 */
export interface Sharding {
  readonly stage: 0 | 1 | 2 | 3;
  readonly ranks: number;
}

/** The stage from which on each is divided among the ranks. */
export const SHARDED_FROM = { state: 1, masters: 1, gradients: 2, parameters: 3 } as const;

/** Bytes on the rank that has most. */
export function perRank(kind: keyof typeof SHARDED_FROM, bytes: number, { stage, ranks }: Sharding): number {
  return stage >= SHARDED_FROM[kind] ? Math.ceil(bytes / ranks) : bytes;
}

export const WHOLE: Sharding = { stage: 0, ranks: 1 };
