/**
 * What L-BFGS remembers: the last m steps s and changes of the gradient y, and the inverse Hessian they stand for.
 *
 * The two-loop recursion is a chain of dot products and additions, bound by memory when n is large; each addition is done
 * together with the next dot product, so that a pair costs four vectors of traffic per loop, not five.
 *
 * Source: Nocedal & Wright, Numerical Optimization, 2nd ed., Algorithm 7.4.
 */
import type { Vector } from "../objective.ts";
import { add, addThenDot, dot } from "../vectors.ts";

interface Correction {
  s: Vector;
  y: Vector;
  /** 1/yᵀs */
  rho: number;
}

export class LimitedMemory {
  private readonly size: number;
  /** Oldest first. */
  private readonly kept: Correction[] = [];
  /** Buffers of the pair that was dropped last. */
  private spare: Correction | undefined;
  /** H₀ = scale·I, with scale = sᵀy/yᵀy of the newest pair. */
  private scale = 1;

  constructor(size: number) {
    this.size = size;
  }

  get length(): number {
    return this.kept.length;
  }

  forget(): void {
    this.kept.length = 0;
    this.scale = 1;
  }

  /** Take s = step·d and y = g − before; unless yᵀs is at most `least`, where the curvature along s is not positive. */
  push(step: number, d: Vector, g: Vector, before: Vector, least: number): void {
    const oldest = this.kept.length === this.size ? this.kept[0]! : undefined;
    const pair = this.spare ?? { s: new Float64Array(d.length), y: new Float64Array(d.length), rho: 0 };
    const { s, y } = pair;
    let [ys, yy] = [0, 0];
    for (let i = 0; i < s.length; i++) {
      const si = step * d[i]!;
      const yi = g[i]! - before[i]!;
      s[i] = si;
      y[i] = yi;
      ys += yi * si;
      yy += yi * yi;
    }
    this.spare = pair;
    if (!(ys > least)) return;
    pair.rho = 1 / ys;
    this.scale = ys / yy;
    if (oldest !== undefined) this.kept.shift();
    this.kept.push(pair);
    this.spare = oldest;
  }

  /** d ← −Hg */
  direction(g: Vector, d: Vector): void {
    const { kept, scale } = this;
    const m = kept.length;
    for (let i = 0; i < d.length; i++) d[i] = -g[i]!;
    if (m === 0) return;
    const alpha = new Float64Array(m);
    let along = dot(kept[m - 1]!.s, d);
    for (let i = m - 1; i > 0; i--) {
      alpha[i] = along * kept[i]!.rho;
      along = addThenDot(d, -alpha[i]!, kept[i]!.y, kept[i - 1]!.s);
    }
    alpha[0] = along * kept[0]!.rho;
    add(d, -alpha[0]!, kept[0]!.y);
    for (let i = 0; i < d.length; i++) d[i]! *= scale;
    along = dot(kept[0]!.y, d);
    for (let i = 0; i < m - 1; i++) {
      const beta = along * kept[i]!.rho;
      along = addThenDot(d, alpha[i]! - beta, kept[i]!.s, kept[i + 1]!.y);
    }
    add(d, alpha[m - 1]! - along * kept[m - 1]!.rho, kept[m - 1]!.s);
  }
}
