/**
 * A stream of random numbers that is a pure function of (seed, purpose, index).
 *
 * Every use of chance has a name: `stream(7, "order", epoch)` shuffles an epoch, `stream(7, "init", layer)` draws
 * a layer's weights. Streams share no state, so the bits do not depend on which worker asks, in which order, or
 * what else was drawn before; that is what makes a run repeatable with any number of workers.
 *
 *   key      64 bits, hashed from seed, purpose and the number of indices
 *   counter  (block, index₀, index₁, index₂): exact, so different indices never share a block
 */
import { philox } from "./philox.ts";

const TWO_32 = 2 ** 32;

/** Words drawn ahead at a time. A multiple of four (one Philox block); the value has no effect on the numbers. */
const BUFFER = 64;

/**
 * The stream for a seed, a purpose and up to three indices.
 *
 * @param seed     whole number in [0, 2⁵³)
 * @param purpose  what the numbers are for, e.g. "init", "order", "noise"
 * @param index    which of them, e.g. epoch, or layer and step: whole numbers in [0, 2³²)
 *
 * @example stream(1, "order", 3).permutation(60_000) // the order of epoch 3
 */
export function stream(seed: number, purpose: string, ...index: number[]): Stream {
  if (!(Number.isSafeInteger(seed) && seed >= 0)) {
    throw new RangeError(
      `Cannot open random stream "${purpose}" as seed must be a whole number in [0, 2^53): current value is ${seed}`,
    );
  }
  if (index.length > 3) {
    throw new RangeError(
      `Cannot open random stream "${purpose}" as it takes at most 3 indices: got ${index.length} (${index.join(", ")}); put the rest into the purpose`,
    );
  }
  for (const [i, value] of index.entries()) {
    if (!(Number.isInteger(value) && value >= 0 && value < TWO_32)) {
      throw new RangeError(
        `Cannot open random stream "${purpose}" as index ${i} must be a whole number in [0, 2^32): current value is ${value}`,
      );
    }
  }
  const [k0, k1] = deriveKey(seed, purpose, index.length);
  return new Stream(k0, k1, index[0] ?? 0, index[1] ?? 0, index[2] ?? 0);
}

/**
 * Hash (seed, purpose, number of indices) to a 64-bit key, with Philox itself as the mixing function.
 *
 * The message is the purpose's UTF-8 bytes, zero-padded to blocks of 16, then a block (length, indices, 0, 0); each
 * block is encrypted under the key so far, which starts as the seed. Not cryptographic, and need not be: 64 bits
 * keep the handful of purposes of a run apart.
 */
function deriveKey(seed: number, purpose: string, indices: number): [number, number] {
  const text = new TextEncoder().encode(purpose);
  const blocks = Math.ceil(text.length / 16);
  const words = new Uint32Array(4 * (blocks + 1));
  for (let i = 0; i < text.length; i++) words[i >> 2]! |= text[i]! << (8 * (i & 3));
  words[4 * blocks] = text.length;
  words[4 * blocks + 1] = indices;

  const mixed = new Uint32Array(4);
  let k0 = seed >>> 0;
  let k1 = Math.floor(seed / TWO_32);
  for (let i = 0; i < words.length; i += 4) {
    philox(mixed, 0, words[i]!, words[i + 1]!, words[i + 2]!, words[i + 3]!, k0, k1);
    k0 = mixed[0]!;
    k1 = mixed[1]!;
  }
  return [k0, k1];
}

/** A cursor over one stream. Each method takes the next words; the same calls in the same order give the same values. */
export class Stream {
  private readonly k0: number;
  private readonly k1: number;
  private readonly c1: number;
  private readonly c2: number;
  private readonly c3: number;
  private block = 0;
  private readonly words = new Uint32Array(BUFFER);
  private used = BUFFER;
  private spareNormal = Number.NaN;

  /** Use `stream()`, which derives the key. Words: key (k0, k1), counter's upper words (c1, c2, c3). */
  constructor(k0: number, k1: number, c1: number, c2: number, c3: number) {
    this.k0 = k0;
    this.k1 = k1;
    this.c1 = c1;
    this.c2 = c2;
    this.c3 = c3;
  }

  private refill(): void {
    if (this.block >= TWO_32) {
      throw new RangeError(
        "Cannot draw from random stream as its 2^34 words are used up: open another with the next index",
      );
    }
    for (let at = 0; at < BUFFER; at += 4) {
      philox(this.words, at, this.block++, this.c1, this.c2, this.c3, this.k0, this.k1);
    }
    this.used = 0;
  }

  /** 32 random bits as a whole number in [0, 2³²). Takes one word. */
  uint32(): number {
    if (this.used === BUFFER) this.refill();
    return this.words[this.used++]!;
  }

