/**
 * Text of a hidden Markov chain whose entropy is known: 8 states, 32 symbols, and a next state that follows from the state and the
 * symbol (the chain is unifilar), so that its entropy rate has a closed form.
 *
 *   p(symbol | state) ∝ exp(2 N(0, 1))      h = −Σ_s π_s Σ_a p(a | s) ln p(a | s)        π the states' stationary distribution
 *
 * Pieces of 33 symbols are cut from one text: the first 32 are an example, the last 32 its labels. `lowestLoss` of a split is what
 * the chain itself would lose that sees no more than the piece: it sums over the states that its beginning may have had. It lies
 * above h by what finding the state costs.
 * Source: Travers & Crutchfield, "Exact synchronization for finite-state sources", J. Stat. Phys. 145, 2011 (unifilar sources).
 */
import { RandomState } from "@thalweg/random";
import type { Split } from "../dataset.ts";
import { drawSplits, type MadeData } from "./made.ts";

const STATES = 8;
const SYMBOLS = 32;
export const LENGTH = 32;
const COUNTS = { train: 4096, validation: 512, test: 512 };

/** Tables by state · SYMBOLS + symbol. */
interface Chain {
  readonly emission: Float64Array;
  readonly next: Uint8Array;
  /** π by state. */
  readonly stationary: Float64Array;
}

export function hmmText(): MadeData {
  const rng = new RandomState(9);
  const chain = drawChain(rng);
  let state = choose(chain.stationary, rng.uniform());
  const emit = () => {
    const symbol = choose(chain.emission.subarray(state * SYMBOLS, (state + 1) * SYMBOLS), rng.uniform());
    state = chain.next[state * SYMBOLS + symbol]!;
    return symbol;
  };
  const pieces = (count: number): Split => {
    const images = new Int32Array(count * LENGTH);
    const labels = new Int32Array(count * LENGTH);
    let loss = 0;
    for (let row = 0; row < count; row++) {
      const piece = Array.from({ length: LENGTH + 1 }, emit);
      images.set(piece.slice(0, -1), row * LENGTH);
      labels.set(piece.slice(1), row * LENGTH);
      loss += lossOfChain(chain, piece);
    }
    const form = { shape: [LENGTH], labelShape: [LENGTH] };
    return { images, labels, count, ...form, lowestLoss: loss / count };
  };
  const classes = Array.from({ length: SYMBOLS }, (_, symbol) => String(symbol));
  return { classes, ...drawSplits(COUNTS, pieces) };
}

/** h of the text's source, in nats per symbol. */
export function hmmEntropyRate(): number {
  const { emission, stationary } = drawChain(new RandomState(9));
  return emission.reduce((sum, p, k) => sum - stationary[Math.floor(k / SYMBOLS)]! * p * Math.log(p), 0);
}

function drawChain(rng: RandomState): Chain {
  const emission = new Float64Array(STATES * SYMBOLS);
  for (let state = 0; state < STATES; state++) {
    const weights = Float64Array.from({ length: SYMBOLS }, () => Math.exp(2 * rng.normal()));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    emission.set(
      weights.map((weight) => weight / total),
      state * SYMBOLS,
    );
  }
  const next = Uint8Array.from(emission, () => Math.floor(STATES * rng.uniform()));
  return { emission, next, stationary: stationaryOf(emission, next) };
}

/** π = π P, by iterating it from the uniform distribution: chains of eight states forget in a few steps. */
function stationaryOf(emission: Float64Array, next: Uint8Array): Float64Array {
  let now = new Float64Array(STATES).fill(1 / STATES);
  for (let step = 0; step < 1000; step++) {
    const then = new Float64Array(STATES);
    emission.forEach((p, k) => {
      then[next[k]!]! += now[Math.floor(k / SYMBOLS)]! * p;
    });
    now = then;
  }
  return now;
}

/** −ln p(piece[1…] | piece[0]) a symbol, under the chain started from its stationary distribution. */
function lossOfChain({ emission, next, stationary }: Chain, piece: readonly number[]): number {
  let belief = stationary;
  let loss = 0;
  piece.forEach((symbol, t) => {
    const moved = new Float64Array(STATES);
    let probability = 0;
    for (let state = 0; state < STATES; state++) {
      const joint = belief[state]! * emission[state * SYMBOLS + symbol]!;
      moved[next[state * SYMBOLS + symbol]!]! += joint;
      probability += joint;
    }
    if (t > 0) loss -= Math.log(probability);
    belief = moved.map((joint) => joint / probability);
  });
  return loss / (piece.length - 1);
}

/** The first index whose cumulated probability is above u. */
function choose(probabilities: Float64Array, u: number): number {
  let sum = 0;
  for (let k = 0; k < probabilities.length; k++) {
    sum += probabilities[k]!;
    if (u < sum) return k;
  }
  return probabilities.length - 1;
}
