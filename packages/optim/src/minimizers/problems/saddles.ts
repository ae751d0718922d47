/** Functions with no lowest point: where methods wait, and what makes them leave. */
import { family, planar } from "./problem.ts";

/** Down along y, up along x, no bottom: what starts on the x axis converges to the saddle. */
export const saddle = family({
  name: "saddle",
  summary: "Down along y, up along x, no bottom.",
  options: {},
  planar: true,
  build: () => ({
    ...planar({
      value: (x, y) => x * x - y * y,
      gradient: (x, y) => [2 * x, -2 * y],
      hessian: () => [2, 0, -2],
      minima: [],
      saddles: [[0, 0]],
      view: { x: [-2, 2], y: [-2, 2] },
      start: [-1.5, 0.01],
    }),
    formula: "x² − y²",
    latex: "x^2 - y^2",
    source: "Dauphin et al., arXiv:1406.2572, figure 1",
  }),
});

/** Three ways down and three ways up: the Hessian is zero at the middle, so that curvature does not tell the ways apart. */
export const monkeySaddle = family({
  name: "monkey-saddle",
  summary: "Three ways down from a point whose Hessian is zero.",
  options: {},
  planar: true,
  build: () => ({
    ...planar({
      value: (x, y) => x ** 3 - 3 * x * y * y,
      gradient: (x, y) => [3 * x * x - 3 * y * y, -6 * x * y],
      hessian: (x, y) => [6 * x, -6 * y, -6 * x],
      minima: [],
      saddles: [[0, 0]],
      view: { x: [-2, 2], y: [-2, 2] },
      start: [1.5, 0.01],
    }),
    formula: "x³ − 3xy²",
    latex: "x^3 - 3 x y^2",
    source: "Hilbert & Cohn-Vossen 1932, Anschauliche Geometrie, section 29; Dauphin et al., arXiv:1406.2572",
  }),
});
