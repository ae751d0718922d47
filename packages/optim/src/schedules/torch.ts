/**
 * PyTorch's schedulers by their names and arguments, for people who port code. Each is a thin clock over a pure curve.
 *
 *   const rate = { lr: 0.1 };                        // anything with an lr that can be set
 *   const scheduler = new StepLR(rate, 30);          // sets the first value
 *   optimizer.step({ lr: rate.lr / 0.1 }); scheduler.step();
 *
 * With `{ lr: 1 }` the rate is the factor itself, and `optimizer.step(rate)` takes it as it is. Arguments keep their order and
 * defaults and are in camel case; a factor multiplies the lr found at construction.
 *
 * Differs  stepping past the end holds the last value: CosineAnnealingLR and CyclicLR alone go on, as torch's do; OneCycleLR does
 *          not rise again. SequentialLR builds its parts on copies, so nothing is set before its time, and a nested one keeps its
 *          place when resumed. Loading a state never overwrites the base.
 */
import { checkCurve } from "./check.ts";
import { type Curve, scheduleFactor } from "./curve.ts";
import { lambda } from "./kinds/lambda.ts";
import { type PlateauCurve, type PlateauState, plateau } from "./kinds/plateau.ts";

/** What a scheduler writes to: an optimizer, a parameter group, or the factors for the next step. */
export interface Scheduled {
  lr: number;
  /** Cycled by OneCycleLR and CyclicLR, where it is there. */
  momentum?: number;
}

export interface SchedulerState {
  lastEpoch: number;
  baseLr: number;
}

/** Long enough for any run, where torch's scheduler has no end. */
const ENDLESS = Number.MAX_SAFE_INTEGER;

/** A clock over a curve: what all schedulers here have in common. */
export class CurveScheduler {
  readonly curve: Curve;
  protected readonly target: Scheduled;
  protected baseLr: number;
  protected lastEpoch = 0;

  constructor(target: Scheduled, curve: Curve, baseLr = target.lr) {
    checkCurve(curve);
    this.target = target;
    this.curve = curve;
    this.baseLr = baseLr;
    this.apply();
  }

  /** Call after each optimizer step. */
  step(): void {
    this.lastEpoch++;
    this.apply();
  }

  /** A list of one, as torch's is of one per parameter group. */
  getLastLr(): number[] {
    return [this.target.lr];
  }

  stateDict(): SchedulerState {
    return { lastEpoch: this.lastEpoch, baseLr: this.baseLr };
  }

  loadStateDict({ lastEpoch, baseLr }: SchedulerState): void {
    if (!(Number.isSafeInteger(lastEpoch) && lastEpoch >= 0 && Number.isFinite(baseLr))) {
      throw new RangeError(
        `Cannot load the scheduler's state as lastEpoch must be a whole number, 0 or more, and baseLr finite: they are ${lastEpoch} and ${baseLr}`,
      );
    }
    this.lastEpoch = lastEpoch;
    this.baseLr = baseLr;
    this.apply();
  }

  protected apply(): void {
    this.target.lr = this.baseLr * scheduleFactor(this.curve, this.lastEpoch);
  }
}

/** lr = base · fn(t). Its function is code: the state has the clock alone, as torch's has for a lambda. */
export class LambdaLR extends CurveScheduler {
  constructor(target: Scheduled, fn: (epoch: number) => number) {
    super(target, lambda(fn, ENDLESS));
  }
}

/** lr = base · fn(1) · … · fn(t). */
export class MultiplicativeLR extends CurveScheduler {
  constructor(target: Scheduled, fn: (epoch: number) => number) {
    const products = [1];
    super(
      target,
      lambda((k) => {
        for (let t = products.length; t <= k; t++) products.push(products[t - 1]! * fn(t));
        return products[k]!;
      }, ENDLESS),
    );
  }
}

export class StepLR extends CurveScheduler {
  constructor(target: Scheduled, stepSize: number, gamma = 0.1) {
    super(target, { kind: "step", steps: ENDLESS, every: stepSize, gamma });
  }
}

export class MultiStepLR extends CurveScheduler {
  constructor(target: Scheduled, milestones: readonly number[], gamma = 0.1) {
    super(target, { kind: "multistep", steps: ENDLESS, milestones, gamma });
  }
}

