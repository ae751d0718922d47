/** Models of the zoo against PyTorch: output, loss, every parameter's gradient, running statistics (fixtures/zoo.make.py). */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { evaluate, gradients, reduceSum, type Shape, sizeOf, type Tensor } from "@thalweg/graph";
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
const recordings = JSON.parse(readFileSync(new URL("../../fixtures/zoo.json", import.meta.url), "utf8")) as {
  readonly models: Readonly<Record<string, Case>>;
  readonly full: Readonly<Record<string, { readonly parameters: number; readonly names: string }>>;
};
const { models, full } = recordings;

const tiny = { vocabulary: 11, context: 6, layers: 2, heads: 2, width: 8 };
const built: Readonly<Record<string, nn.Module>> = {
  logisticRegression: nn.logisticRegression(12, 10),
  mlp: nn.mlp({ sizes: [12, 9, 8, 10], activation: "tanh" }),
  lenet5: nn.lenet5(),
  "lenet5 with rectifiers, for 32 pixels": nn.lenet5({ size: 32, activation: "relu", pool: "max" }),
  modularTransformer: nn.modularTransformer({ modulus: 7, layers: 2, width: 8, heads: 2, hidden: 12 }),
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

/** What a case computes: the output that was recorded, the loss, and values of inputs beside the weights. */
interface Built {
  readonly output: Tensor;
  readonly loss: Tensor;
  readonly feeds: Readonly<Record<string, ArrayLike<number>>>;
}

function checkAgainstTorch(module: nn.Declared, recorded: Case, build: (context: nn.Tracing) => Built): void {
  const context = nn.tracing(module, { training: recorded.training });
  const { output, loss, feeds } = build(context);
  const names = [...context.parameters.keys()];
  expect(names).toEqual(Object.keys(recorded.gradients));
  expect([...context.buffers.keys()]).toEqual(Object.keys(recorded.running));

  const slopes = gradients(loss, [...context.parameters.values()]);
  const running = [...context.buffers].map(([name, buffer]) => context.updates.get(name) ?? buffer);
  const [found, [value], ...rest] = evaluate([output, loss, ...slopes, ...running], {
    ...fill(module),
    ...feeds,
  }) as [Float64Array, Float64Array, ...Float64Array[]];
  const size = Math.max(...recorded.output.map(Math.abs));
  recorded.output.forEach((wanted, i) => {
    expectClose(found[i]!, wanted, size, `output[${i}]`);
  });
  expectClose(value!, recorded.loss, Math.abs(recorded.loss), "loss");
  names.forEach((name, k) => {
    const g = rest[k]!;
    const [projection, norm] = recorded.gradients[name]!;
    const along = g.reduce((sum, v, i) => sum + v * Math.cos(i), 0);
    expectClose(Math.sqrt(g.reduce((sum, v) => sum + v * v, 0)), norm, norm, `norm of d${name}`);
    expectClose(along, projection, norm, `projection of d${name}`);
  });
  Object.entries(recorded.running).forEach(([name, wanted], k) => {
    const sum = rest[names.length + k]!.reduce((a, b) => a + b, 0);
    expectClose(sum, wanted, Math.abs(wanted), `sum of ${name}`);
  });
}

/** A classifier of images or of the next token, with the labels of zoo.make.py. */
const classified =
  (module: nn.Module, { shape, tokens }: Case) =>
  (context: nn.Tracing): Built => {
    const { graph } = context;
    const x = graph.input("x", shape, tokens ? "int32" : "float32");
    const output = module.forward(x, context);
    const labels = graph.input("labels", output.shape.slice(0, -1), "int32");
    const classes = output.shape.at(-1)!;
    const values = Array.from({ length: labels.size }, (_, i) => {
      if (output.rank === 3) return (3 * i * i) % classes;
      return tokens ? (3 * i) % (classes - 1) : (3 * i) % classes;
    });
    const feeds = { x: tokens ?? wave(shape, 0), labels: values };
    return { output, loss: nn.crossEntropy(output, labels), feeds };
  };

describe("the zoo against PyTorch", () => {
  for (const [name, module] of Object.entries(built)) {
    test(`${name}: output, loss, gradients and running statistics`, () => {
      checkAgainstTorch(module, models[name]!, classified(module, models[name]!));
    });
  }

  for (const name of ["vae", "vae, not training"]) {
    test(`${name}: reconstruction, evidence bound and gradients`, () => {
      const module = nn.vae({ features: 12, hidden: 7, latent: 3 });
      checkAgainstTorch(module, models[name]!, (context) => {
        const x = context.graph.input("x", [4, 12]);
        const output = module.forward(x, context);
        const unit = (shape: Shape, k: number) => wave(shape, k).map((c) => c / 2 + 0.5);
        const feeds = { x: unit([4, 12], 0), noise: unit([2, 4, 3], 9) };
        return { output: output.logits, loss: nn.evidenceLoss(output, x), feeds };
      });
    });
  }

  test("pinn for Burgers' equation: the loss of its derivatives, and the gradient of that", () => {
    const module = nn.pinn({ hidden: [6, 5] });
    checkAgainstTorch(module, models["pinn for Burgers' equation"]!, (context) => {
      const { graph } = context;
      const [known, values, collocation] = [
        graph.input("known", [5, 2]),
        graph.input("values", [5, 1]),
        graph.input("x", [5, 2]),
      ];
      return {
        output: module.forward(collocation, context),
        loss: nn.burgersLoss(module, { known, values, collocation }, context, 0.1),
        feeds: { known: wave([5, 2], 1), values: wave([5, 1], 2), x: wave([5, 2], 0) },
      };
    });
  });

  test("every recorded case was checked", () => {
    const others = ["vae", "vae, not training", "pinn for Burgers' equation"];
    others.push("net2c2d", "net3c3d"); // large for an interpreter: zoo.test.ts of @thalweg/train runs them
    expect(new Set([...Object.keys(built), ...others])).toEqual(new Set(Object.keys(models)));
  });
});

describe("zoo", () => {
  test("lists every network that was counted", () => {
    expect(new Set(Object.keys(nn.zoo))).toEqual(new Set(Object.keys(full)));
  });

  for (const [name, entry] of Object.entries(nn.zoo)) {
    test(`${name}: as many parameters as PyTorch's, of the same names and shapes, in the same order`, () => {
      const { parameters, names } = full[name]!;
      const module = entry.build();
      expect(entry.parameters).toBe(parameters);
      expect(nn.countParameters(module)).toBe(parameters);
      const list = module.parameters.map((one) => `${one.name} [${one.shape.join(", ")}]`);
      expect(createHash("sha256").update(list.join("\n")).digest("hex"), list.join("\n")).toBe(names);
    });
  }

  test("every network fits the input it names, forwards and backwards", () => {
    for (const [name, entry] of Object.entries<nn.ZooEntry>(nn.zoo)) {
      const module = entry.build() as nn.Module<Tensor, Tensor | nn.VaeOutput>;
      const context = nn.tracing(module, { training: true });
      const { kind, shape } = entry.input;
      const x = context.graph.input("x", [2, ...shape], kind === "tokens" ? "int32" : "float32");
      const given = module.forward(x, context);
      const output = "logits" in given ? given.logits : given;
      expect(output.shape[0], name).toBe(2);
      const slopes = gradients(reduceSum(output), [...context.parameters.values()]);
      expect(slopes.map((slope) => slope.shape)).toEqual(module.parameters.map((one) => one.shape));
    }
  });

  test("parameters are as many as the papers say", () => {
    const millions = (name: nn.ZooName, digits: number) => (nn.zoo[name].parameters / 1e6).toFixed(digits);
    // He et al., Table 6; Zagoruyko & Komodakis, Tables 4 and 5
    expect([millions("resnet20", 2), millions("resnet32", 2), millions("resnet56", 2)]).toEqual([
      "0.27",
      "0.46",
      "0.85",
    ]);
    expect(millions("resnet110", 1)).toBe("1.7");
    expect([millions("wrn-16-8", 1), millions("wrn-28-10", 1), millions("wrn-40-4", 1)]).toEqual([
      "11.0",
      "36.5",
      "8.9",
    ]);
    // Raissi et al., §3.1.1
    expect(nn.zoo["burgers-pinn"].parameters).toBe(3021);
  });
});

describe("options that lead nowhere are refused", () => {
  test("depths, heads and sizes", () => {
    expect(() => nn.cifarResnet({ depth: 21 })).toThrow(
      "depth must be 6n + 2, such as 20, 32, 56 or 110: current value is 21",
    );
    expect(() => nn.wideResnet({ depth: 20, width: 2 })).toThrow(/depth must be 6n \+ 4/);
    expect(() => nn.gpt({ ...tiny, heads: 3 })).toThrow(
      "Cannot build gpt as heads must divide the width: 3 heads of width 8",
    );
    expect(() => nn.mlp({ sizes: [3] })).toThrow(/an input's and an output's at least/);
    expect(() => nn.gpt({ ...tiny, dropout: Number.NaN })).toThrow(/dropout must be in \[0, 1\)/);
  });

  test("sequences that are longer than the positions, and inputs that are no tokens", () => {
    const module = nn.gpt(tiny);
    const run = (shape: number[], dtype: "int32" | "float32") => {
      const context = nn.tracing(module, { training: false });
      return () => module.forward(context.graph.input("x", shape, dtype), context);
    };
    expect(run([2, 7], "int32")).toThrow(/needs tokens \[B, T\] with T at most 6: cut the sequences/);
    expect(run([2, 4], "float32")).toThrow(
      /^In layer transformer\.wte, called at .*zoo\.test\.ts:.*feed int32 or int64, such as tokens/,
    );
  });
});
