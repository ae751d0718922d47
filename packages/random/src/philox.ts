/**
 * Philox-4x32-10, the counter-based generator: a keyed bijection of 128-bit counters.
 *
 * A block of four random words is a pure function of (counter, key), so nothing has to be stored, skipped or
 * shared: whoever knows the counter can compute the block, in any order and on any worker. Ten rounds of two
 * 32 × 32 → 64-bit products pass BigCrush; seven would.
 *
 * Source  Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011, §3.3 and table 2.
 */

/** Multipliers of a round, and the steps ("Weyl constants", golden ratio and √3 − 1) by which the key advances between rounds. */
const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;

/** Upper 32 bits of a × m, unsigned, from 16-bit halves: JavaScript has only the lower half, `Math.imul`. */
function multiplyHigh(a: number, m: number): number {
  const aHigh = a >>> 16;
  const aLow = a & 0xffff;
  const mHigh = m >>> 16;
  const mLow = m & 0xffff;
  const middle = (Math.imul(aHigh, mLow) + (Math.imul(aLow, mLow) >>> 16)) | 0; // fits 32 unsigned bits
  const other = (Math.imul(aLow, mHigh) + (middle & 0xffff)) | 0;
  return (Math.imul(aHigh, mHigh) + (middle >>> 16) + (other >>> 16)) | 0;
}

/**
 * Encrypt counter (c0, c1, c2, c3) under key (k0, k1) and write the four words to `out[at … at + 3]`.
 *
 * One round, with (high, low) the halves of a product:
 *
 *   c ← (high(M₁c₂) ⊕ c₁ ⊕ k₀,  low(M₁c₂),  high(M₀c₀) ⊕ c₃ ⊕ k₁,  low(M₀c₀))
 *
 * Words are 32 bits; signed and unsigned JavaScript numbers are both accepted and mean the same bits.
 */
export function philox(
  out: Uint32Array,
  at: number,
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
): void {
  let a = c0 | 0;
  let b = c1 | 0;
  let c = c2 | 0;
  let d = c3 | 0;
  let ka = k0 | 0;
  let kb = k1 | 0;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(a, M0);
    const low0 = Math.imul(a, M0);
    const high1 = multiplyHigh(c, M1);
    const low1 = Math.imul(c, M1);
    a = high1 ^ b ^ ka;
    b = low1;
    c = high0 ^ d ^ kb;
    d = low0;
    ka = (ka + W0) | 0;
    kb = (kb + W1) | 0;
  }
  out[at] = a;
  out[at + 1] = b;
  out[at + 2] = c;
  out[at + 3] = d;
}
