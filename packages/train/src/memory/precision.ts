/**
 * Bytes of a number, by what it is for. "mixed" is what trains large models: parameters, gradients and activations in 16 bits, and for
 * the update a master copy of the parameters and the optimizer's state in 32.
 *
 *   Adam, mixed:  2 + 2 + 4 (master) + 4 + 4 (moments) = 16 bytes per parameter
 *
 * Source: Micikevicius et al., "Mixed precision training", arXiv:1710.03740, §3.1; Rajbhandari et al., "ZeRO", arXiv:1910.02054, §3.1.
 */
export interface Precision {
  readonly parameter: number;
  readonly gradient: number;
  /** Of the copy that the update works on; 0 where it works on the parameters themselves. */
  readonly master: number;
  /** Of the optimizer's state, and of buffers such as running means. */
  readonly state: number;
  /** Of floats that the graph computes. */
  readonly activation: number;
}

const all = (bytes: number): Precision => ({
  parameter: bytes,
  gradient: bytes,
  master: 0,
  state: bytes,
  activation: bytes,
});

export const precisions = {
  fp32: all(4),
  fp16: all(2),
  bf16: all(2),
  mixed: { parameter: 2, gradient: 2, master: 4, state: 4, activation: 2 },
} as const satisfies Readonly<Record<string, Precision>>;

export type PrecisionName = keyof typeof precisions;
