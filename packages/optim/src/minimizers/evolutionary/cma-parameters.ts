/**
 * The constants of CMA-ES, all of them functions of the dimension and the population's size.
 *
 * Source  Hansen, "The CMA Evolution Strategy: A Tutorial", arXiv:1604.00772, table 1 and eqs. 49–58; for the diagonal form Ros &
 *         Hansen, PPSN 2008: c₁ and c_μ times (n + 2)/3, since there are n numbers to learn rather than n(n + 1)/2.
 */

export interface CmaParameters {
  /** λ, points per generation. */
  readonly lambda: number;
  /** μ, those with positive weights. */
  readonly mu: number;
  /** By rank, best first: μ positive ones that sum to 1, then negative ones. */
  readonly weights: Float64Array;
  readonly muEff: number;
  /** Memory of the step size's path, and damping of its change. */
  readonly cSigma: number;
  readonly dSigma: number;
  /** Memory of the covariance's path. */
  readonly cC: number;
  /** Rates of the update along that path, and along the selected steps. */
  readonly c1: number;
  readonly cMu: number;
}

export function cmaParameters(n: number, lambda: number, diagonal: boolean): CmaParameters {
  const raw = Array.from({ length: lambda }, (_, i) => Math.log((lambda + 1) / 2) - Math.log(i + 1));
  const mu = Math.floor(lambda / 2);
  const sum = (list: readonly number[]) => list.reduce((total, one) => total + one, 0);
  const effective = (list: readonly number[]) => sum(list) ** 2 / sum(list.map((w) => w * w));
  const muEff = effective(raw.slice(0, mu));
  const muEffNegative = effective(raw.slice(mu));

  const cSigma = (muEff + 2) / (n + muEff + 5);
  const dSigma = 1 + 2 * Math.max(0, Math.sqrt((muEff - 1) / (n + 1)) - 1) + cSigma;
  const cC = (4 + muEff / n) / (n + 4 + (2 * muEff) / n);
  const learn = diagonal ? (n + 2) / 3 : 1;
  const c1 = Math.min(1, (learn * 2) / ((n + 1.3) ** 2 + muEff));
  const cMu = Math.min(1 - c1, (learn * 2 * (0.25 + muEff - 2 + 1 / muEff)) / ((n + 2) ** 2 + muEff));

  const positive = sum(raw.filter((w) => w > 0));
  const negative = -sum(raw.filter((w) => w < 0));
  // the sum of the negative weights: so that rank-one and rank-μ decay alike, by their own variance, and C stays positive definite
  const most = Math.min(1 + c1 / cMu, 1 + (2 * muEffNegative) / (muEff + 2), (1 - c1 - cMu) / (n * cMu));
  const weights = Float64Array.from(raw, (w) => (w >= 0 ? w / positive : (Math.max(0, most) * w) / negative));
  return { lambda, mu, weights, muEff, cSigma, dSigma, cC, c1, cMu };
}
