/**
 * What the gradients of single examples say about a batch's. With gᵢ of B examples and their mean ḡ, tr Σ̂ = (Σ‖gᵢ‖² − B‖ḡ‖²) / (B − 1):
 *
 *   norm test         √( tr Σ̂ / (B ‖ḡ‖²) )
 *   inner test        √( Varᵢ⟨gᵢ, ḡ⟩ / (B ‖ḡ‖⁴) )                     Var = (Σ⟨gᵢ, ḡ⟩² − B‖ḡ‖⁴) / (B − 1)
 *   orthogonal test   √( (Σ‖gᵢ‖² − Σ⟨gᵢ, ḡ⟩²/‖ḡ‖²) / ((B − 1) B ‖ḡ‖²) )
 *   noise scale       tr Σ̂ / |G|²,  |G|² = ‖ḡ‖² − tr Σ̂ / B              both without bias; negative where noise drowns |G|
 *   mean GSNR         mean over j of ḡⱼ² / ( mean gᵢⱼ² − ḡⱼ² + 1e-5 )
 *   early stopping    1 − B · mean over j of ḡⱼ² / ( Varⱼ + 1e-5 )        Varⱼ with 1/(B − 1)
 *
 * Below 1 a test says that the mean stands out from the noise in that respect; early stopping above 0, that nothing of it does.
 *
 * Source   Cockpit (Schneider, Dangel & Hennig, arXiv:2102.06604, appendix C) for the tests; Bollapragada et al., arXiv:1710.11258;
 *          Mahsereci et al., arXiv:1703.09580, eq. 7, for early stopping without a validation set;
 *          McCandlish et al., arXiv:1812.06162, appendix A.1, with b = 1 for the noise scale.
 */
export interface GradientTests {
  readonly examples: number;
  readonly normTest: number;
  readonly innerTest: number;
  readonly orthogonalTest: number;
  /** tr Σ̂ */
  readonly trace: number;
  /** Estimate of |G|². */
  readonly squaredGradient: number;
  readonly noiseScale: number;
  readonly meanGsnr: number;
  /** Above 0 training has nothing left to learn from gradients of plain SGD. */
  readonly earlyStopping: number;
}

/** Cockpit's, for the mean GSNR and for early stopping. */
const FLOOR = 1e-5;

/** Raises RangeError for fewer than two gradients. */
export function gradientTests(gradients: readonly Float32Array[]): GradientTests {
  const B = gradients.length;
  if (B < 2) {
    throw new RangeError(
      `Cannot test gradients as there must be those of two examples at least: there are ${B}`,
    );
  }
  const P = gradients[0]!.length;
  const mean = new Float64Array(P);
  const meanSquare = new Float64Array(P);
  let squares = 0; // Σ‖gᵢ‖²
  for (const g of gradients) {
    for (let j = 0; j < P; j++) {
      const square = g[j]! * g[j]!;
      mean[j]! += g[j]! / B;
      meanSquare[j]! += square / B;
      squares += square;
    }
  }
  let norm = 0; // ‖ḡ‖²
  let [ratios, evidence] = [0, 0];
  for (let j = 0; j < P; j++) {
    const square = mean[j]! * mean[j]!;
    const spread = Math.max(0, meanSquare[j]! - square);
    norm += square;
    ratios += square / (spread + FLOOR);
    evidence += square / ((B / (B - 1)) * spread + FLOOR);
  }
  let products = 0; // Σ⟨gᵢ, ḡ⟩²
  for (const g of gradients) {
    let product = 0;
    for (let j = 0; j < P; j++) product += g[j]! * mean[j]!;
    products += product * product;
  }
  const positive = (value: number) => Math.max(0, value); // rounding may leave −1e-20
  const trace = positive(squares - B * norm) / (B - 1);
  const squaredGradient = norm - trace / B;
  return {
    examples: B,
    normTest: Math.sqrt(trace / (B * norm)),
    innerTest: Math.sqrt(positive(products - B * norm * norm) / (B - 1) / (B * norm * norm)),
    orthogonalTest: Math.sqrt(positive(squares - products / norm) / ((B - 1) * B * norm)),
    trace,
    squaredGradient,
    noiseScale: trace / squaredGradient,
    meanGsnr: ratios / P,
    earlyStopping: 1 - (B * evidence) / P,
  };
}
