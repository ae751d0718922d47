/**
 * An optimizer whose state is divided among ranks: each keeps that of its slice of the flat vector, updates that slice, and gets the
 * others' (ZeRO's first stage). Gradients and parameters are whole on every rank. Where a rule looks at whole tensors, the slices
 * end where tensors end; else they are equal.
 *
 * A checkpoint holds the whole state, under the names it has without ranks; so any number of ranks can go on from it.
 *
 * Source: Rajbhandari et al., "ZeRO", arXiv:1910.02054, §5.1 (P_os).
 */
import {
  Optimizer,
  type OptimizerOptions,
  type OptimizerState,
  type ParameterState,
  type Phase,
  type Rule,
  type Segment,
} from "@thalweg/optim";
import type { Updates } from "../fit.ts";
import { type Communicator, exchange, partBounds } from "./communicator.ts";
import { shardKind } from "./shard-kind.ts";

type State = ParameterState<Float32Array>;

/** A tensor, or what of it lies in a rank's slice. */
interface Piece extends Segment {
  /** Where it begins in its tensor. */
  readonly from: number;
}

/** What a rank says of its state; the numbers follow in this order. */
interface Contents {
  readonly pieces: readonly (Omit<State, "slots"> & {
    readonly name: string;
    readonly sizes: Readonly<Record<string, number>>;
  })[];
}

export interface ShardedOptimizerOptions
  extends Pick<
    OptimizerOptions<Float32Array>,
    "backend" | "segments" | "parameters" | "gradients" | "rule" | "hyper" | "seed"
  > {
  readonly communicator: Communicator;
}

/** Where each rank's slice of the flat vector begins, and its end. Raises RangeError for what cannot be divided among so many. */
export function shardBounds(rule: Rule, segments: readonly Segment[], ranks: number): number[] {
  const total = segments.reduce((sum, { size }) => sum + size, 0);
  const equal = partBounds(total, ranks);
  const ends = segments.map(({ offset, size }) => offset + size);
  const kind = shardKind(rule);
  const nearest = (goal: number) =>
    ends.reduce((best, end) => (Math.abs(end - goal) < Math.abs(best - goal) ? end : best), 0);
  const bounds =
    kind === "elements" ? equal : equal.map((goal, i) => (i === 0 || i === ranks ? goal : nearest(goal)));
  if (bounds.every((bound, i) => i === 0 || bound > bounds[i - 1]!)) return bounds;
  throw new RangeError(
    `Cannot divide the state of ${rule.name} among ${ranks} ranks as each needs a part of ${kind === "tensors" ? "whole tensors" : "the parameters"}: ${segments.length} tensors of ${total} parameters leave some without: use fewer ranks`,
  );
}

export class ShardedOptimizer implements Updates {
  private readonly own: Optimizer<Float32Array>;
  private readonly parameters: Float32Array;
  private readonly segments: readonly Segment[];
  private readonly pieces: readonly Piece[];
  private readonly bounds: readonly number[];
  private readonly communicator: Communicator;
  private gathered: OptimizerState<Float32Array> | undefined;

  /** Raises RangeError for a rule that cannot be divided, or for more ranks than there is to divide. */
  constructor({ communicator, segments, ...options }: ShardedOptimizerOptions) {
    this.communicator = communicator;
    this.segments = segments;
    this.parameters = options.parameters;
    this.bounds = shardBounds(options.rule, segments, communicator.size);
    this.pieces = cut(segments, this.bounds[communicator.rank]!, this.bounds[communicator.rank + 1]!);
    this.own = new Optimizer({ ...options, segments: this.pieces });
  }

  get hasView(): boolean {
    return this.own.hasView;
  }

  phasesDue(): Phase[] {
    return this.own.phasesDue();
  }

  async prepare(phase: Phase, factors?: Readonly<Record<string, number>>): Promise<void> {
    await this.own.prepare(phase, factors);
    await this.share(this.parameters);
  }

  async step(factors?: Readonly<Record<string, number>>): Promise<void> {
    await this.own.step(factors);
    await this.share(this.parameters);
  }

