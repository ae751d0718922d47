/** Plans against hand arithmetic, and against the figures of the papers that they are about. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { evaluate, Graph, gradients, mul, readOnnx, reduceMean, type Tensor, tanh } from "@thalweg/graph";
import { crossEntropy, gpt, linear, type Module, mlp, resnet18 } from "@thalweg/nn";
import { adafactor, adamw, muon, type Rule, scheduleFreeAdamw, sgd, shampoo } from "@thalweg/optim";
import { describe, expect, test } from "vitest";
import { classifier, type Model } from "../program.ts";
import { markCheckpoints } from "./checkpoints.ts";
import { largestBatch } from "./largest-batch.ts";
import { plannable, plannableFile } from "./models.ts";
import { type MemoryRequest, planMemory } from "./plan.ts";
import { perRank, type Sharding } from "./sharding.ts";
import { stateCount } from "./state.ts";
import { transformerRule } from "./transformer.ts";

const languageModel = (module: Module, length: number): Model => {
  const tokens = (batch: number) => ({ shape: [batch, length], dtype: "int32" }) as const;
  return {
    module,
    inputs: (batch) => ({ x: tokens(batch), labels: tokens(batch) }),
    measure: (context, { x, labels }) => ({ loss: crossEntropy(module.forward(x!, context), labels!) }),
  };
};

const [WIDTH, HEADS, T, BATCH] = [1600, 25, 1024, 32];

/** GPT-2 1.5B without dropout, or with fewer layers. */
const xl = (layers = 48, checkpoint = false): MemoryRequest => {
  const module = gpt({
    ...{ vocabulary: 50_257, context: T, layers, heads: HEADS, width: WIDTH },
    ...{ activation: "geluTanh", checkpoint },
  });
  return { model: plannable(languageModel(module, T)), batchSize: BATCH, rule: adamw, precision: "mixed" };
};

