/** All that is asked of the curvature at a place, measured on one sample of its data: eigenvalues, trace, density, the gradient, stability. */
import {
  averageCase,
  type CurvatureOperator,
  confirmResiduals,
  type EigenOptions,
  type Eigenpairs,
  type Estimate,
  edgeOperator,
  eigenpairs,
  gradientOverlap,
  keskarSharpness,
  type ModelForm,
  restrictedTo,
  SampledLoss,
  SharpnessTracker,
  type SpectralDensity,
  sampleExamples,
  samplesFrom,
  shareBelow,
  spectralDensity,
  stabilityEdge,
  type Trace,
  trace,
  worstCase,
} from "@thalweg/landscape";
import { examplesOf, type Part, type Place, type Training } from "./place.ts";

export const matrices = ["hessian", "gauss-newton"] as const;
export type MatrixName = (typeof matrices)[number];

/** Products that density and trace may take, gradients of a climb, and draws of the average case. */
export const efforts = {
  quick: { runs: 2, steps: 30, sketch: 5, products: 35, climb: 10, draws: 20 },
  normal: { runs: 5, steps: 50, sketch: 10, products: 60, climb: 20, draws: 100 },
  full: { runs: 20, steps: 100, sketch: 30, products: 200, climb: 40, draws: 400 },
} as const;
export type Effort = keyof typeof efforts;

export interface CurvatureRequest {
  readonly place: Place;
  readonly part: Part;
  /** Examples to measure on. */
  readonly samples: number;
  readonly seed: number;
  readonly matrix: MatrixName;
  /** How many of the largest eigenvalues. */
  readonly top: number;
  readonly effort: Effort;
  /** Of the model; "evaluation" by default. */
  readonly form?: ModelForm;
  /** Which tensors move; all by default. */
  readonly moves?: (name: string) => boolean;
  /** Told of each quantity before it is measured. */
  onStage?(stage: string): void;
}

export interface CurvatureReport {
  readonly parameters: number;
  readonly tensors: readonly string[];
  readonly loss: number;
  readonly gradientNorm: number;
  readonly largest: Omit<Eigenpairs, "vectors">;
  readonly smallest: Omit<Eigenpairs, "vectors">;
  /** The gradient's share along the first 1, 2, … of the largest, and the curvature along it. */
  readonly gradient: {
    readonly shares: readonly number[];
    readonly curvature: number;
    readonly cosine: number;
  };
  readonly trace: Trace;
  readonly density: SpectralDensity;
  /** The share of eigenvalues below −1e-3 of the largest: clear of the many that are nearly zero. */
  readonly negative: Estimate;
  /** Keskar's in percent; the rise of the loss at worst and on average, each parameter moving by a share of itself. */
  readonly sharpness: { readonly keskar: number; readonly worst: number; readonly average: Estimate };
  /** Where a run's rule has a condition of stability. */
  readonly edge?: {
    readonly rule: string;
    readonly formula: string;
    /** Whether the sharpness is that in the rule's scaled coordinates. */
    readonly scaled: boolean;
    readonly sharpness: number;
    readonly threshold: number;
    readonly ratio: number;
  };
  /** In all, by products with the matrix. */
  readonly products: number;
}

/** Sizes of the neighbourhoods that sharpness is measured in: Keskar's box, and shares of each weight (arXiv:2302.07011, section 4). */
export const radii = { keskar: 1e-3, worst: 2e-3, average: 0.1 } as const;

/** Below this share of the largest eigenvalue, an eigenvalue counts as negative. */
const CLEARLY_NEGATIVE = -1e-3;

