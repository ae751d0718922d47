/** Functions with many minima: what is found depends on where one begins, and on luck. */
import type { Vector } from "../objective.ts";
import { count, positive } from "../options.ts";
import { cube, family, type Pair, planar, viewIn, withHessian } from "./problem.ts";

export const himmelblau = family({
  name: "himmelblau",
  summary: "Four minima of the same height, between four saddles.",
  options: {},
  planar: true,
  build: () => ({
    ...planar({
      value: (x, y) => (x * x + y - 11) ** 2 + (x + y * y - 7) ** 2,
      gradient: (x, y) => {
        const [a, b] = [x * x + y - 11, x + y * y - 7];
        return [4 * x * a + 2 * b, 2 * a + 4 * y * b];
      },
      hessian: (x, y) => [12 * x * x + 4 * y - 42, 4 * (x + y), 12 * y * y + 4 * x - 26],
      minima: [
        [3, 2],
        [-2.805118086952745, 3.131312518250573],
        [-3.779310253377747, -3.283185991286169],
        [3.5844283403304917, -1.8481265269644034],
      ],
      saddles: [
        [-3.0730257507643897, -0.08135304428796751],
        [0.08667750455539634, 2.884254701174776],
        [3.385154183607021, 0.07385187983774928],
        [-0.12796134673068005, -1.9537149802445766],
      ],
      view: { x: [-5, 5], y: [-5, 5] },
      start: [-0.5, -1],
    }),
    residuals: {
      count: 2,
      // f = ½‖r‖², so each r is √2 times what is squared
      evaluate: ([x = 0, y = 0], r, J) => {
        const c = Math.SQRT2;
        r.set([c * (x * x + y - 11), c * (x + y * y - 7)]);
        J.set([2 * c * x, c, c, 2 * c * y]);
      },
    },
    formula: "(x² + y − 11)² + (x + y² − 7)²",
    latex: String.raw`\left(x^2 + y - 11\right)^2 + \left(x + y^2 - 7\right)^2`,
    source: "Himmelblau 1972, Applied Nonlinear Programming",
  }),
});

/** b, c and t of Branin's function; a = 1, r = 6, s = 10. */
const B = 5.1 / (4 * Math.PI ** 2);
const C = 5 / Math.PI;
const S = 10 * (1 - 1 / (8 * Math.PI));

export const branin = family({
  name: "branin",
  summary: "Three minima of the same height: the first test of Bayesian optimisation.",
  options: {},
  planar: true,
  build: () => {
    const inner = (x: number, y: number) => y - B * x * x + C * x - 6;
    return {
      ...planar({
        value: (x, y) => inner(x, y) ** 2 + S * Math.cos(x) + 10,
        gradient: (x, y) => {
          const u = inner(x, y);
          return [2 * u * (C - 2 * B * x) - S * Math.sin(x), 2 * u];
        },
        hessian: (x, y) => {
          const bend = C - 2 * B * x;
          return [2 * bend * bend - 4 * B * inner(x, y) - S * Math.cos(x), 2 * bend, 2];
        },
        // sin x = 0 where the bracket is zero: x = −π, π, 3π
        minima: [-1, 1, 3].map((k): Pair => {
          const x = k * Math.PI;
          return [x, B * x * x - C * x + 6];
        }),
        view: { x: [-5, 10], y: [0, 15] },
        start: [2.5, 7.5],
      }),
      formula: "(y − 5.1x²/4π² + 5x/π − 6)² + 10(1 − 1/8π) cos x + 10",
      latex: String.raw`\left(y - \tfrac{5.1}{4\pi^2} x^2 + \tfrac{5}{\pi} x - 6\right)^2 + 10 \left(1 - \tfrac{1}{8\pi}\right) \cos x + 10`,
      source: "Branin 1972, IBM Journal of Research and Development 16(5); Dixon & Szegő 1978",
    };
  },
});

/**
 * A cone with a hundred dents: nearly flat far away, and not differentiable at its minimum, where ours says 0.
 *
 *   f(x) = −20 exp(−0.2 s) − exp(c) + 20 + e      s = √(Σxᵢ²/n), c = Σ cos(2πxᵢ)/n
 */
