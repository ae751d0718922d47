/**
 * The functions of the formula language, one row each: what they take, what they mean in float64, how they are typeset.
 * The WebAssembly target keeps its instructions in a table with the same keys (`wasm/instructions.ts`).
 *
 * Every elementwise function follows IEEE 754 with NaN passed on, as JavaScript's Math does: min and max of NaN are NaN,
 * sign(±0) = ±0, comparisons with NaN are false.
 */

/** What an expression is, per element. Logical values exist only between a comparison and `where`. */
export type ValueType = "number" | "logical";

export interface ElementwiseFunction {
  operands: readonly ValueType[];
  result: ValueType;
  /** Float64 meaning; logical values are 1 and 0. */
  evaluate: (...operands: number[]) => number;
  summary: string;
}

const number1 = { operands: ["number"], result: "number" } as const;
const number2 = { operands: ["number", "number"], result: "number" } as const;
const comparison = { operands: ["number", "number"], result: "logical" } as const;
const logical2 = { operands: ["logical", "logical"], result: "logical" } as const;
const bit = (condition: boolean) => (condition ? 1 : 0);

/** Functions of single elements. Operators are functions too. */
export const ELEMENTWISE = {
  add: { ...number2, evaluate: (a, b) => a + b, summary: "a + b" },
  subtract: { ...number2, evaluate: (a, b) => a - b, summary: "a - b" },
  multiply: { ...number2, evaluate: (a, b) => a * b, summary: "a * b" },
  divide: { ...number2, evaluate: (a, b) => a / b, summary: "a / b" },
  power: { ...number2, evaluate: (a, b) => a ** b, summary: "a ^ b" },
  negate: { ...number1, evaluate: (a) => -a, summary: "-a" },
  abs: { ...number1, evaluate: Math.abs, summary: "absolute value" },
  sign: { ...number1, evaluate: Math.sign, summary: "-1, 0 or 1" },
  sqrt: { ...number1, evaluate: Math.sqrt, summary: "square root" },
  exp: { ...number1, evaluate: Math.exp, summary: "natural exponential" },
  log: { ...number1, evaluate: Math.log, summary: "natural logarithm" },
  tanh: { ...number1, evaluate: Math.tanh, summary: "hyperbolic tangent" },
  floor: { ...number1, evaluate: Math.floor, summary: "largest integer not above" },
  min: { ...number2, evaluate: (a, b) => Math.min(a, b), summary: "smaller of two" },
  max: { ...number2, evaluate: (a, b) => Math.max(a, b), summary: "larger of two" },
  less: { ...comparison, evaluate: (a, b) => bit(a < b), summary: "a < b" },
  lessEqual: { ...comparison, evaluate: (a, b) => bit(a <= b), summary: "a <= b" },
  greater: { ...comparison, evaluate: (a, b) => bit(a > b), summary: "a > b" },
  greaterEqual: { ...comparison, evaluate: (a, b) => bit(a >= b), summary: "a >= b" },
  equal: { ...comparison, evaluate: (a, b) => bit(a === b), summary: "a == b" },
  notEqual: { ...comparison, evaluate: (a, b) => bit(a !== b), summary: "a != b" },
  and: { ...logical2, evaluate: (a, b) => bit(a !== 0 && b !== 0), summary: "both" },
  or: { ...logical2, evaluate: (a, b) => bit(a !== 0 || b !== 0), summary: "either" },
  not: { operands: ["logical"], result: "logical", evaluate: (a) => bit(a === 0), summary: "the opposite" },
  where: {
    operands: ["logical", "number", "number"],
    result: "number",
    evaluate: (condition, a, b) => (condition !== 0 ? a : b),
    summary: "a where the condition holds, else b",
  },
} as const satisfies Record<string, ElementwiseFunction>;

export type ElementwiseName = keyof typeof ELEMENTWISE;

