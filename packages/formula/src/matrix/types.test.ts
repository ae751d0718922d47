/** What matrix functions refuse, and where in the formula they say so. */
import { describe, expect, it } from "vitest";
import type { StateSlot } from "../state.ts";
import { FormulaError } from "../syntax/error.ts";
import { program } from "../testing/harness.ts";

const extents: Record<string, Required<StateSlot>["shape"]> = {
  L: "rows×rows",
  K: "cols×cols",
  r: "rows",
  c: "cols",
  s: "scalar",
};
const declared = Object.entries(extents);
const kept = declared.map(([name]) => `${name} = ${name}\n`).join("");
const state = Object.fromEntries(declared.map(([name, shape]) => [name, { shape }]));

/** What resolving `line` says, as a third line after two others. */
function refusal(line: string): FormulaError {
  try {
    program(`theta = g\nx = 1\n${line}\n${kept}`, ["lr"], state);
  } catch (error) {
    if (error instanceof FormulaError) return error;
    throw error;
  }
  throw new Error(`${line} was accepted`);
}

describe("matrix functions refuse", () => {
  it.each<[line: string, column: number, message: RegExp]>([
    // sides that do not meet
    ["x = matmul(g, g)", 5, /matmul of such matrices, .*they are rows × cols and rows × cols/],
    ["x = matmul(L, K)", 5, /they are rows × rows and cols × cols/],
    ["x = matmul(r, r)", 5, /they are rows × 1 and rows × 1/],
    ["x = 1 + matmul(transpose(g), c)", 9, /they are cols × rows and 1 × cols/],
    // squares
    ["x = inverseRoot(g, 2)", 5, /a square matrix: this one is rows × cols/],
    ["x = eigenvectors(r)", 5, /a square matrix: this one is rows × 1/],
    ["x = orthonormalBasis(g)", 5, /a square matrix: this one is rows × cols/],
    ["x = diagonal(transpose(g))", 5, /a square matrix: this one is cols × rows/],
    ["x = identityLike(c)", 5, /a square matrix: this one is 1 × cols/],
    // one number, one column, one row
    ["x = inverseRoot(L, r)", 5, /one number as the root: this is rows × 1/],
    ["x = sortingPermutation(c)", 5, /a column of numbers: this is 1 × cols/],
    ["x = positionSum(r)", 5, /this is rows × 1/],
    // elementwise
    ["x = g + transpose(g)", 7, /matrices that are rows × cols and cols × rows/],
    ["x = g * L", 7, /matrices that are rows × cols and rows × rows/],
    ["x = where(r > transpose(r), 1, K)", 5, /matrices that are rows × rows and 1 × 1 and cols × cols/],
    // slots
    ["theta = transpose(g)", 9, /a matrix that is cols × rows.*rows × cols, the shape of theta/],
    ["g = L", 5, /rows × cols, the shape of g/],
    ["L = g", 5, /a matrix that is rows × cols.*rows × rows, the shape of L/],
    ["K = r", 5, /a matrix that is rows × 1.*cols × cols, the shape of K/],
    ["r = c", 5, /a matrix that is 1 × cols.*rows × 1, the shape of r/],
    ["s = r", 5, /a value per element.*one number/],
    // counts and comparisons
    ["x = matmul(g)", 5, /matmul with 1 operand.*matmul with 2 operands/],
    ["x = transpose(g > 1)", 17, /a comparison.*transpose computes with numbers/],
  ])("%s", (line, column, message) => {
    const error = refusal(line);
    expect([error.line, error.column]).toEqual([3, column]);
    expect(error.message.replaceAll("\n", " ")).toMatch(message);
  });
});

describe("matrix functions take", () => {
  it.each([
    "theta = matmul(matmul(L, g), K)",
    "theta = r * c",
    "theta = matmul(r, c)",
    "L = matmul(r, transpose(r))",
    "L = transpose(r)",
    "K = c + transpose(c)",
    "r = diagonal(L)",
    "s = matmul(c, transpose(c))",
    "s = matmul(transpose(r), matmul(L, r))",
    "s = mean(L)",
    "L = matmul(L, sortingPermutation(diagonal(L)))",
    "c = positionSum(g^2)",
    "K = identityLike(K)",
    "x = orthogonalize(matmul(g, K))",
    "theta = where(g > r, c, lr)",
  ])("%s", (line) => {
    expect(() => program(`theta = g\n${line}\n${kept}`, ["lr"], state)).not.toThrow();
  });
});
