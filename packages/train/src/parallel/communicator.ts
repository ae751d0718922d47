/**
 * Ranks: processes that train one model together, each with a part of every batch. A communicator is what they say to each other;
 * everything else in this package knows no more of other processes than this. All ranks must make the same calls in the same order.
 *
 * `alone` is the trivial one, of a process that nobody else works with; `joinRanks` gives the one of MPI.
 */

export type Reducible = Float32Array | Float64Array | Int32Array;

export interface Communicator {
  /** Of this process, from 0. */
  readonly rank: number;
  /** How many there are. */
  readonly size: number;
  /** What carries the messages, with its version. */
  readonly engine: string;
  /**
   * Replace the values by their sum, or their largest, over all ranks. Every rank gets the same bits, and the same bits each time;
   * another number of ranks, another length or another library may add in another order.
   */
  allReduce(values: Reducible, operation: "sum" | "max"): Promise<void>;
  /** Fill a vector of which rank r holds [bounds[r], bounds[r + 1]) with the parts of all. */
  allGather(values: Reducible, bounds: readonly number[]): Promise<void>;
  /** All ranks' values end to end, counts[r] of them from rank r: at rank 0, undefined elsewhere. */
  gather(values: Float32Array, counts: readonly number[]): Promise<Float32Array | undefined>;
  /** Replace the values by those of rank 0. */
  broadcast(values: Reducible): Promise<void>;
  /** Wait until all ranks are here. */
  barrier(): Promise<void>;
  /** Whether all ranks came here within so many milliseconds; if not, the communicator is of no use any more but to `abort`. */
  meet(timeoutMs: number): Promise<boolean>;
  /** End every rank at once, with this exit code. */
  abort(exitCode: number): void;
  /** Say goodbye: the last call of all. Without it the end of this process ends the others. */
  leave(): Promise<void>;
}

/** Rank 0 of 1. */
export const alone: Communicator = {
  rank: 0,
  size: 1,
  engine: "one process",
  allReduce: async () => {},
  allGather: async () => {},
  gather: async (values) => values.slice(),
  broadcast: async () => {},
  barrier: async () => {},
  meet: async () => true,
  abort: (exitCode) => process.exit(exitCode),
  leave: async () => {},
};

/**
 * Where each rank's part of n elements begins, and after them n: parts as equal as whole numbers allow, the larger ones first.
 *
 * @example partBounds(10, 4) // [0, 3, 6, 8, 10]
 */
export const partBounds = (n: number, parts: number): number[] =>
  Array.from({ length: parts + 1 }, (_, i) => i * Math.floor(n / parts) + Math.min(i, n % parts));

/** What each rank has to tell, by rank. Values are sent as JSON: for what is said once, not at every step. */
export async function exchange<T>(communicator: Communicator, value: T): Promise<T[]> {
  const { rank, size } = communicator;
  const text = new TextEncoder().encode(JSON.stringify(value));
  const lengths = new Int32Array(size);
  lengths[rank] = text.length;
  await communicator.allReduce(lengths, "max");
  const bounds = [0];
  for (const length of lengths) bounds.push(bounds.at(-1)! + length);
  const bytes = new Int32Array(bounds[size]!); // a byte to an element
  bytes.set(text, bounds[rank]!);
  await communicator.allGather(bytes, bounds);
  const decoder = new TextDecoder();
  return Array.from(
    { length: size },
    (_, r) => JSON.parse(decoder.decode(Uint8Array.from(bytes.subarray(bounds[r], bounds[r + 1])))) as T,
  );
}