/** How the two primitive reductions start and go on. Every other reduction is written with them. */
export const REDUCTIONS = {
  sum: { identity: 0, combine: (a: number, b: number) => a + b },
  max: { identity: Number.NEGATIVE_INFINITY, combine: (a: number, b: number) => Math.max(a, b) },
} as const;

export type ReductionName = keyof typeof REDUCTIONS;

/** Over one parameter tensor, or over all tensors that the rule governs. */
export type Scope = "tensor" | "all";

/** Elementwise functions that a formula calls by name; the rest are written as operators. */
export const CALLABLE = [
  "abs",
  "sign",
  "sqrt",
  "exp",
  "log",
  "tanh",
  "floor",
  "min",
  "max",
  "where",
] as const satisfies readonly ElementwiseName[];

/**
 * Functions of matrices: a parameter tensor seen as `rows` × `cols`, its first dimension by all others together. They
 * take and give matrices of other shapes too, such as the products of a gradient with itself.
 */
export const MATRIX_FUNCTIONS = {
  transpose: { arity: 1, summary: "rows and columns exchanged" },
  matmul: { arity: 2, summary: "matrix product" },
  rowSum: { arity: 1, summary: "sum of each row: a column of numbers" },
  rowMean: { arity: 1, summary: "mean of each row: a column of numbers" },
  colSum: { arity: 1, summary: "sum of each column: a row of numbers" },
  colMean: { arity: 1, summary: "mean of each column: a row of numbers" },
  positionSum: {
    arity: 1,
    summary: "sum over the first two axes, at each position of a kernel by itself: a row of numbers",
  },
  orthogonalize: {
    arity: 1,
    summary: "nearest semi-orthogonal matrix, roughly: five Newton–Schulz steps of Muon",
  },
  orthogonalizeQuintic: { arity: 1, summary: "the same with five different sets of coefficients" },
  orthogonalizePolar: { arity: 1, summary: "the same with the Polar Express coefficients" },
  inverseRoot: {
    arity: 2,
    summary: "inverseRoot(A, p) = A^(-1/p) of a symmetric positive semidefinite matrix",
  },
  eigenvectors: { arity: 1, summary: "of a symmetric matrix, as columns, by falling eigenvalue" },
  orthonormalBasis: { arity: 1, summary: "Q of the QR decomposition of a square matrix" },
  sortingPermutation: {
    arity: 1,
    summary: "the matrix P that puts a column of numbers in falling order: Q P sorts the columns of Q",
  },
  diagonal: { arity: 1, summary: "the diagonal of a square matrix: a column of numbers" },
  identityLike: { arity: 1, summary: "the identity matrix of a square matrix's size" },
} as const satisfies Record<string, { arity: number; summary: string }>;

export type MatrixFunctionName = keyof typeof MATRIX_FUNCTIONS;

/** Reductions and shape functions that a formula calls by name, with the number of their operands. */
export const AGGREGATES = {
  sum: { arity: 1, summary: "sum over the parameter tensor" },
  mean: { arity: 1, summary: "mean over the parameter tensor" },
  dot: { arity: 2, summary: "sum of products over the parameter tensor" },
  norm: { arity: 1, summary: "Euclidean norm of the parameter tensor" },
  norm1: { arity: 1, summary: "sum of absolute values over the parameter tensor" },
  normInf: { arity: 1, summary: "largest absolute value in the parameter tensor" },
  size: { arity: 1, summary: "number of elements of the parameter tensor" },
  rows: { arity: 1, summary: "first dimension of the parameter tensor (1 when it has none)" },
  cols: { arity: 1, summary: "number of elements per row" },
  sumAll: { arity: 1, summary: "sum over all parameter tensors" },
  dotAll: { arity: 2, summary: "sum of products over all parameter tensors" },
  normAll: { arity: 1, summary: "Euclidean norm of all parameter tensors together" },
  countAll: { arity: 1, summary: "number of elements of all parameter tensors" },
  tensorsAll: { arity: 1, summary: "number of parameter tensors" },
} as const satisfies Record<string, { arity: number; summary: string }>;

export type AggregateName = keyof typeof AGGREGATES;
