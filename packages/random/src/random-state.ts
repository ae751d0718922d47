/**
 * NumPy's RandomState, bit for bit but for the last bits of log: published experiments drew their problems with it, and data that
 * others shall make again are drawn with it here. Not for what training draws, which comes from `stream`.
 *
 * Source: Matsumoto & Nishimura 1998, MT19937; numpy/random/src/mt19937/mt19937.c and src/legacy/legacy-distributions.c.
 */

const N = 624;
const M = 397;

export class RandomState {
  private readonly state = new Uint32Array(N);
  private next = N;
  /** The second value of the polar method, for the next call. */
  private spare: number | undefined;

  constructor(seed: number) {
    this.state[0] = seed;
    for (let i = 1; i < N; i++) {
      const before = this.state[i - 1]!;
      this.state[i] = Math.imul(1_812_433_253, before ^ (before >>> 30)) + i;
    }
  }

  uint32(): number {
    if (this.next === N) this.twist();
    let y = this.state[this.next++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  /** In [low, high), from 53 random bits. */
  uniform(low = 0, high = 1): number {
    const upper = this.uint32() >>> 5;
    const lower = this.uint32() >>> 6;
    return low + (high - low) * ((upper * 2 ** 26 + lower) / 2 ** 53);
  }

  /** Standard normal, by Marsaglia's polar method; the second of each pair comes out first. */
  normal(): number {
    const { spare } = this;
    this.spare = undefined;
    if (spare !== undefined) return spare;
    for (;;) {
      const x = 2 * this.uniform() - 1;
      const y = 2 * this.uniform() - 1;
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const factor = Math.sqrt((-2 * Math.log(square)) / square);
      this.spare = factor * x;
      return factor * y;
    }
  }

  /** 0 … n − 1 in random order: Fisher and Yates from the end, each index drawn by masking and rejecting. */
  permutation(n: number): number[] {
    const order = Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const mask = 2 ** Math.ceil(Math.log2(i + 1)) - 1;
      let j = this.uint32() & mask;
      while (j > i) j = this.uint32() & mask;
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    return order;
  }

  private twist(): void {
    const { state } = this;
    for (let i = 0; i < N; i++) {
      const y = (state[i]! & 0x80000000) | (state[(i + 1) % N]! & 0x7fffffff);
      state[i] = state[(i + M) % N]! ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.next = 0;
  }
}