  /** Pass over so many words, as if they had been drawn. */
  skip(words: number): void {
    if (!(Number.isSafeInteger(words) && words >= 0)) {
      throw new RangeError(
        `Cannot skip words of a random stream as their number must be a whole number from 0: current value is ${words}`,
      );
    }
    const ahead = BUFFER - this.used;
    if (words < ahead) {
      this.used += words;
      return;
    }
    const buffers = Math.floor((words - ahead) / BUFFER);
    this.block += buffers * (BUFFER / 4);
    this.used = BUFFER;
    const rest = words - ahead - buffers * BUFFER;
    if (rest === 0) return;
    this.refill();
    this.used = rest;
  }

  /** Uniform in [0, 1) on the grid of 2⁻⁵³: every double of that grid is equally likely. Takes two words. */
  uniform(): number {
    const high = this.uint32() >>> 5; // 27 bits
    const low = this.uint32() >>> 6; // 26 bits
    return (high * 2 ** 26 + low) * 2 ** -53;
  }

  /** True with probability p. Takes two words. */
  bernoulli(p: number): boolean {
    if (!(p >= 0 && p <= 1)) {
      throw new RangeError(`Cannot draw bernoulli as p must be in [0, 1]: current value is ${p}`);
    }
    return this.uniform() < p;
  }

  /**
   * Standard normal, by Marsaglia's polar method.
   *
   *   x, y uniform in (−1, 1) until s = x² + y² < 1;   x √(−2 ln s / s), then y √(−2 ln s / s)
   *
   * Chosen over Box–Muller's sine and cosine because it needs only `Math.log` and the exactly rounded root, so
   * it leaves less to the platform's mathematics. Takes two words per attempt (success π/4) for two values.
   *
   * Accuracy  x and y lie on the odd multiples of 2⁻³², so |value| ≤ 9.3; moments are exact to well below 1e-9.
   * Source    Marsaglia & Bray, "A convenient method for generating normal variables", SIAM Review 6 (1964).
   */
  normal(): number {
    const spare = this.spareNormal;
    if (!Number.isNaN(spare)) {
      this.spareNormal = Number.NaN;
      return spare;
    }
    for (;;) {
      const x = (this.uint32() + 0.5) * 2 ** -31 - 1;
      const y = (this.uint32() + 0.5) * 2 ** -31 - 1;
      const s = x * x + y * y;
      if (s < 1) {
        const radius = Math.sqrt((-2 * Math.log(s)) / s);
        this.spareNormal = y * radius;
        return x * radius;
      }
    }
  }

  /** Whole number in [0, n), each equally likely: words at or above the last multiple of n are drawn again. */
  integer(n: number): number {
    if (!(Number.isInteger(n) && n >= 1 && n <= TWO_32)) {
      throw new RangeError(
        `Cannot draw integer as n must be a whole number in [1, 2^32]: current value is ${n}`,
      );
    }
    const limit = TWO_32 - (TWO_32 % n);
    for (;;) {
      const word = this.uint32();
      if (word < limit) return word % n;
    }
  }

  /** The numbers 0 … n − 1 in random order, each of the n! orders equally likely (Fisher–Yates, from the end). */
  permutation(n: number): Uint32Array {
    if (!(Number.isInteger(n) && n >= 0 && n <= TWO_32)) {
      throw new RangeError(
        `Cannot draw permutation as n must be a whole number in [0, 2^32]: current value is ${n}`,
      );
    }
    const order = new Uint32Array(n);
    for (let i = 0; i < n; i++) order[i] = i;
    for (let i = n - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const kept = order[i]!;
      order[i] = order[j]!;
      order[j] = kept;
    }
    return order;
  }

  /**
   * Fill with low + (high − low)·u, where u has float32's 24 bits. Takes one word per element.
   *
   * With the default bounds values lie in [0, 1) exactly; with others the rounding to float32 may reach `high`.
   */
  fillUniform(out: Float32Array, low = 0, high = 1): Float32Array {
    if (!(Number.isFinite(low) && Number.isFinite(high) && low <= high)) {
      throw new RangeError(
        `Cannot fill uniform as bounds must be finite with low <= high: current values are ${low} and ${high}`,
      );
    }
    const scale = (high - low) * 2 ** -24;
    const words = this.words;
    for (let i = 0; i < out.length; ) {
      if (this.used === BUFFER) this.refill();
      const end = Math.min(out.length, i + BUFFER - this.used);
      let used = this.used;
      for (; i < end; i++) out[i] = low + scale * (words[used++]! >>> 8);
      this.used = used;
    }
    return out;
  }

  /** Fill with mean + std·z, z from `normal()`: the same values as calling it once per element. */
  fillNormal(out: Float32Array, mean = 0, std = 1): Float32Array {
    if (!(Number.isFinite(mean) && std >= 0 && std < Number.POSITIVE_INFINITY)) {
      throw new RangeError(
        `Cannot fill normal as mean must be finite and std in [0, ∞): current values are ${mean} and ${std}`,
      );
    }
    for (let i = 0; i < out.length; i++) out[i] = mean + std * this.normal();
    return out;
  }
}
