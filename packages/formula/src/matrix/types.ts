/** Which matrices a function takes, and what it gives: extents are checked when a formula is read. */
import type { Expression, Extent, Side } from "../expression.ts";
import type { MatrixFunctionName } from "../functions.ts";

const square = ([rows, cols]: Extent) => rows === cols;
const show = ([rows, cols]: Extent) => {
  const size: Record<Side, string> = { "1": "1", R: "rows", C: "cols" };
  return `${size[rows]} × ${size[cols]}`;
};

type Typing = (operands: readonly Extent[]) => Extent | string;

const same: Typing = ([x]) => x!;
const ofSquare =
  (result: (x: Extent) => Extent): Typing =>
  ([x]) =>
    square(x!) ? result(x!) : `a square matrix: this one is ${show(x!)}`;

const TYPINGS: Record<MatrixFunctionName, Typing> = {
  transpose: ([x]) => [x![1], x![0]],
  matmul: ([a, b]) =>
    a![1] === b![0]
      ? [a![0], b![1]]
      : `as many columns on the left as rows on the right: they are ${show(a!)} and ${show(b!)}`,
  rowSum: ([x]) => [x![0], "1"],
  rowMean: ([x]) => [x![0], "1"],
  colSum: ([x]) => ["1", x![1]],
  colMean: ([x]) => ["1", x![1]],
  positionSum: ([x]) =>
    x![1] === "C" ? ["1", "C"] : `a row for each parameter element: this is ${show(x!)}`,
  orthogonalize: same,
  orthogonalizeQuintic: same,
  orthogonalizePolar: same,
  inverseRoot: ([x, p]) =>
    p![0] !== "1" || p![1] !== "1"
      ? `one number as the root: this is ${show(p!)}`
      : square(x!)
        ? x!
        : `a square matrix: this one is ${show(x!)}`,
  eigenvectors: ofSquare((x) => x),
  orthonormalBasis: ofSquare((x) => x),
  sortingPermutation: ([x]) => (x![1] === "1" ? [x![0], x![0]] : `a column of numbers: this is ${show(x!)}`),
  diagonal: ofSquare(([side]) => [side, "1"]),
  identityLike: ofSquare((x) => x),
};

/** The extent of a function's result, or what it would accept. */
export const matrixExtent = (fn: MatrixFunctionName, operands: readonly Expression[]): Extent | string =>
  TYPINGS[fn](operands.map(({ extent }) => extent));

export { show as showExtent };
