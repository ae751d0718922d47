/** Pooling: values by hand, ONNX Runtime, gradients, and the one winner among ties. */
import { describe, expect, test } from "vitest";
import { evaluate } from "../evaluate.ts";
import { gradients } from "../gradients.ts";
import { Graph } from "../graph.ts";
import { checkOperators } from "../testing/check-operators.ts";
import * as ops from "./index.ts";

const x = { shape: [2, 2, 4, 6] };
const odd = { shape: [2, 2, 5, 7] };
const small = { shape: [1, 1, 2, 4], values: [1, 2, 5, 6, 3, 4, 8, 7] };

checkOperators("pooling", [
  { name: "maxPool", inputs: [small], build: (x) => ops.maxPool(x, 2), expect: [4, 8] },
  { name: "maxPool in tiles", inputs: [x], build: (x) => ops.maxPool(x, [2, 3]), shape: [2, 2, 2, 2] },
  {
    name: "maxPool with a rest",
    inputs: [odd],
    build: (x) => ops.maxPool(x, 2),
    shape: [2, 2, 2, 3],
    float32Only: true,
  },
  {
    name: "maxPool of windows that overlap",
    inputs: [odd],
    build: (x) => ops.maxPool(x, 3, { stride: 2, padding: 1 }),
    float32Only: true,
  },
  {
    name: "maxPool with dilation",
    inputs: [odd],
    build: (x) => ops.maxPool(x, 2, { stride: 1, dilation: 2 }),
    float32Only: true,
  },
  {
    // the largest of [1 2], [2 5], [5 6] and [6 pad]
    name: "maxPool of a sequence",
    inputs: [{ shape: [1, 1, 4], values: [1, 2, 5, 6] }],
    build: (x) => ops.maxPool(x, 2, { stride: 1, padding: [0, 1] }),
    expect: [2, 5, 6, 6],
    float32Only: true,
  },
  {
    name: "maxPool of sequences in tiles",
    inputs: [{ shape: [2, 2, 6] }],
    build: (x) => ops.maxPool(x, 3),
    shape: [2, 2, 2],
  },
  {
    name: "maxPool of volumes that overlap",
    inputs: [{ shape: [1, 2, 3, 4, 3] }],
    build: (x) => ops.maxPool(x, 2, { stride: [1, 2, 1], padding: [1, 0, 0, 0, 0, 0] }),
    shape: [1, 2, 3, 2, 2],
  },
  {
    name: "maxPool of large windows, found along the width and then the height",
    inputs: [{ shape: [1, 2, 7, 8] }],
    build: (x) => ops.maxPool(x, [4, 5], { stride: [1, 2], padding: [2, 1] }),
    shape: [1, 2, 8, 3],
    float32Only: true,
  },
  { name: "maxPool of one window", inputs: [x], build: (x) => ops.maxPool(x, [4, 6]), shape: [2, 2, 1, 1] },
  {
    name: "globalMaxPool",
    inputs: [small],
    build: (x) => ops.globalMaxPool(x),
    expect: [8],
    float32Only: true,
  },
  {
    name: "globalMaxPool of sequences",
    inputs: [{ shape: [2, 3, 5] }],
    build: (x) => ops.globalMaxPool(x),
    shape: [2, 3, 1],
    float32Only: true,
  },
  {
    // 4 is place 5 of the eight, 8 place 6
    name: "maxPoolPlaces",
    inputs: [small],
    build: (x) => Object.values(ops.maxPoolPlaces(x, 2)),
    expect: [
      [4, 8],
      [5, 6],
    ],
  },
  {
    // columns first: 4 stands at row 1 and column 1, so at 3; 8 at row 1 and column 2, so at 5
    name: "maxPoolPlaces, column-major",
    inputs: [small],
    build: (x) => Object.values(ops.maxPoolPlaces(x, 2, { columnMajor: true })),
    expect: [
      [4, 8],
      [3, 5],
    ],
  },
  {
    name: "maxPoolPlaces of windows that overlap",
    inputs: [odd],
    build: (x) => Object.values(ops.maxPoolPlaces(x, 3, { stride: 2, padding: 1 })),
    float32Only: true,
  },
  {
    name: "maxUnpool of what was pooled",
    inputs: [small],
    build: (x) => {
      const { output, places } = ops.maxPoolPlaces(x, 2);
      return ops.maxUnpool(output, places, x.shape);
    },
    expect: [0, 0, 0, 0, 0, 4, 8, 0],
  },
  {
    name: "averagePool",
    inputs: [small],
    build: (x) => ops.averagePool(x, 2),
    expect: [2.5, 6.5],
    float32Only: true,
  },
  { name: "averagePool in tiles", inputs: [x], build: (x) => ops.averagePool(x, [2, 3]), float32Only: true },
  {
    // padding counts: (0 + 0 + 0 + 1)/4 at the corner
    name: "averagePool with padding",
    inputs: [{ shape: [1, 1, 2, 2], values: [1, 2, 3, 4] }],
    build: (x) => ops.averagePool(x, 2, { stride: 1, padding: 1 }),
    expect: [1, 3, 2, 4, 10, 6, 3, 7, 4].map((v) => v / 4),
    float32Only: true,
  },
  {
    // padding left out: the corner's window holds 1 alone
    name: "averagePool with padding left out of the mean",
    inputs: [{ shape: [1, 1, 2, 2], values: [1, 2, 3, 4] }],
    build: (x) => ops.averagePool(x, 2, { stride: 1, padding: 1, countPadding: false }),
    expect: [1, 1.5, 2, 2, 2.5, 3, 3, 3.5, 4],
    float32Only: true,
  },
  {
    name: "averagePool with stride, and with uneven padding left out of the mean",
    inputs: [odd],
    build: (x) => ops.averagePool(x, [3, 2], { stride: [2, 1], padding: [1, 0, 0, 1], countPadding: false }),
    shape: [2, 2, 2, 7],
    float32Only: true,
  },
  {
    name: "averagePool of large windows at stride 1",
    inputs: [odd],
    build: (x) => ops.averagePool(x, 4, { stride: 1, padding: [2, 1, 3, 0] }),
    float32Only: true,
  },
  {
    name: "averagePool with dilation",
    inputs: [odd],
    build: (x) => ops.averagePool(x, 2, { stride: 1, dilation: [2, 3] }),
    shape: [2, 2, 3, 4],
    float32Only: true,
  },
  {
    name: "averagePool of one window",
    inputs: [x],
    build: (x) => ops.averagePool(x, [4, 6]),
    shape: [2, 2, 1, 1],
    float32Only: true,
  },
  {
    name: "averagePool of a sequence",
    inputs: [{ shape: [1, 1, 5], values: [1, 2, 3, 4, 8] }],
    build: (x) => ops.averagePool(x, 3, { stride: 2 }),
    expect: [2, 5],
    float32Only: true,
  },
  {
    name: "averagePool of volumes",
    inputs: [{ shape: [1, 2, 3, 4, 4] }],
    build: (x) => ops.averagePool(x, 2, { stride: [1, 2, 1] }),
    shape: [1, 2, 2, 2, 3],
    float32Only: true,
  },
  {
    // √(3² + 4²), √(5² + 12²)
    name: "lpPool",
    inputs: [{ shape: [1, 1, 2, 2], values: [3, 4, -5, 12] }],
    build: (x) => ops.lpPool(x, [1, 2]),
    expect: [5, 13],
    float32Only: true,
  },
  {
    name: "averagePool of windows that overlap",
    inputs: [odd],
    build: (x) => ops.averagePool(x, 3, { stride: 2 }),
    float32Only: true,
  },
  {
    name: "globalAveragePool",
    inputs: [small],
    build: (x) => ops.globalAveragePool(x),
    expect: [4.5],
    float32Only: true,
  },
]);

