/**
 * Walk a rule down a surface: θ = (x, y), the gradient exact, no noise. The same Optimizer that trains networks takes
 * the steps, on either engine. Divergence is a result: the walk stops at the first value that is not finite and says so.
 */
import { FlatMemory, type FloatArray } from "@thalweg/formula";
import {
  type Backend,
  Optimizer,
  type Rule,
  referenceBackend,
  type Schedule,
  stateSlotCount,
  wasmBackend,
} from "@thalweg/optim";
import type { Point, Surface } from "./surface.ts";

export interface WalkOptions {
  readonly surface: Surface;
  readonly rule: Rule;
  /** Instead of the rule's defaults, one by one. */
  readonly hyper?: Readonly<Record<string, number>>;
  readonly start?: Point;
  readonly steps: number;
  /** Factor of the learning rate per step. */
  readonly schedule?: Schedule | undefined;
  readonly engine?: "reference" | "wasm";
}

/** Where the walk stands after `step` updates. */
export interface Station {
  readonly step: number;
  readonly x: number;
  readonly y: number;
  readonly f: number;
  /** Euclidean. */
  readonly gradientNorm: number;
}

export interface Walk {
  /** From step 0, the start; a diverged walk ends with the station that is not finite. */
  readonly path: readonly Station[];
  readonly status: "finished" | "diverged";
  /** Why it diverged; empty when it finished. */
  readonly reason: string;
}

/** Raises RangeError for a rule that cannot walk in the plane. */
export function checkWalk({ name, minimumRank, program }: Rule): void {
  if (minimumRank > 1) {
    throw new RangeError(
      `Cannot walk by ${name} as it updates matrices, and a point of the plane is a vector: choose another rule`,
    );
  }
  if (program.before.some(({ gradient }) => gradient === "sampled-labels")) {
    throw new RangeError(
      `Cannot walk by ${name} as it asks for gradients of labels drawn from a model, and a surface has none: choose another rule`,
    );
  }
}

/**
 * Take `steps` updates from `start`, evaluating f and ∇f in float64; on the wasm engine the position is float32.
 * Raises RangeError for hyperparameters outside their domain, before the first step, and as `checkWalk`.
 */
export function walk(options: WalkOptions): Walk {
  const { rule, engine = "reference" } = options;
  checkWalk(rule);
  if (engine === "reference") {
    return walkOn(referenceBackend, new Float64Array(2), new Float64Array(2), options);
  }
  const memory = new FlatMemory((2 + stateSlotCount(rule)) * FlatMemory.bytesFor(2));
  return walkOn(wasmBackend(memory), memory.allocate(2), memory.allocate(2), options);
}

function walkOn<A extends FloatArray>(
  backend: Backend<A>,
  theta: A,
  gradient: A,
  options: WalkOptions,
): Walk {
  const { surface, rule, hyper = {}, start = surface.start, steps, schedule } = options;
  const optimizer = new Optimizer({
    backend,
    segments: [{ name: "xy", shape: [2], offset: 0, size: 2 }],
    parameters: theta,
    gradients: gradient,
    rule,
    hyper,
  });
  theta.set(start);
  const path: Station[] = [];
  for (let step = 0; ; step++) {
    const [x, y] = [theta[0]!, theta[1]!];
    gradient.set(surface.gradient(x, y));
    const station = {
      step,
      x,
      y,
      f: surface.value(x, y),
      gradientNorm: Math.hypot(gradient[0]!, gradient[1]!),
    };
    path.push(station);
    const reason = whyDiverged(station);
    if (reason !== "") return { path, status: "diverged", reason };
    if (step === steps) return { path, status: "finished", reason: "" };
    const factors = schedule && { lr: schedule.at(step) };
    for (const phase of optimizer.phasesDue()) {
      optimizer.prepare(phase, factors); // the gradient is exact: that of a batch is that of all data
      gradient.set(surface.gradient(theta[0]!, theta[1]!));
    }
    optimizer.step(factors);
  }
}

function whyDiverged({ x, y, f, gradientNorm }: Station): string {
  const quantities = { x, y, f, "the gradient norm": gradientNorm };
  const [first] = Object.entries(quantities).filter(([, value]) => !Number.isFinite(value));
  return first === undefined ? "" : `${first[0]} is ${first[1]}`;
}
