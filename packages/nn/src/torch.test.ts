/** Every layer and loss against PyTorch: values, gradients, running statistics (fixtures/layers.make.py). */
import { readFileSync } from "node:fs";
import { evaluate, Graph, gradients, mul, reduceSum, type Tensor } from "@thalweg/graph";
import { describe, expect, test } from "vitest";
import * as nn from "./index.ts";

interface Recorded {
  readonly shape: number[];
  readonly data: number[];
}
type Differentiated = Recorded & { readonly grad: number[] };
interface LayerFixture {
  readonly training: boolean;
  readonly x: Differentiated;
  readonly y: Recorded;
  readonly parameters: Readonly<Record<string, Differentiated>>;
  readonly buffers: Readonly<Record<string, Recorded>>;
  readonly after: Readonly<Record<string, Recorded>>;
}
interface LossFixture {
  readonly x: Differentiated;
  readonly target: Recorded;
  readonly loss: number;
}
const fixture = JSON.parse(readFileSync(new URL("../fixtures/layers.json", import.meta.url), "utf8")) as {
  readonly layers: Readonly<Record<string, LayerFixture>>;
  readonly losses: Readonly<Record<string, LossFixture>>;
};

const modules: Readonly<Record<string, nn.Module>> = {
  linear: nn.linear(4, 3),
  "linear without bias": nn.linear(4, 3, { bias: false }),
  relu: nn.relu(),
  flatten: nn.flatten(),
  conv2d: nn.conv2d(4, 6, 3, { padding: 1 }),
  "conv2d with stride, dilation, groups": nn.conv2d(4, 6, [2, 3], {
    stride: 2,
    dilation: [1, 2],
    groups: 2,
    padding: [0, 1],
    bias: false,
  }),
  "batchNorm of images": nn.batchNorm(4),
  "batchNorm of images, not training": nn.batchNorm(4),
  "batchNorm of vectors, momentum 0.3": nn.batchNorm(4, { momentum: 0.3, eps: 1e-3 }),
  maxPool2d: nn.maxPool2d(2),
  "maxPool2d that overlaps": nn.maxPool2d(3, { stride: 2, padding: 1 }),
  averagePool2d: nn.averagePool2d(2),
  "averagePool2d with padding": nn.averagePool2d(3, { stride: 1, padding: 1 }),
  globalAveragePool: nn.globalAveragePool(),
  sequential: nn.sequential(nn.conv2d(4, 2, 3), nn.batchNorm(2), nn.relu(), nn.flatten(), nn.linear(40, 3)),
};

/** Both sides compute in float64: sums of a few hundred terms leave 1e-13. */
function expectClose(found: ArrayLike<number>, wanted: readonly number[], what: string): void {
  expect(found.length, what).toBe(wanted.length);
  const scale = wanted.reduce((m, v) => Math.max(m, Math.abs(v)), 1);
  wanted.forEach((value, i) => {
    expect(Math.abs(found[i]! - value), `${what}[${i}]: ${found[i]} and ${value}`).toBeLessThanOrEqual(
      1e-12 * scale,
    );
  });
}

describe("layers against PyTorch", () => {
  for (const [name, recorded] of Object.entries(fixture.layers)) {
    test(`${name}: output, gradients and running statistics`, () => {
      const module = modules[name]!;
      const context = nn.tracing(module, { training: recorded.training });
      expect([...context.parameters.keys()]).toEqual(Object.keys(recorded.parameters));
      expect([...context.buffers.keys()]).toEqual(Object.keys(recorded.buffers));

      const x = context.graph.input("x", recorded.x.shape);
      const y = module.forward(x, context);
      const weights = context.graph.constant(
        Array.from({ length: y.size }, (_, i) => Math.cos(i)),
        y.shape,
      );
      const wrt = [x, ...context.parameters.values()];
      const wanted: [string, Tensor, number[]][] = [
        ["y", y, recorded.y.data],
        ...gradients(reduceSum(mul(y, weights)), wrt).map((gradient, k): [string, Tensor, number[]] => {
          const of = wrt[k]!.name;
          return [`gradient of ${of}`, gradient, (k === 0 ? recorded.x : recorded.parameters[of]!).grad];
        }),
        ...Object.entries(recorded.after).map(([of, { data }]): [string, Tensor, number[]] => [
          of,
          context.updates.get(of) ?? context.buffer(of),
          data,
        ]),
      ];
      const feeds = { ...recorded.parameters, ...recorded.buffers, x: recorded.x };
      const values = evaluate(
        wanted.map(([, tensor]) => tensor),
        Object.fromEntries(Object.entries(feeds).map(([of, { data }]) => [of, data])),
      );
      expect(y.shape).toEqual(recorded.y.shape);
      wanted.forEach(([what, , data], k) => {
        expectClose(values[k]!, data, what);
      });
    });
  }
});

describe("losses against PyTorch", () => {
  for (const [name, recorded] of Object.entries(fixture.losses)) {
    test(`${name}: value and gradient`, () => {
      const graph = new Graph();
      const x = graph.input("x", recorded.x.shape);
      const classes = name.startsWith("crossEntropy");
      const target = graph.input("target", recorded.target.shape, classes ? "int32" : "float32");
      const loss = classes ? nn.crossEntropy(x, target) : nn.meanSquaredError(x, target);
      const feeds = { x: recorded.x.data, target: recorded.target.data };
      const [value, gradient] = evaluate([loss, gradients(loss, [x])[0]!], feeds);
      expectClose(value!, [recorded.loss], "loss");
      expectClose(gradient!, recorded.x.grad, "gradient");
    });
  }
});