export class ConstantLR extends CurveScheduler {
  constructor(target: Scheduled, factor = 1 / 3, totalIters = 5) {
    super(target, { kind: "warmup", steps: totalIters, from: factor, shape: "constant" });
  }
}

export class LinearLR extends CurveScheduler {
  constructor(target: Scheduled, startFactor = 1 / 3, endFactor = 1, totalIters = 5) {
    super(target, { kind: "linear", steps: totalIters, from: startFactor, to: endFactor });
  }
}

export class ExponentialLR extends CurveScheduler {
  constructor(target: Scheduled, gamma: number) {
    super(target, { kind: "exponential", steps: ENDLESS, gamma });
  }
}

export class PolynomialLR extends CurveScheduler {
  constructor(target: Scheduled, totalIters = 5, power = 1) {
    super(target, { kind: "polynomial", steps: totalIters, power, floor: 0 });
  }
}

export class CosineAnnealingLR extends CurveScheduler {
  constructor(target: Scheduled, tMax: number, etaMin = 0) {
    super(target, { kind: "cosine", steps: tMax, floor: etaMin / target.lr, dialect: "torch" });
  }
}

export class CosineAnnealingWarmRestarts extends CurveScheduler {
  constructor(target: Scheduled, t0: number, tMult = 1, etaMin = 0) {
    const floor = etaMin / target.lr;
    super(target, { kind: "cosine-restarts", steps: ENDLESS, first: t0, mult: tMult, floor, decay: 1 });
  }
}

/** A scheduler that also moves the momentum, where its target has one and it was not told to leave it. */
class CyclingScheduler extends CurveScheduler {
  private readonly momentum: { readonly curve: Curve; readonly base: number } | undefined;

  constructor(target: Scheduled, curve: Curve, peak: number, momentum: Curve, base: number, cycle: boolean) {
    super(target, curve, peak);
    if (cycle && target.momentum !== undefined) {
      checkCurve(momentum);
      this.momentum = { curve: momentum, base };
    }
    this.apply();
  }

  protected override apply(): void {
    super.apply();
    if (this.momentum === undefined) return;
    this.target.momentum = this.momentum.base * scheduleFactor(this.momentum.curve, this.lastEpoch);
  }
}

export interface OneCycleOptions {
  pctStart?: number;
  annealStrategy?: "cos" | "linear";
  cycleMomentum?: boolean;
  baseMomentum?: number;
  maxMomentum?: number;
  divFactor?: number;
  finalDivFactor?: number;
  threePhase?: boolean;
}

export class OneCycleLR extends CyclingScheduler {
  constructor(target: Scheduled, maxLr: number, totalSteps: number, options: OneCycleOptions = {}) {
    const { pctStart: pct = 0.3, annealStrategy: anneal = "cos", divFactor: div = 25 } = options;
    const { baseMomentum: low = 0.85, maxMomentum: high = 0.95, finalDivFactor: finalDiv = 1e4 } = options;
    const cycle = { steps: totalSteps, pct, anneal, phases: options.threePhase ? 3 : 2 } as const;
    super(
      target,
      { kind: "onecycle", ...cycle, div, finalDiv },
      maxLr,
      { kind: "onecycle-momentum", ...cycle, low, high },
      high,
      options.cycleMomentum ?? true,
    );
  }
}

export interface CyclicOptions {
  stepSizeUp?: number;
  stepSizeDown?: number;
  mode?: "triangular" | "triangular2" | "exp_range";
  gamma?: number;
  cycleMomentum?: boolean;
  baseMomentum?: number;
  maxMomentum?: number;
}

export class CyclicLR extends CyclingScheduler {
  constructor(target: Scheduled, baseLr: number, maxLr: number, options: CyclicOptions = {}) {
    const { stepSizeUp: up = 2000, stepSizeDown: down = up, mode = "triangular", gamma = 1 } = options;
    const { baseMomentum: low = 0.8, maxMomentum: high = 0.9 } = options;
    const wave = { steps: ENDLESS, up, down, mode, gamma } as const;
    super(
      target,
      { kind: "cyclic", ...wave, low: baseLr / maxLr },
      maxLr,
      { kind: "cyclic-momentum", ...wave, low, high },
      high,
      options.cycleMomentum ?? true,
    );
  }
}