export const ackley = family({
  name: "ackley",
  summary: "A cone with dents, nearly flat far from its tip, where it has no derivative.",
  options: { n: count(2, "dimension") },
  planar: true,
  build: ({ n }) => {
    const parts = (at: Vector) => {
      let [squares, cosines] = [0, 0];
      for (let i = 0; i < n; i++) {
        squares += at[i]! * at[i]!;
        cosines += Math.cos(2 * Math.PI * at[i]!);
      }
      return { s: Math.sqrt(squares / n), c: Math.exp(cosines / n) };
    };
    const value = (at: Vector) => {
      const { s, c } = parts(at);
      return -20 * Math.exp(-0.2 * s) - c + 20 + Math.E;
    };
    /** ∂f/∂s · ∂s/∂xᵢ = slope · xᵢ */
    const slope = (s: number) => (s === 0 ? 0 : (4 * Math.exp(-0.2 * s)) / (n * s));
    return {
      ...withHessian({
        dimension: n,
        value,
        gradient: (at, into) => {
          const { s, c } = parts(at);
          for (let i = 0; i < n; i++) {
            into[i] = slope(s) * at[i]! + ((2 * Math.PI) / n) * c * Math.sin(2 * Math.PI * at[i]!);
          }
          return value(at);
        },
        // d slope/dx_j = slope · (−0.2 − 1/s) · x_j/(n s);   dc/dx_j = −c · (2π/n) sin(2πx_j)
        hessian: (at, into) => {
          const { s, c } = parts(at);
          const radial = s === 0 ? 0 : (slope(s) * (-0.2 - 1 / s)) / (n * s);
          const w = (2 * Math.PI) / n;
          for (let i = 0; i < n; i++) {
            for (let j = 0; j < n; j++) {
              const sines = Math.sin(2 * Math.PI * at[i]!) * Math.sin(2 * Math.PI * at[j]!);
              into[i * n + j] = radial * at[i]! * at[j]! - w * w * c * sines;
            }
            into[i * n + i]! += slope(s) + 2 * Math.PI * w * c * Math.cos(2 * Math.PI * at[i]!);
          }
        },
        bounds: cube(n, -32.768, 32.768),
      }),
      formula: "−20 exp(−0.2√(Σxᵢ²/n)) − exp(Σcos(2πxᵢ)/n) + 20 + e",
      latex: String.raw`-20 \exp\!\left(-0.2 \sqrt{\tfrac{1}{n} \sum_i x_i^2}\right) - \exp\!\left(\tfrac{1}{n} \sum_i \cos 2\pi x_i\right) + 20 + e`,
      start: Float64Array.from({ length: n }, (_, i) => (i % 2 === 0 ? 2.2 : -1.6)),
      minima: [new Float64Array(n)],
      least: 0,
      ...viewIn(n, [-5, 5], [-4, 4], "even"),
      source: "Ackley 1987, A Connectionist Machine for Genetic Hillclimbing; Bäck 1996",
    };
  },
});

/** A function that is a sum over coordinates, each with f, f′ and f″. */
function separable(
  n: number,
  part: { value: (x: number) => number; first: (x: number) => number; second: (x: number) => number },
) {
  const value = (at: Vector) => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += part.value(at[i]!);
    return sum;
  };
  return withHessian({
    dimension: n,
    value,
    gradient: (at, into) => {
      for (let i = 0; i < n; i++) into[i] = part.first(at[i]!);
      return value(at);
    },
    hessian: (at, into) => {
      into.fill(0);
      for (let i = 0; i < n; i++) into[i * n + i] = part.second(at[i]!);
    },
    product: (at, v, into) => {
      for (let i = 0; i < n; i++) into[i] = part.second(at[i]!) * v[i]!;
    },
  });
}

export const rastrigin = family({
  name: "rastrigin",
  summary: "A bowl with a local minimum near every grid point.",
  options: { n: count(2, "dimension") },
  planar: true,
  build: ({ n }) => ({
    ...separable(n, {
      value: (x) => x * x + 10 - 10 * Math.cos(2 * Math.PI * x),
      first: (x) => 2 * x + 20 * Math.PI * Math.sin(2 * Math.PI * x),
      second: (x) => 2 + 40 * Math.PI ** 2 * Math.cos(2 * Math.PI * x),
    }),
    bounds: cube(n, -5.12, 5.12),
    formula: "Σ xᵢ² + 10 − 10 cos 2πxᵢ",
    latex: String.raw`\sum_i x_i^2 + 10 - 10 \cos 2\pi x_i`,
    start: Float64Array.from({ length: n }, (_, i) => (i % 2 === 0 ? 3.3 : -2.4)),
    minima: [new Float64Array(n)],
    least: 0,
    ...viewIn(n, [-5.12, 5.12], [-4, 4], "even"),
    source: "Rastrigin 1974, Systems of Extremal Control; Mühlenbein et al. 1991",
  }),
});

