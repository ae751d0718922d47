/**
 * The curvature of the step's own batch while a network trains: λ₁, from the vector found the time before; the trace by a few random signs; and
 * with gradients of single examples what the two are to each other:
 *
 *   TIC = (1/B Σ‖gᵢ‖²) / (tr H + 1e-7)        near 1 where the model fits its data, of which both estimate the same information
 *
 * Against the learning rate, λ₁ says how near the run is to the edge of stability: `ratio` is λ₁ η / 2 and its like for rules whose condition
 * is on the loss's own curvature; others need their state, and have none.
 *
 * Source   Cockpit's HessMaxEV, HessTrace and TICTrace, arXiv:2102.06604, section 3; Thomas et al., arXiv:1906.07774, for the TIC.
 * Differs  The trace of the Hessian, with its standard error, stands for exact diagonals, which need a form of every layer.
 */
import type { Batch, Model, ParameterVector } from "@thalweg/train";
import { SharpnessTracker, type StabilityEdge } from "../curvature/edge-of-stability.ts";
import { SampledLoss, type Samples } from "../curvature/sampled-loss.ts";
import { type Estimate, trace } from "../curvature/trace.ts";
import { firstOf } from "./example-gradients.ts";

export interface ProbedCurvature {
  /** λ₁ of the Hessian on the examples of the step's batch. */
  readonly sharpness: number;
  /** ‖Hu − λ₁u‖ */
  readonly residual: number;
  /** |cos| of the angle to the vector of the time before; left out at the first. */
  readonly turned?: number;
  readonly trace: Estimate;
  readonly tic?: number;
  /** λ₁ over the largest that is stable; left out where the rule's condition is not known, or is in other coordinates. */
  readonly ratio?: number;
  readonly examples: number;
}

export interface ProbeOptions {
  readonly model: Model;
  readonly vector: ParameterVector;
  /** Examples of a batch that are measured on, at most; 64 by default. */
  readonly examples?: number;
}

/** Any positive condition: the tracker finds λ₁, and what it is compared with is told later. */
const UNIT: StabilityEdge = { formula: "1", threshold: () => 1 };
const TIC_FLOOR = 1e-7;
/** Products of a look, for λ₁ and for the trace. */
const PRODUCTS = { sharpness: 12, trace: 6 };

export class CurvatureProbe {
  private readonly options: ProbeOptions;
  private readonly tracker = new SharpnessTracker(UNIT, {
    tolerance: 3e-2,
    products: PRODUCTS.sharpness,
  });
  private looks = 0;
  private samples: Samples | undefined;
  private loss: SampledLoss | undefined;

  constructor(options: ProbeOptions) {
    this.options = options;
  }

  /**
   * Look at a batch at the θ that the vector holds now.
   *
   * @param meanSquare  1/B Σ‖gᵢ‖², where it is known
   * @param threshold   the largest stable curvature, where it is known
   */
  async look(batch: Batch, meanSquare?: number, threshold?: number): Promise<ProbedCurvature> {
    const { model, vector, examples = 64 } = this.options;
    const samples = firstOf(model, batch, examples);
    if (this.loss === undefined || this.samples!.count !== samples.count) {
      await this.loss?.release();
      const current: Samples = {
        count: samples.count,
        fill: (first, rows, into) => this.samples!.fill(first, rows, into),
      };
      this.loss = new SampledLoss({ model, vector, samples: current });
    }
    this.samples = samples;
    this.loss.refill();
    const hessian = this.loss.hessian();
    const { sharpness, residual, turned } = await this.tracker.measure(hessian, {});
    const { value, standardError } = await trace(hessian, {
      ...{ sketch: 0, products: PRODUCTS.trace, tolerance: 1e-3 },
      seed: this.looks++,
    });
    return {
      ...{ sharpness, residual, trace: { value, standardError }, examples: samples.count },
      ...(!Number.isNaN(turned) && { turned }),
      ...(meanSquare !== undefined && { tic: meanSquare / (value + TIC_FLOOR) }),
      ...(threshold !== undefined && { ratio: sharpness / threshold }),
    };
  }

  async release(): Promise<void> {
    await this.loss?.release();
  }
}