describe("errors of pooling", () => {
  test("padding as wide as the kernel is refused", () => {
    const x = new Graph().input("x", [1, 1, 4, 4]);
    expect(() => ops.averagePool(x, 2, { padding: [0, 2] })).toThrow(
      "Cannot apply AveragePool to x float32 [1, 1, 4, 4] as padding must be less than the kernel reaches, or windows would read nothing else: found kernel [2,2] and padding [0,2,0,2]",
    );
  });

  test("constants under a kernel of absurd size are computed in the time that they take", () => {
    const x = new Graph().constant([3, 7], [1, 1, 2]);
    const wide = ops.maxPool(x, 2 ** 40, { stride: 2 ** 40, padding: 2 ** 40 - 1 });
    expect(evaluate([wide], {})[0]).toEqual(Float64Array.of(3, 7));
  });
});

describe("ties in maxPool", () => {
  const gradientOf = (
    build: (x: ReturnType<Graph["input"]>) => ReturnType<Graph["input"]>,
    values: number[],
    shape: number[],
  ) => {
    const graph = new Graph();
    const x = graph.input("x", shape);
    return Array.from(evaluate(gradients(ops.reduceSum(build(x)), [x]), { x: values })[0]!);
  };

  test("the first of equal values in row-major order gets the whole gradient", () => {
    expect(gradientOf((x) => ops.maxPool(x, 2), [0, 7, 7, 7], [1, 1, 2, 2])).toEqual([0, 1, 0, 0]);
    expect(gradientOf((x) => ops.maxPool(x, 2), [0, 0, 0, 0], [1, 1, 2, 2])).toEqual([1, 0, 0, 0]);
  });

  test("also in large windows and in one window as large as the plane", () => {
    const ties = [0, 1, 3, 2, 3, 3, 3, 0, 3, 3, 3, 1, 0, 0, 3, 3];
    const first = [0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    expect(gradientOf((x) => ops.maxPool(x, 4), ties, [1, 1, 4, 4])).toEqual(first);
    expect(
      gradientOf((x) => ops.maxPool(x, 4, { padding: [0, 0, 0, 1], stride: 2 }), ties, [1, 1, 4, 4]),
    ).toEqual(first);
    expect(gradientOf((x) => ops.globalMaxPool(x), ties, [1, 1, 4, 4])).toEqual(first);
  });

  test("also where windows overlap: each window has one winner", () => {
    expect(gradientOf((x) => ops.maxPool(x, [1, 2], { stride: 1 }), [5, 5, 5], [1, 1, 1, 3])).toEqual([
      1, 1, 0,
    ]);
  });
});