/** The lowest root of 2x³ − 16x + 5/2 = 0, where d/dx of ½(x⁴ − 16x² + 5x) is zero: x = 2√(8/3) cos φ. */
const STYBLINSKI_TANG =
  2 * Math.sqrt(8 / 3) * Math.cos(Math.acos((-5 / 8) * Math.sqrt(3 / 8) ** 3) / 3 + (2 * Math.PI) / 3);

export const styblinskiTang = family({
  name: "styblinski-tang",
  summary: "Two minima per coordinate, one of them the lower.",
  options: { n: count(2, "dimension") },
  planar: true,
  build: ({ n }) => ({
    ...separable(n, {
      value: (x) => (x ** 4 - 16 * x * x + 5 * x) / 2,
      first: (x) => 2 * x ** 3 - 16 * x + 2.5,
      second: (x) => 6 * x * x - 16,
    }),
    bounds: cube(n, -5, 5),
    formula: "½ Σ xᵢ⁴ − 16xᵢ² + 5xᵢ",
    latex: String.raw`\tfrac{1}{2} \sum_i x_i^4 - 16 x_i^2 + 5 x_i`,
    start: new Float64Array(n).fill(-1),
    minima: [new Float64Array(n).fill(STYBLINSKI_TANG)],
    least: (n * (STYBLINSKI_TANG ** 4 - 16 * STYBLINSKI_TANG ** 2 + 5 * STYBLINSKI_TANG)) / 2,
    ...viewIn(n, [-5, 5], [-5, 5], "even"),
    source: "Styblinski & Tang 1990, Neural Networks 3(4)",
  }),
});

/** A product A·B of two polynomials, A = 1 + u²p and B = 30 + v²q with u and v linear, p and q quadratic. */
export const goldsteinPrice = family({
  name: "goldstein-price",
  summary: "A polynomial whose values span six decades.",
  options: {},
  planar: true,
  build: () => {
    const A = (x: number, y: number) => {
      const [u, p] = [x + y + 1, 19 - 14 * x + 3 * x * x - 14 * y + 6 * x * y + 3 * y * y];
      const px = -14 + 6 * x + 6 * y; // = ∂p/∂y; second derivatives of p are all 6
      const first = 2 * u * p + u * u * px;
      const second = 2 * p + 4 * u * px + 6 * u * u;
      return { value: 1 + u * u * p, x: first, y: first, xx: second, xy: second, yy: second };
    };
    const B = (x: number, y: number) => {
      const [v, q] = [2 * x - 3 * y, 18 - 32 * x + 12 * x * x + 48 * y - 36 * x * y + 27 * y * y];
      const [qx, qy] = [-32 + 24 * x - 36 * y, 48 - 36 * x + 54 * y];
      return {
        value: 30 + v * v * q,
        x: 4 * v * q + v * v * qx,
        y: -6 * v * q + v * v * qy,
        xx: 8 * q + 8 * v * qx + 24 * v * v,
        xy: -12 * q + v * (4 * qy - 6 * qx) - 36 * v * v,
        yy: 18 * q - 12 * v * qy + 54 * v * v,
      };
    };
    return {
      ...planar({
        value: (x, y) => A(x, y).value * B(x, y).value,
        gradient: (x, y) => {
          const [a, b] = [A(x, y), B(x, y)];
          return [a.x * b.value + a.value * b.x, a.y * b.value + a.value * b.y];
        },
        hessian: (x, y) => {
          const [a, b] = [A(x, y), B(x, y)];
          return [
            a.xx * b.value + 2 * a.x * b.x + a.value * b.xx,
            a.xy * b.value + a.x * b.y + a.y * b.x + a.value * b.xy,
            a.yy * b.value + 2 * a.y * b.y + a.value * b.yy,
          ];
        },
        minima: [[0, -1]],
        view: { x: [-2, 2], y: [-2, 2] },
        start: [0.5, -0.5],
      }),
      formula: "(1 + (x + y + 1)²(19 − 14x + …))(30 + (2x − 3y)²(18 − 32x + …))",
      latex: String.raw`\left(1 + (x+y+1)^2 (19 - 14x + 3x^2 - 14y + 6xy + 3y^2)\right) \left(30 + (2x-3y)^2 (18 - 32x + 12x^2 + 48y - 36xy + 27y^2)\right)`,
      source: "Goldstein & Price 1971, Mathematics of Computation 25(115)",
    };
  },
});