/** What SequentialLR and ChainedScheduler take: a scheduler for a copy of the target, such as `(o) => new StepLR(o, 30)`. */
export type MakeScheduler = (target: Scheduled) => CurveScheduler;

/** The curves of schedulers that share one base lr, found on copies so that the target stays as it is. */
function curvesOf(target: Scheduled, makers: readonly MakeScheduler[]): Curve[] {
  return makers.map((make) => {
    const scheduler = make({ lr: target.lr });
    const { baseLr } = scheduler.stateDict();
    if (baseLr === target.lr) return scheduler.curve;
    return { kind: "scale", factor: baseLr / target.lr, of: scheduler.curve };
  });
}

/** The i-th scheduler runs between the milestones around it, on a clock that starts at 0. It moves the lr alone. */
export class SequentialLR extends CurveScheduler {
  constructor(target: Scheduled, makers: readonly MakeScheduler[], milestones: readonly number[]) {
    if (makers.length !== milestones.length + 1) {
      throw new RangeError(
        `Cannot build SequentialLR as it needs one scheduler more than milestones: it has ${makers.length} and ${milestones.length}`,
      );
    }
    const ends = [0, ...milestones];
    if (ends.some((end, i) => i > 0 && !(end > ends[i - 1]!))) {
      throw new RangeError(
        `Cannot build SequentialLR as milestones must rise from 1: they are ${milestones.join(", ")}`,
      );
    }
    const curves = curvesOf(target, makers);
    const parts = curves.map((of, i): Curve => {
      return i === milestones.length ? of : { kind: "during", steps: milestones[i]! - ends[i]!, of };
    });
    super(target, { kind: "sequence", parts });
  }
}

/** The product of all their factors. */
export class ChainedScheduler extends CurveScheduler {
  constructor(target: Scheduled, makers: readonly MakeScheduler[]) {
    super(target, { kind: "product", parts: curvesOf(target, makers) });
  }
}

export interface PlateauOptions {
  mode?: "min" | "max";
  factor?: number;
  patience?: number;
  threshold?: number;
  thresholdMode?: "rel" | "abs";
  cooldown?: number;
  minLr?: number;
  eps?: number;
}

/** Told a metric at each evaluation instead of being asked for a step. */
export class ReduceLROnPlateau {
  private readonly target: Scheduled;
  private readonly baseLr: number;
  private curve: PlateauCurve;
  private lastEpoch = 0;

  constructor(target: Scheduled, options: PlateauOptions = {}) {
    const { mode = "min", factor: gamma = 0.1, patience = 10, threshold = 1e-4, cooldown = 0 } = options;
    const { thresholdMode: compare = "rel", minLr = 0, eps = 1e-8 } = options;
    const lr = target.lr;
    const [floor, least] = [minLr / lr, eps / lr];
    const settings = { mode, gamma, patience, threshold, compare, cooldown, floor, eps: least, average: 1 };
    this.curve = { kind: "plateau", steps: ENDLESS, ...settings };
    checkCurve(this.curve);
    this.target = target;
    this.baseLr = lr;
  }

  step(metric: number): void {
    this.lastEpoch++;
    this.curve = plateau.observe!(this.curve, this.lastEpoch, metric);
    this.apply();
  }

  /** A list of one, as torch's is of one per parameter group. */
  getLastLr(): number[] {
    return [this.target.lr];
  }

  stateDict(): { lastEpoch: number; plateau: PlateauState | null } {
    return { lastEpoch: this.lastEpoch, plateau: this.curve.state ?? null };
  }

  loadStateDict({ lastEpoch, plateau: state }: { lastEpoch: number; plateau: PlateauState | null }): void {
    const { state: _, ...fresh } = this.curve;
    this.curve = state === null ? fresh : { ...fresh, state };
    this.lastEpoch = lastEpoch;
    this.apply();
  }

  private apply(): void {
    this.target.lr = this.baseLr * plateau.factor(this.curve, this.lastEpoch);
  }
}
