/** k micro-batches make one step on their mean: to the bit where the mean is exact. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ENGINES, setUp } from "../../laws/set-up.ts";
import { chain } from "../rule.ts";
import { adamw } from "../rules/index.ts";
import { addGradientNoise, clipByGlobalNorm } from "../transforms/index.ts";
import { Accumulation } from "./accumulation.ts";
import { sam } from "./sam.ts";

const rule = chain(clipByGlobalNorm(), addGradientNoise(), adamw);

describe.each(ENGINES)("Accumulation on the %s engine", (engine) => {
  it("of k micro-batches is one step on their mean, bit for bit where sums and means are exact", () => {
    // small whole numbers in powers of two of micro-batches: no sum and no mean rounds
    const gradient = fc.array(fc.integer({ min: -64, max: 64 }), { minLength: 3, maxLength: 3 });
    const steps = fc
      .constantFrom(1, 2, 4, 8)
      .chain((k) =>
        fc.array(fc.array(gradient, { minLength: k, maxLength: k }), { minLength: 1, maxLength: 4 }),
      );
    fc.assert(
      fc.property(steps, (batches) => {
        const k = batches[0]!.length;
        const slow = setUp(engine, rule, { a: [1, -2], b: [3] });
        const fast = setUp(engine, rule, { a: [1, -2], b: [3] });
        const from = fast.gradients.slice();
        const accumulation = new Accumulation({ from, into: fast.gradients, k });
        for (const micro of batches) {
          slow.step([0, 1, 2].map((i) => micro.reduce((sum, g) => sum + g[i]!, 0) / k));
          micro.forEach((g, m) => {
            from.set(g);
            expect(accumulation.add()).toBe(m === k - 1);
            if (m < k - 1) expect(accumulation.pending).toBe(m + 1);
          });
          fast.optimizer.step();
        }
        expect([...fast.parameters]).toEqual([...slow.parameters]);
        expect(fast.optimizer.state()).toEqual(slow.optimizer.state());
        expect(fast.optimizer.stepCount).toBe(batches.length);
      }),
      { seed: 4, numRuns: 30 },
    );
  });

  it("serves each gradient of a step that has several", () => {
    const { optimizer, parameters, gradients } = setUp(engine, chain(sam(), adamw), { a: [1] });
    const plain = setUp(engine, chain(sam(), adamw), { a: [1] });
    const from = gradients.slice();
    const accumulation = new Accumulation({ from, into: gradients, k: 2 });
    const mean = (x: number, y: number) => {
      for (const g of [x, y]) {
        from.set([g]);
        accumulation.add();
      }
    };
    mean(1, 3);
    optimizer.prepare(optimizer.phasesDue()[0]!);
    mean(4, 8);
    optimizer.step();
    plain.gradients.set([2]);
    plain.optimizer.prepare(plain.optimizer.phasesDue()[0]!);
    plain.gradients.set([6]);
    plain.optimizer.step();
    expect([...parameters]).toEqual([...plain.parameters]);
  });
});

describe("Accumulation", () => {
  const make = (k: number) => new Accumulation({ from: Float64Array.of(1), into: new Float64Array(1), k });

  it("goes on in the middle of a step", () => {
    const from = Float64Array.of(8);
    const into = Float64Array.of(4); // the sum so far
    const resumed = new Accumulation({ from, into, k: 2 });
    resumed.resume(1);
    expect(resumed.add()).toBe(true);
    expect([...into]).toEqual([6]);
  });

  it("refuses counts that are none, and vectors that are one", () => {
    expect(() => make(0)).toThrow("k must be a whole number, at least 1: current value is 0");
    expect(() => make(Number.NaN)).toThrow("current value is NaN");
    expect(() => make(2).resume(2)).toThrow("must be in [0, 2): current value is 2");
    const one = new Float64Array(2);
    expect(() => new Accumulation({ from: one, into: one, k: 2 })).toThrow("needs two vectors of one length");
    expect(() => new Accumulation({ from: one, into: new Float64Array(3), k: 2 })).toThrow(
      "they have 2 and 3",
    );
  });
});