/** ¼x⁴ − ½x² + tilt·x: minima near ±1, of the same height without a tilt; the left one is lower with a positive tilt. */
export const doubleWell = family({
  name: "double-well",
  summary: "Two wells in one dimension: descent stays in the one it begins in.",
  options: { tilt: positive(0.1, "slope that makes the left well the lower; two wells exist below 0.385") },
  planar: false,
  build: ({ tilt }) => {
    // x³ − x + tilt = 0 has the roots (2/√3) cos φ, with cos 3φ = −(3√3/2) tilt; the lowest is the deepest well
    const angle = (3 * Math.sqrt(3) * tilt) / 2;
    const left =
      angle < 1
        ? (2 / Math.sqrt(3)) * Math.cos(Math.acos(-angle) / 3 + (2 * Math.PI) / 3)
        : (-2 / Math.sqrt(3)) * Math.cosh(Math.acosh(angle) / 3);
    const value = (x: number) => x ** 4 / 4 - x ** 2 / 2 + tilt * x;
    return {
      ...separable(1, {
        value,
        first: (x) => x ** 3 - x + tilt,
        second: (x) => 3 * x * x - 1,
      }),
      bounds: cube(1, -2, 2),
      formula: `¼x⁴ − ½x² + ${tilt}x`,
      latex: String.raw`\tfrac{1}{4} x^4 - \tfrac{1}{2} x^2 + ${tilt} x`,
      start: Float64Array.of(1.5),
      minima: [Float64Array.of(left)],
      least: value(left),
      source: "Kramers 1940, Physica 7(4)",
    };
  },
});

/**
 * Two wells in a shallow bowl, one as narrow as σ, one as wide as 1. The narrow one is a little deeper, and so sharp that
 * gradient descent with a step above 2σ²/depth cannot stay in it.
 *
 *   f(p) = 0.05‖p‖² − exp(−‖p − (1,0)‖²/2) − depth exp(−‖p + (1,0)‖²/2σ²)
 */
export const narrowAndWide = family({
  name: "narrow-and-wide",
  summary: "A narrow and a wide well: large steps leave the narrow one.",
  options: {
    sigma: positive(0.2, "width of the narrow well, where the other has 1"),
    depth: positive(1.2, "depth of the narrow well, where the other has 1"),
  },
  planar: true,
  build: ({ sigma, depth }) => {
    const wells = [
      { center: 1, width: 1, height: 1 },
      { center: -1, width: sigma, height: depth },
    ];
    /** What each well adds, at its own distances. */
    const at = (x: number, y: number) =>
      wells.map(({ center, width, height }) => {
        const [u, v] = [(x - center) / width, y / width];
        return { u, v, width, e: height * Math.exp(-(u * u + v * v) / 2) };
      });
    const functions = {
      value: (x: number, y: number) => 0.05 * (x * x + y * y) - at(x, y).reduce((sum, { e }) => sum + e, 0),
      gradient: (x: number, y: number): Pair => {
        let [fx, fy] = [0.1 * x, 0.1 * y];
        for (const { u, v, width, e } of at(x, y)) {
          fx += (e * u) / width;
          fy += (e * v) / width;
        }
        return [fx, fy];
      },
      hessian: (x: number, y: number): readonly [number, number, number] => {
        let [xx, xy, yy] = [0.1, 0, 0.1];
        for (const { u, v, width, e } of at(x, y)) {
          xx += (e * (1 - u * u)) / width ** 2;
          xy -= (e * u * v) / width ** 2;
          yy += (e * (1 - v * v)) / width ** 2;
        }
        return [xx, xy, yy];
      },
    };
    // by symmetry both minima lie on the x axis, close to the middles of the wells
    const candidates = wells.map(({ center }): Pair => {
      let x = center;
      for (let k = 0; k < 50; k++) x -= functions.gradient(x, 0)[0] / functions.hessian(x, 0)[0];
      return [x, 0];
    });
    const [lowest] = candidates.sort((a, b) => functions.value(...a) - functions.value(...b));
    return {
      ...planar({
        ...functions,
        minima: [lowest!],
        view: { x: [-2.5, 3], y: [-2, 2], levels: "even" },
        start: [-1.3, 0.2],
      }),
      formula: `0.05‖p‖² − exp(−‖p − (1,0)‖²/2) − ${depth} exp(−‖p + (1,0)‖²/${Number((2 * sigma * sigma).toPrecision(6))})`,
      latex: String.raw`0.05 \|p\|^2 - e^{-\|p - (1,0)\|^2 / 2} - ${depth}\, e^{-\|p + (1,0)\|^2 / (2 \cdot ${sigma}^2)}`,
      source: "Hochreiter & Schmidhuber 1997, Flat minima; Keskar et al., arXiv:1609.04836, figure 1",
    };
  },
});
