/**
 * One rule, walking: θ = (x, y) from a start, step by step, by the same Optimizer and the same fused kernels that train networks. Everything it passed is kept,
 * so that a page can show any step at any time. Divergence is a result: the track ends there and says why.
 *
 * With noise σ the gradient is ∇f + σξ, ξ standard normal, a pure function of the seed and the step: all rules meet the same noise at the same step.
 */
import { FlatMemory } from "@thalweg/formula";
import { Optimizer, type Rule, type Schedule, stateSlotCount, wasmBackend } from "@thalweg/optim";
import { stream } from "@thalweg/random";
import type { Pair, Surface } from "./surface.ts";

export interface TrackOptions {
  readonly surface: Surface;
  readonly rule: Rule;
  readonly schedule: Schedule | undefined;
  readonly start: Pair;
  /** How far it may go. */
  readonly steps: number;
  /** σ, in units of the gradient. */
  readonly noise: number;
  readonly seed: number;
  /** Instead of the rule's own learning rate. */
  readonly lr?: number;
}

const NOISE = "playground noise";

export class Track {
  /** x and y in turn, from the start. */
  readonly path: Float64Array;
  /** f at each step. */
  readonly values: Float64Array;
  /** How many steps are done. */
  reached = 0;
  /** Why it ended before its last step; empty while it has not. */
  diverged = "";
  readonly optimizer: Optimizer<Float32Array>;
  /** The gradient that the next step uses, noise included. */
  readonly gradient: Float32Array;
  private readonly theta: Float32Array;
  private readonly options: TrackOptions;
  private readonly exact = new Float64Array(2);

  /** Raises RangeError for hyperparameters outside their domain. */
  constructor(options: TrackOptions) {
    const { rule, start, steps, seed, lr } = options;
    this.options = options;
    const memory = new FlatMemory((4 + 2 * stateSlotCount(rule)) * FlatMemory.bytesFor(2));
    this.theta = memory.allocate(2);
    this.gradient = memory.allocate(2);
    this.optimizer = new Optimizer({
      backend: wasmBackend(memory),
      segments: [{ name: "xy", shape: [2], offset: 0, size: 2 }],
      parameters: this.theta,
      gradients: this.gradient,
      rule,
      seed,
      ...(lr === undefined ? {} : { hyper: { lr } }),
    });
    this.theta.set(start);
    this.path = new Float64Array(2 * (steps + 1));
    this.values = new Float64Array(steps + 1);
    this.record();
  }

  get done(): boolean {
    return this.diverged !== "" || this.reached === this.options.steps;
  }

  /** One step; none where it is done. */
  step(): void {
    if (this.done) return;
    const { optimizer, options } = this;
    const { schedule } = options;
    const factors = schedule && { lr: schedule.at(this.reached) };
    for (const phase of optimizer.phasesDue()) {
      this.look(phase.gradient === "full" ? 0 : options.noise);
      void optimizer.prepare(phase, factors);
    }
    this.look(options.noise);
    void optimizer.step(factors); // at once: matrices would need kernels from elsewhere
    this.reached++;
    this.record();
  }

  /** The gradient here, as a batch would give it. */
  private look(noise: number): void {
    const { surface, seed } = this.options;
    surface.gradient(this.theta[0]!, this.theta[1]!, this.exact);
    this.gradient.set(this.exact);
    if (noise === 0) return;
    const random = stream(seed, NOISE, this.reached);
    this.gradient[0]! += noise * random.normal();
    this.gradient[1]! += noise * random.normal();
  }

  private record(): void {
    const { surface } = this.options;
    const [x, y] = [this.theta[0]!, this.theta[1]!];
    const value = surface.value(x, y);
    this.path[2 * this.reached] = x;
    this.path[2 * this.reached + 1] = y;
    this.values[this.reached] = value;
    const quantities = { x, y, f: value };
    const [first] = Object.entries(quantities).filter(([, number]) => !Number.isFinite(number));
    if (first !== undefined) this.diverged = `${first[0]} became ${first[1]} at step ${this.reached}`;
  }
}
