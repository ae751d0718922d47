/** Einstein's summation: against plain loops over all labels, ONNX Runtime, gradients, errors. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { evaluate } from "../evaluate.ts";
import { Graph, type Tensor } from "../graph.ts";
import { checkOperators } from "../testing/check-operators.ts";
import { expectLikeRuntime } from "../testing/one-node.ts";
import { attribute } from "../testing/onnx-file.ts";
import * as ops from "./index.ts";

const build =
  (equation: string) =>
  (...inputs: readonly Tensor[]) =>
    ops.einsum(equation, inputs);
const square = { shape: [2, 2], values: [1, 2, 3, 4] };
const other = { shape: [2, 2], values: [5, 6, 7, 8] };

checkOperators("einsum", [
  { name: "trace", inputs: [square], build: build("ii->"), expect: [5], shape: [] },
  { name: "diagonal", inputs: [square], build: build("ii->i"), expect: [1, 4] },
  { name: "transpose, implicit", inputs: [square], build: build("ba"), expect: [1, 3, 2, 4] },
  { name: "sum of rows", inputs: [square], build: build("ij->i"), expect: [3, 7] },
  { name: "matrix product", inputs: [square, other], build: build("ij,jk"), expect: [19, 22, 43, 50] },
  {
    name: "product with a transpose",
    inputs: [square, other],
    build: build("ij, kj -> ki"),
    expect: [17, 39, 23, 53],
  },
  { name: "inner product", inputs: [square, other], build: build("ij,ij"), expect: [70], shape: [] },
  {
    name: "outer product",
    inputs: [
      { shape: [2], values: [1, 2] },
      { shape: [2], values: [3, 4] },
    ],
    build: build("i,j->ji"),
    expect: [3, 6, 4, 8],
  },
  {
    name: "attention scores",
    inputs: [{ shape: [2, 3, 2, 2] }, { shape: [2, 4, 2, 2] }],
    build: build("bqhd,bkhd->bhqk"),
    shape: [2, 2, 3, 4],
  },
  {
    name: "ellipsis that broadcasts",
    inputs: [{ shape: [2, 1, 2, 3] }, { shape: [3, 3, 2] }],
    build: build("...ij,...jk->...ik"),
    shape: [2, 3, 2, 2],
  },
  {
    name: "three operands",
    inputs: [{ shape: [2, 3] }, { shape: [3, 4] }, { shape: [4, 2] }],
    build: build("ij,jk,kl->il"),
    shape: [2, 2],
  },
]);

/** The sum over all labels, one index after another. */
function loops(equation: string, shapes: readonly number[][], data: readonly number[][]): number[] {
  const [left, right] = equation.split("->") as [string, string];
  const terms = left.split(",");
  const sizes = new Map<string, number>();
  for (const [k, term] of terms.entries())
    for (const [axis, label] of [...term].entries()) sizes.set(label, shapes[k]![axis]!);
  const labels = [...sizes.keys()];
  const at = (term: string, index: ReadonlyMap<string, number>) =>
    [...term].reduce((offset, label) => offset * sizes.get(label)! + index.get(label)!, 0);
  const out = new Array<number>([...right].reduce((n, label) => n * sizes.get(label)!, 1)).fill(0);
  const visit = (depth: number, index: Map<string, number>) => {
    if (depth === labels.length) {
      out[at(right, index)]! += terms.reduce((product, term, k) => product * data[k]![at(term, index)]!, 1);
      return;
    }
    for (let i = 0; i < sizes.get(labels[depth]!)!; i++) visit(depth + 1, index.set(labels[depth]!, i));
  };
  visit(0, new Map());
  return out;
}

/** Whole numbers, so that both must agree to the last bit. */
function checkAgainstLoops(equation: string, shapes: readonly number[][]): void {
  const graph = new Graph();
  const data = shapes.map((shape, k) =>
    Array.from({ length: shape.reduce((n, d) => n * d, 1) }, (_, i) => ((i * 7 + k * 3) % 11) - 5),
  );
  const inputs = shapes.map((shape, k) => graph.input(`x${k}`, shape));
  const feeds = Object.fromEntries(data.map((values, k) => [`x${k}`, values]));
  const [found] = evaluate([ops.einsum(equation, inputs)], feeds);
  // adding 0 makes -0 and 0 one
  expect(Array.from(found!, (v) => v + 0)).toEqual(loops(equation, shapes, data).map((v) => v + 0));
}