/** Measure it. Raises RangeError for more samples than there are, and for a matrix that the model does not give. */
export async function measureCurvature(request: CurvatureRequest): Promise<CurvatureReport> {
  const { place, part, samples, seed, matrix, top, effort, form, moves = () => true, onStage } = request;
  const { subject, vector, training } = place;
  const { model, loaded } = subject;
  const { split, normalization, among } = examplesOf(loaded, part);
  const indices = sampleExamples(split, { count: samples, seed, ...(among && { among }) });
  const drawn = samplesFrom({ split, normalization, indices });
  const loss = new SampledLoss({ model, vector, samples: drawn, ...(form && { form }) });
  try {
    const whole = matrix === "hessian" ? loss.hessian() : loss.gaussNewton();
    const operator = restrictedTo(whole, ({ name }) => moves(name));
    const { runs, steps, sketch, products: most, climb, draws } = efforts[effort];

    onStage?.("gradient");
    const gradients = new Float64Array(vector.size);
    const value = await loss.gradient(gradients);
    if (!Number.isFinite(value)) {
      throw new RangeError(
        `Cannot measure the curvature of ${subject.name} as its loss must be finite: it is ${value}; has the run diverged?`,
      );
    }
    const gradient = operator.pack(gradients);
    onStage?.("eigenvalues");
    const count = Math.min(top, operator.dimension);
    const { vectors, ...largest } = await confirmed(operator, { count, seed, products: 100 + 20 * count });
    const { vectors: _, ...smallest } = await confirmed(operator, {
      which: "smallest",
      seed,
      tolerance: 1e-2,
    });
    const overlap = await gradientOverlap(operator, gradient, vectors);
    onStage?.("trace");
    const traced = await trace(operator, { sketch, products: most, seed });
    onStage?.("spectral density");
    const density = await spectralDensity(operator, {
      runs,
      steps: Math.min(steps, operator.dimension),
      seed,
    });
    onStage?.("sharpness");
    const worst = await worstCase(loss, { radius: radii.worst, steps: climb, moves });
    const sharpness = {
      keskar: await keskarSharpness(loss, { radius: radii.keskar, steps: climb, moves }),
      worst: worst.rise,
      average: await averageCase(loss, { radius: radii.average, draws, seed, moves }),
    };
    onStage?.("stability");
    const edge = training && (await measureEdge(operator, training, largest.values[0]!, seed));

    const spent = [largest, smallest, traced, density].reduce((sum, { products }) => sum + products, 1);
    return {
      parameters: operator.dimension,
      tensors: operator.segments.map(({ name }) => name),
      loss: value,
      gradientNorm: Math.sqrt(gradient.reduce((sum, g) => sum + g * g, 0)),
      largest,
      smallest,
      gradient: overlap,
      trace: traced,
      density,
      negative: shareBelow(density, CLEARLY_NEGATIVE * Math.abs(largest.values[0]!)),
      sharpness,
      ...(edge && { edge: edge.report }),
      products: spent + (edge?.products ?? 0),
    };
  } finally {
    await loss.release();
  }
}

/** Eigenpairs with residuals as they are, not as the process has them: below 1e-6 of λ₁ those are rounding. */
async function confirmed(operator: CurvatureOperator, options: EigenOptions): Promise<Eigenpairs> {
  const found = await eigenpairs(operator, options);
  const residuals = await confirmResiduals(operator, found);
  return { ...found, residuals, products: found.products + residuals.length };
}

/** Undefined where the rule has no condition that is known, or no step was taken. */
async function measureEdge(
  operator: CurvatureOperator,
  { rule, hyper, step, state }: Training,
  largest: number,
  seed: number,
) {
  const edge = stabilityEdge(rule);
  if (edge === undefined || step === 0) return undefined;
  const { formula } = edge;
  const scaled = edge.diagonal !== undefined;
  const threshold = edge.threshold(hyper);
  const facts = { rule: rule.name, formula, scaled, threshold };
  if (!scaled) return { report: { ...facts, sharpness: largest, ratio: largest / threshold }, products: 0 };
  const tracker = new SharpnessTracker(edge, { products: 200, seed });
  const { sharpness, ratio, products } = await tracker.measure(
    edgeOperator(operator, edge, hyper, state),
    hyper,
  );
  return { report: { ...facts, sharpness, ratio }, products };
}