describe("planMemory()", () => {
  const model = plannable(classifier(linear(4, 3, { bias: false }), [4])); // 12 parameters
  test.each([
    ["fp32", { parameters: 48, masters: 0, gradients: 48, state: 96 }],
    ["fp16", { parameters: 24, masters: 0, gradients: 24, state: 48 }],
    ["bf16", { parameters: 24, masters: 0, gradients: 24, state: 48 }],
    ["mixed", { parameters: 24, masters: 48, gradients: 24, state: 96 }], // 16 bytes per parameter
  ] as const)("%s: bytes of 12 parameters with AdamW", (precision, expected) => {
    const { bytes, parameterCount, total } = planMemory({ model, batchSize: 2, rule: adamw, precision });
    expect(parameterCount).toBe(12);
    expect(bytes).toMatchObject(expected);
    expect(total).toBe(Object.values(bytes).reduce((sum, n) => sum + n, 0));
  });

  test("activations at the worst moment, by hand", () => {
    // y = tanh(tanh(x w)), L = mean y²; x [2, 4], w [4, 4]: a tensor of 8 numbers is 32 bytes
    const two: Model = {
      module: linear(4, 4, { bias: false }),
      inputs: () => ({ x: { shape: [2, 4], dtype: "float32" } }),
      measure: (context, { x }) => {
        const y = tanh(tanh(two.module.forward(x!, context)));
        return { loss: reduceMean(mul(y, y)) };
      },
    };
    const { bytes, kept } = planMemory({ model: plannable(two), batchSize: 2, rule: sgd });
    // x is there (32 bytes), as are two constants of the backward pass, 1 and a row of 1/8 (4 + 32). The first tanh takes the product's
    // place; the second and y² are new, as the backward pass reads all three (d tanh = 1 − tanh², so y² too); the loss has 4
    // bytes. From there on each result takes the place of what it is made of.
    expect(kept).toBe(3 * 32);
    expect(bytes).toEqual({
      ...{ parameters: 64, masters: 0, gradients: 64, state: 0, buffers: 0 },
      ...{ inputs: 32 + 4 + 32, activations: 3 * 32 + 4, workspace: 0 },
    });
  });

  test("GPT-2 1.5B: 3 GB of weights in 16 bits, 16 bytes per parameter for Adam in mixed precision", () => {
    const before = process.memoryUsage().arrayBuffers;
    const { parameterCount, bytes } = planMemory(xl());
    expect(parameterCount).toBe(1_557_611_200); // as huggingface.co/openai-community/gpt2-xl
    expect(bytes.parameters / 3e9).toBeGreaterThan(0.9);
    expect(bytes.parameters / 3e9).toBeLessThan(1.1);
    const fixed = bytes.parameters + bytes.masters + bytes.gradients + bytes.state;
    expect(fixed / parameterCount).toBe(16);
    // 6 GB of weights are not even begun
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64e6);
  });

  test("GPT-2 1.5B: what a layer keeps is Korthikanti et al.'s count and one vector", () => {
    // arXiv:2205.05198, eq. 1 without dropout's masks: 16 vectors of the width a position, and here the heads' output both before and
    // after they are joined; and one matrix of scores a head
    const layer = 2 * BATCH * (17 * WIDTH * T + HEADS * T * T);
    expect(planMemory(xl(48)).kept - planMemory(xl(47)).kept).toBe(layer);
    // each block's input is kept, and when a block is computed again, what that block keeps: about 8 GB, the ZeRO paper says
    const input = planMemory(xl(48, true)).kept - planMemory(xl(47, true)).kept;
    expect(input).toBe(2 * BATCH * T * WIDTH);
    expect((48 * input + layer) / 8e9).toBeGreaterThan(0.9);
    expect((48 * input + layer) / 8e9).toBeLessThan(1.1);
  });

  test("GPT-2 1.5B: with attention computed again, only the scores are not kept", () => {
    const kept = (layers: number) => planMemory({ ...xl(layers), checkpoint: "attention" });
    // arXiv:2205.05198, §5: 34 bytes a position and unit of width, two of them masks of dropout, which is none here
    expect(kept(48).kept - kept(47).kept).toBe(32 * BATCH * T * WIDTH);
    // q kᵀ and scores · v, 4 T² of width beside 24 width² T: T/6 width, of a forward pass that is a third
    const share = kept(48).recomputed;
    expect(share).toBeGreaterThan(0.01);
    expect(share).toBeLessThan(T / (6 * WIDTH) / 3);
  });

  test("GPT-2 1.5B: checkpoints spare most of it, for at most a third more work", () => {
    const all = planMemory(xl());
    const some = planMemory({ ...xl(), checkpoint: "blocks" });
    expect(some.bytes.activations).toBeLessThan(all.bytes.activations / 10);
    expect(some.blocks).toBeGreaterThan(Math.sqrt(48));
    expect(some.recomputed).toBeGreaterThan(0.2);
    expect(some.recomputed).toBeLessThanOrEqual(1 / 3);
  });

  test("ranks that ZeRO shards over leave activations whole", () => {
    const request = { ...xl(2), sharding: { stage: 3, ranks: 4 } } as const;
    const [one, four] = [planMemory({ ...request, sharding: { stage: 0, ranks: 4 } }), planMemory(request)];
    for (const part of ["parameters", "masters", "gradients", "state"] as const)
      expect(four.bytes[part]).toBe(Math.ceil(one.bytes[part] / 4));
    expect(four.bytes.activations).toBe(one.bytes.activations);
  });

  test.each([0, -1, 1.5, Number.NaN])("refuses a batch of %d", (batchSize) => {
    expect(() => planMemory({ model, batchSize, rule: adamw })).toThrow(
      new RangeError(
        `Cannot plan memory as batch must be a whole number, 1 or more: current value is ${batchSize}`,
      ),
    );
  });

  test("refuses a rule that cannot update a vector", () => {
    const bare: Rule = { ...muon, minimumRank: 2 };
    delete bare.fallback;
    const biased = plannable(classifier(linear(4, 3), [4]));
    expect(() => planMemory({ model: biased, batchSize: 1, rule: bare })).toThrow(
      /^Cannot plan muon.* for "bias" of shape \[3\] as it needs at least 2 dimensions/,
    );
  });
});