  async writeView(out: Float32Array): Promise<void> {
    await this.own.writeView(out);
    await this.share(out);
  }

  private share(vector: Float32Array): Promise<void> {
    return this.communicator.allGather(vector, this.bounds);
  }

  /** Bring the state of all ranks to rank 0. */
  async gather(): Promise<void> {
    const { communicator, own } = this;
    const { parameters, shared } = own.state();
    const contents: Contents = {
      pieces: Object.entries(parameters).map(([name, { slots, ...counter }]) => ({
        ...counter,
        name,
        sizes: Object.fromEntries(Object.entries(slots).map(([slot, data]) => [slot, data.length])),
      })),
    };
    const data = joinVectors(Object.values(parameters).flatMap(({ slots }) => Object.values(slots)));
    const all = await exchange(communicator, { contents, length: data.length });
    const numbers = await communicator.gather(
      data,
      all.map(({ length }) => length),
    );
    if (numbers === undefined) return;
    const whole = putTogether(
      all.flatMap(({ contents }) => contents.pieces),
      numbers,
      this.segments,
    );
    this.gathered = { version: 1, parameters: whole, shared };
  }

  /** The whole state, at rank 0 after `gather`. */
  state(): OptimizerState<Float32Array> {
    const { gathered } = this;
    if (gathered === undefined) {
      throw new TypeError(
        "Cannot give the state of a sharded optimizer as it must be gathered first, at rank 0",
      );
    }
    this.gathered = undefined; // it is as large as all ranks' states together
    return gathered;
  }

  /** Take this rank's part of a whole state. */
  load({ parameters, shared, version }: OptimizerState<Float32Array>): void {
    const sizes = new Map(this.segments.map(({ name, size }) => [name, size]));
    const own = this.pieces.flatMap(({ name, shape, from, size }): [string, State][] => {
      const whole = parameters[name];
      if (whole === undefined) return [];
      const slots = Object.entries(whole.slots).map(([slot, data]) => [
        slot,
        data.length === sizes.get(name) ? data.subarray(from, from + size) : data,
      ]);
      const isWhole = size === sizes.get(name);
      return [[name, { ...whole, shape: isWhole ? whole.shape : shape, slots: Object.fromEntries(slots) }]];
    });
    this.own.load({ version, parameters: Object.fromEntries(own), shared });
  }
}

/** What of the tensors lies in [begin, end). A tensor that is cut is a vector there. */
function cut(segments: readonly Segment[], begin: number, end: number): Piece[] {
  return segments.flatMap((segment): Piece[] => {
    const first = Math.max(begin, segment.offset);
    const size = Math.min(end, segment.offset + segment.size) - first;
    if (size <= 0) return [];
    if (size === segment.size) return [{ ...segment, from: 0 }];
    return [{ ...segment, shape: [size], offset: first, size, from: first - segment.offset }];
  });
}

/** Pieces in the order of the ranks, and the numbers of their slots end to end: the state of each tensor. */
function putTogether(
  pieces: Contents["pieces"],
  numbers: Float32Array,
  segments: readonly Segment[],
): Record<string, State> {
  const states: Record<string, State> = {};
  const shapes = new Map(segments.map(({ name, shape }) => [name, shape]));
  let at = 0;
  for (const { name, sizes, ...counter } of pieces) {
    const before = states[name]?.slots ?? {};
    const slots = Object.entries(sizes).map(([slot, size]) => {
      const data = numbers.subarray(at, at + size);
      at += size;
      return [slot, joinVectors([...(before[slot] === undefined ? [] : [before[slot]]), data])];
    });
    states[name] = { ...counter, shape: shapes.get(name)!, slots: Object.fromEntries(slots) };
  }
  return states;
}

function joinVectors(vectors: readonly Float32Array[]): Float32Array {
  const joined = new Float32Array(vectors.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const vector of vectors) {
    joined.set(vector, at);
    at += vector.length;
  }
  return joined;
}
