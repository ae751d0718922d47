/** Circular and hyperbolic functions: values at angles known in closed form, ONNX Runtime, gradients. */
import type { Tensor } from "../graph.ts";
import { checkOperators } from "../testing/check-operators.ts";
import * as ops from "./index.ts";

const inside = { shape: [2, 3], low: -0.9, high: 0.9 };
const functions: readonly [name: string, build: (x: Tensor) => Tensor][] = [
  ["sin", ops.sin],
  ["tan", ops.tan],
  ["asin", ops.asin],
  ["acos", ops.acos],
  ["atan", ops.atan],
  ["sinh", ops.sinh],
  ["cosh", ops.cosh],
  ["asinh", ops.asinh],
  ["atanh", ops.atanh],
];
const IN_FLOAT32: ReadonlySet<string> = new Set(["asin", "acos", "atan", "asinh"]);
const third = Math.PI / 3;
const root3 = Math.sqrt(3);
const kernelsOfFloat32 = { float32Only: true } as const;

checkOperators("trigonometry", [
  {
    name: "sin",
    inputs: [{ shape: [2], values: [third, -Math.PI / 6] }],
    build: (x) => ops.sin(x),
    expect: [root3 / 2, -0.5],
  },
  {
    name: "cos",
    inputs: [{ shape: [2], values: [third, Math.PI] }],
    build: (x) => ops.cos(x),
    expect: [0.5, -1],
  },
  {
    name: "tan",
    inputs: [{ shape: [2], values: [third, 0] }],
    build: (x) => ops.tan(x),
    expect: [root3, 0],
  },
  {
    name: "asin",
    inputs: [{ shape: [2], values: [0.5, -0.5] }],
    build: (x) => ops.asin(x),
    expect: [third / 2, -third / 2],
    ...kernelsOfFloat32,
  },
  {
    name: "acos",
    inputs: [{ shape: [2], values: [0.5, 0] }],
    build: (x) => ops.acos(x),
    expect: [third, Math.PI / 2],
    ...kernelsOfFloat32,
  },
  {
    name: "atan",
    inputs: [{ shape: [2], values: [1, root3] }],
    build: (x) => ops.atan(x),
    expect: [Math.PI / 4, third],
    ...kernelsOfFloat32,
  },
  // with e^x = 2: sinh = 3/4, cosh = 5/4; with e^(2x) = 3: tanh = 1/2
  {
    name: "sinh",
    inputs: [{ shape: [1], values: [Math.LN2] }],
    build: (x) => ops.sinh(x),
    expect: [0.75],
  },
  {
    name: "cosh",
    inputs: [{ shape: [1], values: [Math.LN2] }],
    build: (x) => ops.cosh(x),
    expect: [1.25],
  },
  {
    name: "asinh",
    inputs: [{ shape: [1], values: [0.75] }],
    build: (x) => ops.asinh(x),
    expect: [Math.LN2],
    ...kernelsOfFloat32,
  },
  {
    name: "acosh",
    inputs: [{ shape: [1], values: [1.25] }],
    build: (x) => ops.acosh(x),
    expect: [Math.LN2],
  },
  {
    name: "atanh",
    inputs: [{ shape: [1], values: [0.5] }],
    build: (x) => ops.atanh(x),
    expect: [Math.log(3) / 2],
  },
  ...functions.map(([name, build]) => ({
    name: `${name} of many`,
    inputs: [inside],
    build: (x: Tensor) => build(x),
    float32Only: IN_FLOAT32.has(name),
  })),
]);
