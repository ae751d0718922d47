/** Optimizer state divided among ranks: the same bits as undivided, for every rule that can be divided. */
import { FlatMemory } from "@thalweg/formula";
import {
  adamw,
  catalogue,
  chain,
  clipByGlobalNorm,
  lars,
  Optimizer,
  type Rule,
  type Segment,
  sgd,
  stateSlotCount,
  wasmBackend,
} from "@thalweg/optim";
import { stream } from "@thalweg/random";
import { describe, expect, test } from "vitest";
import type { Communicator } from "./communicator.ts";
import { shardKind } from "./shard-kind.ts";
import { ShardedOptimizer, shardBounds } from "./sharded-optimizer.ts";
import { together } from "./testing/together.ts";

const SHAPES: readonly (readonly number[])[] = [[7, 5], [5], [3, 2, 2], [4, 6], [1]];
const segments: Segment[] = [];
for (const [i, shape] of SHAPES.entries()) {
  const size = shape.reduce((product, n) => product * n, 1);
  const offset = segments.reduce((sum, segment) => sum + segment.size, 0);
  segments.push({ name: `p${i}`, shape, offset, size });
}
const COUNT = segments.reduce((sum, { size }) => sum + size, 0); // 77

function build(rule: Rule, communicator?: Communicator) {
  const memory = new FlatMemory(1 << 20);
  const [parameters, gradients] = [memory.allocate(COUNT), memory.allocate(COUNT)];
  stream(1, "start").fillNormal(parameters);
  const options = { backend: wasmBackend(memory), segments, parameters, gradients, rule, seed: 5 };
  const free = memory.bytesFree;
  const optimizer =
    communicator === undefined ? new Optimizer(options) : new ShardedOptimizer({ ...options, communicator });
  return { parameters, gradients, optimizer, stateBytes: free - memory.bytesFree };
}

/** Some steps on gradients that are the same for all. */
async function step({ optimizer, gradients }: ReturnType<typeof build>, first: number, steps: number) {
  for (let t = first; t < first + steps; t++) {
    for (const phase of optimizer.phasesDue()) {
      stream(2, "phase", t).fillNormal(gradients);
      await optimizer.prepare(phase);
    }
    stream(2, "gradient", t).fillNormal(gradients);
    await optimizer.step();
  }
}

const divisible = Object.entries(catalogue).flatMap(([name, { rule }]) => {
  try {
    return [[name, rule, shardKind(rule)] as const];
  } catch {
    return [];
  }
});

describe("shardKind()", () => {
  test("reads off the formula what a rule looks at", () => {
    expect(shardKind(adamw)).toBe("elements");
    expect(shardKind(lars)).toBe("tensors"); // a trust ratio of two norms of the tensor
    expect(() => shardKind(chain(clipByGlobalNorm(), sgd))).toThrow(
      "as a part of it must not depend on all parameters, as by a global norm",
    );
  });

  test("divides most of the catalogue", () => {
    expect(divisible.length).toBeGreaterThan(Object.keys(catalogue).length / 2);
  });
});

describe("shardBounds()", () => {
  test("divides elements equally, and whole tensors as equally as they allow", () => {
    expect(shardBounds(adamw, segments, 3)).toEqual([0, 26, 52, 77]);
    expect(shardBounds(lars, segments, 2)).toEqual([0, 40, 77]); // tensors end at 35, 40, 52, 76, 77; half is 38.5
  });

  test("refuses more ranks than there are parts", () => {
    expect(() => shardBounds(lars, segments, 5)).toThrow(
      /^Cannot divide the state of lars among 5 ranks as each needs a part of whole tensors: 5 tensors of 77 parameters/,
    );
  });
});

describe("ShardedOptimizer", () => {
  test.each(
    divisible,
  )("%s gives the bits of the undivided one on 2 ranks, and the whole state", async (_, rule) => {
    const whole = build(rule);
    await step(whole, 0, 3);
    const view = new Float32Array(COUNT);
    await whole.optimizer.writeView(view);
    await Promise.all(
      together(2).map(async (communicator) => {
        const own = build(rule, communicator);
        await step(own, 0, 3);
        expect(own.parameters).toEqual(whole.parameters);
        const ownView = new Float32Array(COUNT);
        await own.optimizer.writeView(ownView);
        expect(ownView).toEqual(view);
        await (own.optimizer as ShardedOptimizer).gather();
        if (communicator.rank === 0) expect(own.optimizer.state()).toEqual(whole.optimizer.state());
      }),
    );
  });

  test("goes on from the whole state, on another number of ranks", async () => {
    const whole = build(adamw);
    await step(whole, 0, 2);
    const [start, state] = [whole.parameters.slice(), whole.optimizer.state()];
    await step(whole, 2, 2);
    await Promise.all(
      together(3).map(async (communicator) => {
        const own = build(adamw, communicator);
        own.parameters.set(start);
        own.optimizer.load(state);
        await step(own, 2, 2);
        expect(own.parameters).toEqual(whole.parameters);
      }),
    );
  });

  test("takes memory for its slice only", () => {
    const [, second] = together(4).map((one) => build(adamw, one).stateBytes);
    expect(build(adamw).stateBytes).toBe(stateSlotCount(adamw) * FlatMemory.bytesFor(77));
    expect(second).toBe(stateSlotCount(adamw) * FlatMemory.bytesFor(19)); // 77 = 20 + 19 + 19 + 19
  });

  test("gives its state at rank 0 only after it was gathered", () => {
    const { optimizer } = build(adamw, together(2)[0]!);
    expect(() => optimizer.state()).toThrow("must be gathered first");
  });
});