describe("plannableFile()", () => {
  const file = new URL("../../fixtures/models/resnet18.training.onnx.gz", import.meta.url);
  const weights = new Uint8Array(4 * 11_200_000); // what lies beside the file is only of that size
  const read = readOnnx(gunzipSync(readFileSync(file)), { external: () => weights });

  test("ResNet-18 as PyTorch exported it takes what ours takes, but for statistics of channels", () => {
    const own = plannable(classifier(resnet18({ classes: 10 }), [3, 32, 32]));
    const exported = plannableFile(read, { loss: "softmax-cross-entropy" });
    for (const checkpoint of [{}, { checkpoint: "blocks" as const }]) {
      const [a, b] = [own, exported].map((model) =>
        planMemory({ model, batchSize: 16, rule: adamw, precision: "mixed", ...checkpoint }),
      );
      expect(b!.parameterCount).toBe(a!.parameterCount);
      // batch statistics are vectors, of which one is kept here and another there; constants are epsilons and shapes
      for (const part of ["activations", "workspace", "state"] as const)
        expect(b!.bytes[part] / a!.bytes[part]).toBeCloseTo(1, 3);
      expect(b!.kept / a!.kept).toBeCloseTo(1, 3);
      expect(b!.blocks).toBe(a!.blocks);
    }
  });

  test("says which sizes it must be told", () => {
    const symbols = {
      symbols: ["batch", "time"],
      inputs: [{ name: "x", dtype: "float32", sizes: ["batch", "time"] }],
    };
    const model = plannableFile(symbols as never, { loss: "mse" });
    expect(() => model.trace(2)).toThrow(
      "Cannot plan the model as its sizes must be known: time is not; give --size time=…",
    );
  });
});

describe("transformerRule()", () => {
  test("GPT-2 1.5B at 1K and batch 32: about 60 GB, about 8 GB with checkpoints for a third more work", () => {
    const { kept, checkpointed, recomputed } = transformerRule({
      ...{ layers: 48, width: WIDTH, positions: T, batchSize: BATCH },
    });
    expect(Math.abs(kept / 60e9 - 1)).toBeLessThan(0.1);
    expect(Math.abs(checkpointed / 8e9 - 1)).toBeLessThan(0.1);
    expect(recomputed).toBeCloseTo(0.33, 2);
  });
});

describe("perRank()", () => {
  // arXiv:1910.02054, Table 1: GB of model states on each rank for 7.5 billion parameters, stages 1, 2 and 3
  test.each([
    [1, 120, 120, 120],
    [4, 52.5, 41.3, 30],
    [16, 35.6, 21.6, 7.5],
    [64, 31.4, 16.6, 1.88],
    [256, 30.4, 15.4, 0.47],
    [1024, 30.1, 15.1, 0.12],
  ])("ZeRO's table for %d ranks", (ranks, ...expected) => {
    const count = 7.5e9;
    const bytes = { parameters: 2 * count, gradients: 2 * count, masters: 4 * count, state: 8 * count };
    const found = ([1, 2, 3] as const).map((stage) => {
      const sharding: Sharding = { stage, ranks };
      return Object.entries(bytes).reduce((sum, [kind, n]) => sum + perRank(kind as "state", n, sharding), 0);
    });
    for (const [k, gigabytes] of expected.entries()) {
      // the table has three digits, cut rather than rounded in places
      expect(Math.abs(found[k]! / 1e9 - gigabytes)).toBeLessThan(Math.max(0.06, 0.005 * gigabytes));
    }
  });
});

