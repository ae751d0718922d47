/**
 * Slopes of every example's loss along one direction, from losses alone: two forward passes for all examples at once, whatever the network.
 *
 *   ⟨gᵢ, d⟩ ≈ (ℓᵢ(θ + εd) − ℓᵢ(θ − εd)) / 2ε        dᵀHd ≈ (L₊ − 2 L₀ + L₋) / ε²
 *
 * ε is a share of ‖θ‖ / ‖d‖. Accuracy: in float32 the root mean square of the slopes' errors is below 1e-3 of the slopes' for shares from 1e-3 to
 * 1e-2; smaller ones drown in rounding, larger ones in curvature. The curvature, a second difference, is good to about a tenth.
 */
import { norm } from "@thalweg/optim";
import { ChunkMeter } from "../evaluate/chunk-meter.ts";
import type { Examples } from "../evaluate/examples.ts";
import type { RowModel } from "../evaluate/rows.ts";
import { affineFamily } from "../families/affine.ts";

export interface ForwardOptions {
  readonly model: RowModel;
  readonly parameters: Float32Array;
  readonly buffers: Float32Array;
  readonly direction: Float32Array;
  readonly examples: Examples;
  /** ε ‖d‖ / ‖θ‖; 3e-3 by default. */
  readonly share?: number;
}

export interface ForwardSlopes {
  /** ℓᵢ(θ) */
  readonly losses: Float64Array;
  /** ⟨gᵢ, d⟩ */
  readonly slopes: Float64Array;
  /** dᵀHd of the mean loss. */
  readonly curvature: number;
}

/** Measure them. Raises RangeError for a direction that is zero, or of another model. */
export async function forwardSlopes(options: ForwardOptions): Promise<ForwardSlopes> {
  const { model, parameters, buffers, direction, examples, share = 3e-3 } = options;
  const family = affineFamily({
    origin: parameters,
    basis: [direction],
    labels: ["d"],
    buffers: { origin: buffers },
  });
  const step = (share * norm(parameters)) / norm(direction);
  const meter = await ChunkMeter.create({ model, family, examples, chunks: [examples.indices.length] });
  try {
    await meter.turnTo(0);
    const at = async (c: number) => Float64Array.from((await meter.at([c])).get("loss")!);
    const [losses, after, before] = [await at(0), await at(step), await at(-step)];
    const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
    return {
      losses,
      slopes: after.map((loss, i) => (loss - before[i]!) / (2 * step)),
      curvature: mean(after.map((loss, i) => loss - 2 * losses[i]! + before[i]!)) / step ** 2,
    };
  } finally {
    await meter.release();
  }
}