describe("einsum() against loops", () => {
  const equations: readonly [string, ...number[][]][] = [
    ["ij,jk->ik", [2, 3], [3, 4]],
    ["abc,acd->abd", [2, 3, 2], [2, 2, 3]],
    ["abc,cbd->da", [2, 3, 2], [2, 3, 4]],
    ["iij,jk->ki", [2, 2, 3], [3, 2]],
    ["iijj->ij", [2, 2, 3, 3]],
    ["iiii->i", [2, 2, 2, 2]],
    ["ab,bc,cd,de->ae", [2, 3], [3, 2], [2, 4], [4, 2]],
    ["ab,ab,ab->b", [2, 3], [2, 3], [2, 3]],
    ["ab,cd->", [2, 3], [2, 2]],
    ["ab,cb,db->acd", [2, 3], [2, 3], [4, 3]],
    ["a,b,c->cab", [2], [3], [2]],
    ["bqhd,bkhd->bhqk", [2, 3, 2, 2], [2, 4, 2, 2]],
  ];
  for (const [equation, ...shapes] of equations) {
    test(equation, () => checkAgainstLoops(equation, shapes));
  }
});

describe("einsum() of random equations", () => {
  const sizes = { a: 2, b: 3, c: 1, d: 2 };
  const labels = Object.keys(sizes) as (keyof typeof sizes)[];
  const word = fc.array(fc.constantFrom(...labels), { minLength: 1, maxLength: 3 });
  const equation = fc
    .array(word, { minLength: 1, maxLength: 3 })
    .chain((terms) =>
      fc.shuffledSubarray([...new Set(terms.flat())]).map((result) => [terms, result] as const),
    );
  test("equals loops over all labels", () => {
    fc.assert(
      fc.property(equation, ([terms, result]) => {
        const text = `${terms.map((term) => term.join("")).join()}->${result.join("")}`;
        checkAgainstLoops(
          text,
          terms.map((term) => term.map((label) => sizes[label])),
        );
      }),
      { seed: 4, numRuns: 150 },
    );
  });
});

describe("Einsum nodes like ONNX Runtime's", () => {
  const nodes: readonly [equation: string, shapes: number[][], output: number[]][] = [
    [
      "...ij, ...jk -> ...ik",
      [
        [2, 2, 3],
        [2, 3, 2],
      ],
      [2, 2, 2],
    ],
    [
      "bij,bjk",
      [
        [2, 2, 3],
        [2, 3, 2],
      ],
      [2, 2],
    ],
    ["b...,b->...", [[2, 3, 2], [2]], [3, 2]],
    ["ij,kj,k->i", [[2, 3], [4, 3], [4]], [2]],
  ];
  for (const [equation, shapes, output] of nodes) {
    test(equation, () =>
      expectLikeRuntime({
        opset: 13,
        operator: "Einsum",
        shapes,
        attributes: [attribute("equation", { s: new TextEncoder().encode(equation) })],
        outputs: [output],
      }),
    );
  }
});

describe("errors of einsum", () => {
  const graph = new Graph();
  const x = graph.input("x", [2, 3]);
  test("a label with two sizes", () => {
    expect(() => ops.einsum("ij,ij->i", [x, graph.input("y", [2, 4])])).toThrow(
      `as "j" of "ij,ij->i" has the sizes 3 and 4`,
    );
  });
  test("labels for other axes than there are", () => {
    expect(() => ops.einsum("ijk->i", [x])).toThrow(`as "ijk" of "ijk->i" labels 3 axes`);
  });
  test("other operands than there are", () => {
    expect(() => ops.einsum("ij,jk", [x])).toThrow(`for each of 1 operands: current value is "ij,jk"`);
  });
  test("a label of the result that no operand has", () => {
    expect(() => ops.einsum("ij->k", [x])).toThrow(/must stand in an operand: found "k"/);
  });
});
