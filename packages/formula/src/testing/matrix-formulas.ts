/**
 * For tests: random formulas of matrices, each with its own meaning beside it in plain loops. The meaning carries, next
 * to each value, the sum of the absolute values that went into it, which is what rounding errors are relative to.
 */
import fc from "fast-check";
import type { Extent, Side } from "../expression.ts";

/** An element: its value, and the size of what was added up to it. */
interface Element {
  value: number;
  size: number;
}
type Grid = Element[][];

/** A parameter as rows × cols, its gradient, and a slot of rows × rows. */
export interface MatrixWorld {
  rows: number;
  cols: number;
  theta: readonly number[];
  g: readonly number[];
  L: readonly number[];
}

export interface MatrixFormula {
  text: string;
  evaluate: (world: MatrixWorld) => Grid;
}

const SIDES: readonly Side[] = ["1", "R", "C"];

const lengthOf = (side: Side, { rows, cols }: MatrixWorld) => ({ "1": 1, R: rows, C: cols })[side];

const grid = (rows: number, cols: number, element: (i: number, j: number) => Element): Grid =>
  Array.from({ length: rows }, (_, i) => Array.from({ length: cols }, (_, j) => element(i, j)));

const leaf = (name: "theta" | "g" | "L", [a, b]: Extent): MatrixFormula => ({
  text: name,
  evaluate: (world) => {
    const cols = lengthOf(b, world);
    return grid(lengthOf(a, world), cols, (i, j) => {
      const value = world[name][i * cols + j]!;
      return { value, size: Math.abs(value) };
    });
  },
});

const number = (value: number): MatrixFormula => ({
  text: String(value),
  evaluate: () => [[{ value, size: Math.abs(value) }]],
});

/** Sum of elements times factor. */
const total = (elements: readonly Element[], factor = 1): Element => ({
  value: elements.reduce((sum, { value }) => sum + value, 0) * factor,
  size: elements.reduce((sum, { size }) => sum + size, 0) * Math.abs(factor),
});

const turn = (x: Grid, cols: number): Grid => grid(cols, x.length, (i, j) => x[j]![i]!);

const scale = ({ value, size }: Element, by: Element): Element => ({
  value: value * by.value,
  size: size * by.size,
});

const JOINED: Record<string, (a: Element, b: Element) => Element> = {
  "+": (a, b) => ({ value: a.value + b.value, size: a.size + b.size }),
  "-": (a, b) => ({ value: a.value - b.value, size: a.size + b.size }),
  "*": scale,
  min: (a, b) => ({ value: Math.min(a.value, b.value), size: Math.max(a.size, b.size) }),
  max: (a, b) => ({ value: Math.max(a.value, b.value), size: Math.max(a.size, b.size) }),
};

/** Operand elements repeat along sides of one. */
const at = (x: Grid, i: number, j: number): Element => {
  const row = x[x.length === 1 ? 0 : i]!;
  return row[row.length === 1 ? 0 : j]!;
};

function joined(fn: string, extent: Extent, a: MatrixFormula, b: MatrixFormula): MatrixFormula {
  return {
    text: /\w/.test(fn) ? `${fn}(${a.text}, ${b.text})` : `(${a.text} ${fn} ${b.text})`,
    evaluate: (world) => {
      const [x, y] = [a.evaluate(world), b.evaluate(world)];
      return grid(lengthOf(extent[0], world), lengthOf(extent[1], world), (i, j) =>
        JOINED[fn]!(at(x, i, j), at(y, i, j)),
      );
    },
  };
}

