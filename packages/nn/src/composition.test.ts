/** Names, places and errors of networks; their values are held to PyTorch's in the zoo's tests. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { add, evaluate, gradients, mul, relu as rectify, reduceSum, type Tensor } from "@thalweg/graph";
import { describe, expect, test } from "vitest";
import {
  batchNorm,
  checkpointed,
  dropout,
  linear,
  type Module,
  network,
  relu,
  residual,
  sequential,
  tracing,
  within,
} from "./index.ts";

const block = (width: number) =>
  network({ up: linear(width, 2 * width), down: linear(2 * width, width) }, (x: Tensor, { up, down }) =>
    add(x, down(rectify(up(x)))),
  );

/** The error that tracing a module on such an input raises. */
function raised(module: ReturnType<typeof sequential>, shape: number[]): Error {
  const context = tracing(module, { training: true });
  const x = context.graph.input("x", shape);
  try {
    module.forward(x, context);
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was raised");
}

describe("network()", () => {
  test("lists its own parameters, then its children's under their names, in order", () => {
    const own = { name: "scale", shape: [2], initialize: () => {}, kind: "scale" as const };
    const model = network({ b: linear(2, 2, { bias: false }), a: batchNorm(2) }, (x: Tensor) => x, {
      parameters: [own],
    });
    expect(model.parameters.map(({ name }) => name)).toEqual(["scale", "b.weight", "a.weight", "a.bias"]);
    expect(model.buffers.map(({ name }) => name)).toEqual(["a.running_mean", "a.running_var"]);
  });

  test("calls its children where the function does: x + W₂ max(0, W₁ x)", () => {
    const model = sequential(block(1));
    const context = tracing(model, { training: false });
    const y = model.forward(context.graph.input("x", [1, 1]), context);
    const feeds = {
      x: [3],
      "0.up.weight": [2, -1],
      "0.up.bias": [1, 0],
      "0.down.weight": [10, 100],
      "0.down.bias": [0.5],
    };
    // up: [2·3 + 1, −3] → [7, 0]; down: 70 + 0.5; and 3 for the sum
    expect(Array.from(evaluate([y], feeds)[0]!)).toEqual([73.5]);
  });

  test("a child used twice shares its parameters", () => {
    const shared = network({ layer: linear(1, 1) }, (x: Tensor, { layer }) => layer(layer(x)));
    const context = tracing(shared, { training: false });
    const y = shared.forward(context.graph.input("x", [1, 1]), context);
    const feeds = { x: [1], "layer.weight": [3], "layer.bias": [1] };
    expect(Array.from(evaluate([y], feeds)[0]!)).toEqual([13]); // 3 (3 + 1) + 1
  });

  test("residual() adds its input, and keeps the branch's names", () => {
    const model = residual(linear(2, 2));
    expect(model.parameters.map(({ name }) => name)).toEqual(["weight", "bias"]);
    const context = tracing(model, { training: false });
    const y = model.forward(context.graph.input("x", [1, 2]), context);
    expect(Array.from(evaluate([y], { x: [1, 2], weight: [1, 0, 0, 1], bias: [0, 5] })[0]!)).toEqual([2, 9]);
  });

  test("within() tells a child its place", () => {
    const context = tracing(dropout(0.5), { training: true });
    expect(within(within(context, "layers.2"), "attention").path).toBe("layers.2.attention");
  });
});

describe("checkpointed()", () => {
  const plain = sequential(linear(3, 4), relu(), dropout(0.5), linear(4, 2));
  const feeds = {
    x: [0.5, -1, 2],
    "0.weight": [1, 2, 3, -1, 0, 2, 1, 1, 1, 0.5, 0, 1],
    "0.bias": [0, 1, 0, -1],
    "3.weight": [1, -1, 2, 1, 0.5, 1, 1, 3],
    "3.bias": [0, 0],
    "2.noise": [0.1, 0.9, 0.6, 0.7],
  };
  const differentiated = (module: Module) => {
    const context = tracing(module, { training: true });
    const y = module.forward(context.graph.input("x", [1, 3]), context);
    const slopes = gradients(reduceSum(mul(y, y)), [...context.parameters.values()]);
    return { y, slopes, values: evaluate([y, ...slopes], feeds) };
  };

  test("keeps names, values and gradients, and drops the same values twice", () => {
    const marked = checkpointed(plain);
    expect(marked.parameters).toEqual(plain.parameters);
    expect(differentiated(marked).values).toEqual(differentiated(plain).values);
  });

  test("computes the block again for its gradients", () => {
    const rectifiers = (module: Module) => namesBehind(differentiated(module).slopes, /Relu$/);
    expect(rectifiers(plain)).toEqual(["1/Relu"]);
    // one for y, on which dL/dy depends, and one for the gradients
    const marked = rectifiers(checkpointed(plain));
    expect(marked).toContain("1/Relu");
    expect(marked).toHaveLength(2);
  });
});

/** Names of the tensors that these are computed from, as far as they fit the pattern. */
function namesBehind(tensors: readonly Tensor[], pattern: RegExp): string[] {
  const found = new Set(tensors);
  for (const { origin } of found) {
    if (origin.kind === "call") for (const input of origin.call.inputs) found.add(input);
  }
  return [...found].map(({ name }) => name).filter((name) => pattern.test(name));
}

describe("shape mismatches", () => {
  test("name the layer's whole path, both shapes, and the line that called the model", () => {
    const model = network(
      { layers: sequential(block(4), relu(), sequential(block(3))) },
      (x: Tensor, { layers }) => layers(x),
    );
    const { message } = raised(model, [5, 4]);
    expect(message).toMatch(
      /^In layer layers\.2\.0\.up, called at .*composition\.test\.ts:\d+:\d+: Cannot apply linear to .* float32 \[5, 4\] as its weight \[6, 3\] needs 3 values along the last axis: found 4$/,
    );
  });

  test("name the line inside a user's own network, where that is what does not fit", () => {
    const wrong = network({ a: linear(2, 3) }, (x: Tensor, { a }) => add(x, a(x)));
    const { message } = raised(sequential(wrong), [5, 2]);
    const source = readFileSync(fileURLToPath(import.meta.url), "utf8").split("\n");
    const line = source.findIndex((text) => text.includes("const wrong = network")) + 1;
    expect(message).toMatch(
      new RegExp(`^In layer 0, called at .*composition\\.test\\.ts:${line}:\\d+: Cannot apply Add to `),
    );
  });

  test("keep the operator's complaint as their cause, and are raised once however deep the layer lies", () => {
    const error = raised(sequential(sequential(sequential(linear(3, 3)))), [5, 4]);
    expect(error).toBeInstanceOf(RangeError);
    expect(error.message.match(/In layer/g)).toHaveLength(1);
    expect((error.cause as Error).message).toMatch(/^Cannot apply linear/);
  });

  test("other errors pass unchanged", () => {
    const own = new EvalError("mine");
    const model = network({}, (): Tensor => {
      throw own;
    });
    expect(raised(model, [1])).toBe(own);
  });
});
