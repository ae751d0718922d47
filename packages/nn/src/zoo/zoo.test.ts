/** Models of the zoo against PyTorch: output, loss, every parameter's gradient, running statistics (fixtures/zoo.make.py). */
import { readFileSync } from "node:fs";
import { evaluate, gradients, type Shape, sizeOf, type Tensor } from "@thalweg/graph";
import { describe, expect, test } from "vitest";
import * as nn from "../index.ts";

interface Case {
  readonly training: boolean;
  readonly shape: number[];
  readonly tokens?: number[];
  readonly output: number[];
  readonly loss: number;
  /** Σ gᵢ cos i and ‖g‖ of each parameter's gradient. */
  readonly gradients: Readonly<Record<string, readonly [number, number]>>;
  /** The sum of each running statistic after the step. */
  readonly running: Readonly<Record<string, number>>;
}
const { models } = JSON.parse(readFileSync(new URL("../../fixtures/zoo.json", import.meta.url), "utf8")) as {
  readonly models: Readonly<Record<string, Case>>;
};

const tiny = { vocabulary: 11, context: 6, layers: 2, heads: 2, width: 8 };
const built: Readonly<Record<string, nn.Module>> = {
  "cifarResnet 20": nn.cifarResnet({ depth: 20 }),
  "cifarResnet 8 B, width 2": nn.cifarResnet({ depth: 8, shortcut: "B", width: 2 }),
  "cifarResnet 8 without shortcuts": nn.cifarResnet({ depth: 8, shortcut: "none" }),
  "cifarResnet 8, not training": nn.cifarResnet({ depth: 8 }),
  "resnet18 width 4": nn.resnet18({ width: 4, classes: 10 }),
  "resnet18 for CIFAR, width 4": nn.resnet18({ form: "cifar", width: 4 }),
  "wideResnet 10-2": nn.wideResnet({ depth: 10, width: 2 }),
  "vgg9 width 4": nn.vgg9({ width: 4 }),
  "vgg9 width 4 without norm": nn.vgg9({ width: 4, batchNorm: false }),
  "vgg11 for CIFAR, width 4": nn.vgg11({ form: "cifar", width: 4 }),
  "vgg11 for CIFAR, width 4, with norm": nn.vgg11({ form: "cifar", width: 4, batchNorm: true }),
  "vgg11 width 4": nn.vgg11({ width: 4, hidden: 12, classes: 10, dropout: 0 }),
  gpt: nn.gpt(tiny),
  "gpt on a shorter sequence": nn.gpt(tiny),
  "gpt without bias, untied, tanh gelu": nn.gpt({
    ...tiny,
    bias: false,
    tied: false,
    activation: "geluTanh",
  }),
  "gpt with post-norm": nn.gpt({ ...tiny, norm: "post" }),
  "gpt with rmsNorm and squared rectifiers": nn.gpt({
    ...tiny,
    normalization: "rms",
    bias: false,
    activation: "reluSquared",
  }),
};

/** cos(0.37 i² + 1.7 k + 0.5) for the i-th element, as zoo.make.py fills weights and inputs. */
const wave = (shape: Shape, k: number): Float64Array =>
  Float64Array.from({ length: sizeOf(shape) }, (_, i) => Math.cos(0.37 * i * i + 1.7 * k + 0.5));

function fill({ parameters, buffers }: nn.Declared): Record<string, Float64Array> {
  const weights = parameters.map(({ name, shape }, k) => {
    const amplitude = shape.length > 1 ? 2 / Math.sqrt(sizeOf(shape) / shape[0]!) : 0.3;
    const middle = shape.length === 1 && name.endsWith("weight") ? 1 : 0;
    return [name, wave(shape, k).map((c) => middle + amplitude * c)] as const;
  });
  const running = buffers.map(({ name, shape }, k) => {
    const mean = name.endsWith("mean");
    return [name, wave(shape, k).map((c) => (mean ? 0.2 * c : 1 + 0.5 * c))] as const;
  });
  return Object.fromEntries([...weights, ...running]);
}

/** Both sides compute in float64, through up to twenty layers. */
const TOLERANCE = 1e-9;
function expectClose(found: number, wanted: number, scale: number, what: string): void {
  expect(Math.abs(found - wanted), `${what}: ${found} and ${wanted}`).toBeLessThanOrEqual(
    TOLERANCE * Math.max(scale, 1e-3),
  );
}

function checkAgainstTorch(
  module: nn.Module,
  recorded: Case,
  input: readonly [Tensor, ArrayLike<number>],
  context: nn.Tracing,
  lossOf: (output: Tensor) => readonly [Tensor, Readonly<Record<string, number[]>>],
): void {
  const [x, data] = input;
  const output = module.forward(x, context);
  const [loss, targets] = lossOf(output);
  const names = [...context.parameters.keys()];
  expect(names).toEqual(Object.keys(recorded.gradients));
  expect([...context.buffers.keys()]).toEqual(Object.keys(recorded.running));

  const slopes = gradients(loss, [...context.parameters.values()]);
  const running = [...context.buffers].map(([name, buffer]) => context.updates.get(name) ?? buffer);
  const [found, [value], ...rest] = evaluate([output, loss, ...slopes, ...running], {
    ...fill(module),
    ...targets,
    [x.name]: data,
  }) as [Float64Array, Float64Array, ...Float64Array[]];
  const size = Math.max(...recorded.output.map(Math.abs));
  recorded.output.forEach((wanted, i) => {
    expectClose(found[i]!, wanted, size, `output[${i}]`);
  });
  expectClose(value!, recorded.loss, Math.abs(recorded.loss), "loss");
  names.forEach((name, k) => {
    const g = rest[k]!;
    const [projection, norm] = recorded.gradients[name]!;
    expectClose(Math.sqrt(g.reduce((sum, v) => sum + v * v, 0)), norm, norm, `norm of d${name}`);
    expectClose(
      g.reduce((sum, v, i) => sum + v * Math.cos(i), 0),
      projection,
      norm,
      `projection of d${name}`,
    );
  });
  Object.entries(recorded.running).forEach(([name, sum], k) => {
    expectClose(
      rest[names.length + k]!.reduce((a, b) => a + b, 0),
      sum,
      Math.abs(sum),
      `sum of ${name}`,
    );
  });
}

describe("the zoo against PyTorch", () => {
  for (const [name, recorded] of Object.entries(models)) {
    test(`${name}: output, loss, gradients and running statistics`, () => {
      const module = built[name]!;
      const context = nn.tracing(module, { training: recorded.training });
      const { graph } = context;
      const [B, T] = recorded.shape as [number, number];
      const tokens = recorded.tokens;
      const x = graph.input("x", recorded.shape, tokens ? "int32" : "float32");
      checkAgainstTorch(module, recorded, [x, tokens ?? wave(recorded.shape, 0)], context, (output) => {
        const labels = graph.input("labels", tokens ? [B, T] : [B], "int32");
        const values = tokens
          ? tokens.map((_, i) => (3 * i * i) % 11)
          : Array.from({ length: B }, (_, i) => (3 * i) % output.shape[1]!);
        return [nn.crossEntropy(output, labels), { labels: values }];
      });
    });
  }
});