/** Any formula of this extent. */
function formulas(extent: Extent, depth: number): fc.Arbitrary<MatrixFormula> {
  const [a, b] = extent;
  const below = (rows: Side, cols: Side) => formulas([rows, cols], depth - 1);
  const side = fc.constantFrom(...SIDES);
  if (depth <= 0) return plain(extent);

  const smaller = fc.constantFrom<Extent>(extent, [a, "1"], ["1", b], ["1", "1"]);
  const pair = fc.tuple(
    below(a, b),
    smaller.chain(([rows, cols]) => below(rows, cols)),
    fc.boolean(),
  );
  const products = side.chain((inner) =>
    fc.tuple(below(a, inner), below(inner, b)).map(([x, y]) => product(extent, x, y)),
  );
  const tanh = below(a, b).map(
    (x): MatrixFormula => ({
      text: `tanh(${x.text})`,
      evaluate: (world) =>
        x.evaluate(world).map((row) => row.map(({ value, size }) => ({ value: Math.tanh(value), size }))),
    }),
  );
  const choice = fc.tuple(below(a, b), below(a, b), fc.boolean()).map(
    ([x, y, first]): MatrixFormula => ({
      text: `where(t ${first ? "==" : "!="} 1, ${x.text}, ${y.text})`,
      evaluate: (world) => (first ? x : y).evaluate(world),
    }),
  );
  return fc.oneof(
    plain(extent),
    fc
      .tuple(fc.constantFrom(...Object.keys(JOINED)), pair)
      .map(([fn, [x, y, swap]]) => joined(fn, extent, swap ? y : x, swap ? x : y)),
    products,
    below(b, a).map(transposed),
    tanh,
    choice,
    ...(a === "1" || b === "1" ? [side.chain((other) => reductions(extent, other, depth - 1))] : []),
  );
}

/** The plainest formulas of an extent. */
function plain(extent: Extent): fc.Arbitrary<MatrixFormula> {
  switch (extent.join("")) {
    case "RC":
      return fc.constantFrom(leaf("theta", extent), leaf("g", extent));
    case "RR":
      return fc.constant(leaf("L", extent));
    case "11":
      return fc.constantFrom(0.5, 2, 3).map(number);
    case "CC":
      return fc.tuple(plain(["C", "R"]), plain(["R", "C"])).map(([x, y]) => product(extent, x, y));
    case "R1":
    case "1C":
      return reductions(extent, extent[0] === "R" ? "C" : "R", 0);
    default:
      return plain([extent[1], extent[0]]).map(transposed);
  }
}

const product = ([a, b]: Extent, x: MatrixFormula, y: MatrixFormula): MatrixFormula => ({
  text: `matmul(${x.text}, ${y.text})`,
  evaluate: (world) => {
    const [left, right] = [x.evaluate(world), y.evaluate(world)];
    return grid(lengthOf(a, world), lengthOf(b, world), (i, j) =>
      total(left[i]!.map((element, k) => scale(element, right[k]![j]!))),
    );
  },
});

const transposed = (x: MatrixFormula): MatrixFormula => ({
  text: `transpose(${x.text})`,
  evaluate: (world) => {
    const values = x.evaluate(world);
    return turn(values, values[0]!.length);
  },
});

/** Sums and means over `other`, of rows for [a, 1] and of columns for [1, b]. */
function reductions([a, b]: Extent, other: Side, depth: number): fc.Arbitrary<MatrixFormula> {
  const mean = fc.boolean();
  if (b === "1") {
    return fc.tuple(formulas([a, other], depth), mean).map(
      ([x, isMean]): MatrixFormula => ({
        text: `${isMean ? "rowMean" : "rowSum"}(${x.text})`,
        evaluate: (world) =>
          x.evaluate(world).map((row) => [total(row, isMean ? 1 / lengthOf(other, world) : 1)]),
      }),
    );
  }
  return fc.tuple(formulas([other, b], depth), mean).map(
    ([x, isMean]): MatrixFormula => ({
      text: `${isMean ? "colMean" : "colSum"}(${x.text})`,
      evaluate: (world) => [
        turn(x.evaluate(world), lengthOf(b, world)).map((column) =>
          total(column, isMean ? 1 / lengthOf(other, world) : 1),
        ),
      ],
    }),
  );
}

/** Formulas of the parameter's shape, and of rows × rows. */
export const anyMatrixFormula: fc.Arbitrary<{ theta: MatrixFormula; L: MatrixFormula }> = fc.record({
  theta: formulas(["R", "C"], 3),
  L: formulas(["R", "R"], 3),
});