describe("stateCount()", () => {
  const matrix = { name: "weight", shape: [3, 5] };
  const vector = { name: "bias", shape: [7] };
  test.each([
    ["sgd", sgd, 0],
    ["adamw: two moments", adamw, 2 * 15],
    ["schedule-free: z, v, and the average to evaluate with", scheduleFreeAdamw, 3 * 15],
    ["adafactor: a row and a column", adafactor, 3 + 5],
    ["shampoo: two matrices a side", shampoo, 2 * (9 + 25)],
  ] as const)("%s", (_, rule, expected) => {
    expect(stateCount(rule, [matrix])).toBe(expected);
  });

  test("parameters of too few dimensions have the fallback's state", () => {
    // muon keeps one momentum of matrices, and its fallback AdamW's two of vectors
    expect(stateCount(muon, [matrix, vector])).toBe(15 + 2 * 7);
  });
});

describe("largestBatch()", () => {
  const request = { model: plannable(classifier(mlp({ sizes: [20, 50, 10] }), [20])), rule: adamw };
  const totals = Array.from({ length: 60 }, (_, k) => planMemory({ ...request, batchSize: k + 1 }).total);

  test.each([1, 2, 7, 31, 59])("finds %d where trying them all does", (batchSize) => {
    const found = largestBatch(request, totals[batchSize]! - 1); // one byte less than the next takes
    expect(found.batchSize).toBe(batchSize);
    expect(found.plan.total).toBe(totals[batchSize - 1]);
    expect(largestBatch(request, totals[batchSize]!).batchSize).toBe(batchSize + 1);
  });

  test("says what is fixed where not even one fits", () => {
    expect(() => largestBatch(request, totals[0]! - 1)).toThrow(
      /^Cannot fit a batch of 1 as it must take at most \d+ bytes: it takes \d+, 24960 of them whatever the batch;/,
    );
    expect(() => largestBatch(request, 0)).toThrow(/memory must be above 0 bytes: current value is 0/);
  });
});

describe("markCheckpoints()", () => {
  /** L = mean of h², h = x through so many layers tanh(h w). */
  function chain(layers: number) {
    const graph = new Graph();
    const x = graph.input("x", [40, 8]);
    const weights = Array.from({ length: layers }, (_, k) => graph.input(`w${k}`, [8]));
    const h = weights.reduce<Tensor>((h, w) => tanh(mul(h, w)), x);
    return { loss: reduceMean(mul(h, h)), weights };
  }

  test("in a chain of n layers, some √n blocks", () => {
    const { loss, weights } = chain(100);
    const blocks = markCheckpoints("blocks", loss, weights);
    // two tensors a layer: s blocks keep s and 200/s, least where s = √200
    expect(blocks).toBeGreaterThanOrEqual(10);
    expect(blocks).toBeLessThanOrEqual(20);
    for (const [k, { inputs, first, end }] of loss.graph.checkpoints.entries()) {
      expect(inputs).toHaveLength(1);
      if (k > 0) expect(first).toBe(loss.graph.checkpoints[k - 1]!.end);
      expect(end).toBeGreaterThan(first);
    }
  });

  test("gradients are the same to the last bit, in an order of their own", () => {
    const feeds = (weights: readonly Tensor[]) => ({
      x: Array.from({ length: 320 }, (_, i) => Math.sin(1 + 7 * i)),
      ...Object.fromEntries(
        weights.map(({ name }, k) => [name, Array.from({ length: 8 }, (_, i) => Math.cos(k + i))]),
      ),
    });
    const results = [true, false].map((marked) => {
      const { loss, weights } = chain(12);
      if (marked) expect(markCheckpoints("blocks", loss, weights)).toBeGreaterThan(2);
      return evaluate([loss, ...gradients(loss, weights)], feeds(weights));
    });
    expect(results[0]).toEqual(results[1]);
  });

  test("leaves a network that marks its own blocks as it is, and refuses one without any", () => {
    const own = xl(3, true).model.trace(1);
    const marked = [...own.loss.graph.checkpoints];
    expect(markCheckpoints("blocks", own.loss, own.parameters)).toBe(3);
    expect(own.loss.graph.checkpoints).toEqual(marked);
    expect(() => markCheckpoints("blocks", chain(0).loss, [])).toThrow(
      /^Cannot compute blocks again as the network must have two/,
    );
  });
});
