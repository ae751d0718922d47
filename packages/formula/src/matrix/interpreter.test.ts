/** Programs of matrices, on both engines: against plain loops, by hand, and in what they must not compute or mix up. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { reference } from "../reference.ts";
import type { UpdateProgram } from "../resolve.ts";
import {
  numbers,
  program,
  randomTensor,
  runFused,
  runReference,
  type TestTensor,
} from "../testing/harness.ts";
import { anyMatrixFormula } from "../testing/matrix-formulas.ts";
import { bindUpdate, type Engine } from "../update.ts";
import type { Matrix } from "./operations.ts";

/** More operations than any of the random formulas has roundings in a row, each of at most half a unit. */
const ROUNDINGS = 200;

describe.each([
  ["reference", runReference, ROUNDINGS * 2 ** -53],
  ["fused", runFused, ROUNDINGS * 2 ** -24],
] as const)("programs of matrices on the %s engine", (_, run, tolerance) => {
  const one = (update: UpdateProgram, tensor: TestTensor, steps = 1) =>
    run(update, [{ hyper: {}, tensors: [tensor] }], { steps })[0]![0]!;

  it("random formulas agree with plain loops", () => {
    const side = fc.integer({ min: 1, max: 5 });
    fc.assert(
      fc.property(anyMatrixFormula, side, side, fc.nat(1000), ({ theta, L }, rows, cols, seed) => {
        const slots = {
          theta: numbers(rows * cols, seed, -1, 1),
          g: numbers(rows * cols, seed + 1, -1, 1),
          L: numbers(rows * rows, seed + 2, -1, 1),
        };
        const text = `after = ${theta.text}\nL = ${L.text}\ntheta = after`;
        const found = one(program(text, [], { L: { shape: "rows×rows" } }), { shape: [rows, cols], slots });
        for (const [name, formula] of Object.entries({ theta, L })) {
          const expected = formula.evaluate({ rows, cols, ...slots }).flat();
          expect(found[name]).toHaveLength(expected.length);
          expected.forEach(({ value, size }, i) => {
            expect(Math.abs(found[name]![i]! - value)).toBeLessThanOrEqual(tolerance * size);
          });
        }
      }),
      { seed: 11, numRuns: 300 },
    );
  });

  it("a product of one row and one column is a number", () => {
    const tensor = { shape: [2, 2], slots: { theta: [0, 0, 0, 0], g: [1, 2, 3, 4] } };
    // row sums 3 and 7: 9 + 49 = 58; all together 10
    const after = (text: string) => one(program(text), tensor).theta;
    expect(after("theta = theta + matmul(transpose(rowSum(g)), rowSum(g))")).toEqual([58, 58, 58, 58]);
    expect(after("theta = g * sqrt(colSum(rowSum(g)) + 6)")).toEqual([4, 8, 12, 16]);
    expect(after("theta = where(colMean(rowMean(g)) > 2, g, theta)")).toEqual([1, 2, 3, 4]);
  });

  it("a mean counts the matrix's own elements", () => {
    const slots = { theta: [0, 0, 0, 0, 0, 0], g: [1, 2, 3, 4, 5, 9], L: [1, 2, 3, 6] };
    const after = (text: string) =>
      one(program(`theta = ${text}\nL = L`, [], { L: { shape: "rows×rows" } }), { shape: [2, 3], slots })
        .theta![0];
    expect(after("mean(L)")).toBe(3);
    expect(after("mean(g)")).toBe(4);
    expect(after("mean(rowSum(g))")).toBe(12);
    expect(after("mean(colSum(g))")).toBe(8);
    expect(after("mean(transpose(g))")).toBe(4);
    expect(after("norm1(L - 3) + normInf(L)")).toBe(12); // 2 + 1 + 0 + 3, and 6
  });

  it("numbers of matrices go into state that is one number, apart for each tensor", () => {
    const update = program("n = n + matmul(transpose(rowSum(g)), rowSum(g))\ntheta = theta / n", [], {
      n: { shape: "scalar" },
    });
    const tensors = [
      { shape: [2, 1], slots: { theta: [25, 50], g: [3, 4] } },
      { shape: [1, 2], slots: { theta: [2, 4], g: [1, 1] } },
    ];
    const found = run(update, [{ hyper: {}, tensors }])[0]!;
    expect(found.map(({ n }) => n)).toEqual([[25], [4]]);
    expect(found.map(({ theta }) => theta)).toEqual([
      [1, 2],
      [0.5, 1],
    ]);
  });

  it("shared numbers are reduced over all tensors, and every tensor reads what the step before left", () => {
    const update = program(
      "k = k + sumAll(rowSum(g))\ntheta = k + 0 * matmul(g, matmul(transpose(g), g))",
      [],
      {
        k: { shape: "shared", initial: "100" },
      },
    );
    const tensors = [
      { shape: [2, 1], slots: { theta: [0, 0], g: [3, 4] } },
      { shape: [1, 2], slots: { theta: [0, 0], g: [1, -2] } },
    ];
    const found = run(update, [{ hyper: {}, tensors }], { steps: 2 })[0]!;
    expect(found.map(({ k }) => k)).toEqual([[112], [112]]);
    expect(found.map(({ theta }) => theta)).toEqual([
      [112, 112],
      [112, 112],
    ]);
  });

  it("clips by the norm of all tensors before it takes products of each", () => {
    const update = program("g = g / normAll(g)\ntheta = theta - matmul(g, matmul(transpose(g), g))");
    const tensors = [
      { shape: [1, 1], slots: { theta: [0], g: [3] } },
      { shape: [1, 1], slots: { theta: [0], g: [-4] } },
    ];
    const found = run(update, [{ hyper: {}, tensors }])[0]!;
    expect(found[0]!.theta![0]).toBeCloseTo(-(0.6 ** 3), 6);
    expect(found[1]!.theta![0]).toBeCloseTo(0.8 ** 3, 6);
    expect(found[1]!.g).toEqual([-4]); // the gradient is only read
  });

  it("sees a tensor as its first dimension by all others together; one without as 1 × 1, a vector as a column", () => {
    const gram = program("L = matmul(g, transpose(g))\ntheta = theta + rows(g) + 10 * cols(g)", [], {
      L: { shape: "rows×rows" },
    });
    const of = (shape: number[], g: number[]) => one(gram, { shape, slots: { g } });
    expect(of([2, 1, 2], [1, 2, 3, 4])).toMatchObject({ L: [5, 11, 11, 25], theta: [22, 22, 22, 22] });
    expect(of([3], [1, 2, 3])).toMatchObject({ L: [1, 2, 3, 2, 4, 6, 3, 6, 9], theta: [13, 13, 13] });
    expect(of([], [3])).toMatchObject({ L: [9], theta: [11] });
    expect(of([0, 3], [])).toMatchObject({ L: [], theta: [] });
    expect(of([2, 0], [])).toMatchObject({ L: [0, 0, 0, 0], theta: [] });
  });

  it.each([
    "orthogonalize(g)",
    "matmul(inverseRoot(matmul(g, transpose(g)), 4), g)",
  ])("an empty tensor beside others is left alone by %s", (text) => {
    const update = program(`theta = theta - ${text} / (1 + normAll(g))`);
    const tensors = [{ shape: [0, 3], slots: {} }, randomTensor([3, 3], 5)];
    const found = run(update, [{ hyper: {}, tensors }])[0]!;
    expect(found[0]!.theta).toEqual([]);
    expect(found[1]!.theta!.every(Number.isFinite)).toBe(true);
  });

  it("slots may be exchanged, also through a condition", () => {
    const state = {
      a: { initial: "1" },
      b: { initial: "2" },
      P: { shape: "rows×rows", initial: "7" },
    } as const;
    const exchanged = "c = a\na = b\nb = c";
    const conditional = "c = a\na = where(t > 0, b, a)\nb = where(t > 0, c, b)";
    for (const text of [exchanged, conditional]) {
      const update = program(`${text}\nP = P\ntheta = theta + matmul(P, g)`, [], state);
      expect(one(update, { shape: [1, 1], slots: { g: [1] } })).toMatchObject({ a: [2], b: [1], theta: [7] });
      expect(one(update, { shape: [1, 1], slots: { g: [1] } }, 2)).toMatchObject({ a: [1], b: [2] });
    }
    const parameter = program("theta = m\nm = thetaOld + 0 * transpose(transpose(g))", [], ["m"]);
    const swapped = one(parameter, { shape: [2, 1], slots: { theta: [1, 2], m: [3, 4] } });
    expect(swapped).toMatchObject({ theta: [3, 4], m: [1, 2] });
  });

  it("numbers, rows and columns repeat into slots of every shape", () => {
    const update = program("S = rowSum(g)\nK = colSum(g)\nr = rowSum(g)\nc = 5\ntheta = colMean(g)", [], {
      S: { shape: "rows×rows", initial: "8" },
      K: { shape: "cols×cols" },
      r: { shape: "rows" },
      c: { shape: "cols" },
    });
    const found = one(update, { shape: [2, 3], slots: { g: [1, 2, 3, 3, 4, 5] } });
    expect(found).toMatchObject({
      S: [6, 6, 12, 12],
      K: [4, 6, 8, 4, 6, 8, 4, 6, 8],
      r: [6, 12],
      c: [5, 5, 5],
      theta: [2, 3, 4, 2, 3, 4],
    });
  });

  it("initial values may be matrices of theta and g", () => {
    const state = {
      L: { shape: "rows×rows", initial: "2 * identityLike(matmul(g, transpose(g)))" },
    } as const;
    const update = program("L = L + 1\ntheta = matmul(L, theta)", [], state);
    const found = one(update, { shape: [2, 1], slots: { theta: [10, 20], g: [1, 1] } });
    expect(found).toMatchObject({ L: [3, 1, 1, 3], theta: [50, 70] });
  });

  it("by hand: diagonals, identities and sorting", () => {
    const slots = { theta: [0, 0, 0, 0], g: [1, 5, 2, 7] };
    const after = (text: string) => one(program(text), { shape: [2, 2], slots }).theta;
    const gram = "A = matmul(g, transpose(g))"; // 26, 37; 37, 53
    expect(after(`${gram}\ntheta = diagonal(A)`)).toEqual([26, 26, 53, 53]);
    expect(after(`${gram}\ntheta = matmul(identityLike(A), g)`)).toEqual([1, 5, 2, 7]);
    // by falling diagonal the second row comes first
    expect(after(`${gram}\ntheta = matmul(transpose(sortingPermutation(diagonal(A))), g)`)).toEqual([
      2, 7, 1, 5,
    ]);
  });

  it("the same step from the same place gives the same bits, whatever the memory held before", () => {
    const text = `
      L = 0.5 * L + matmul(g, transpose(g))
      P = where(floor(t / 2) * 2 == t, inverseRoot(L + identityLike(L), 4), P)
      u = matmul(P, g) + rowMean(g) * colMean(theta)
      theta = theta - 0.1 * orthogonalize(u) - 0.01 * u`;
    const state = { L: { shape: "rows×rows" }, P: { shape: "rows×rows" } } as const;
    const tensors = [randomTensor([4, 3], 1), randomTensor([3, 4], 2), randomTensor([4, 3], 3)];
    const together = run(program(text, [], state), [{ hyper: {}, tensors }], { steps: 5 })[0]!;
    const again = run(program(text, [], state), [{ hyper: {}, tensors }], { steps: 5 })[0]!;
    expect(together).toEqual(again);
    tensors.forEach((tensor, i) => {
      const alone = run(program(text, [], state), [{ hyper: {}, tensors: [tensor] }], { steps: 5 })[0]!;
      expect(together[i]).toEqual(alone[0]); // nothing of another tensor's values is left in it
    });
  });

  it("carries NaN through decompositions", () => {
    const update = program("theta = matmul(eigenvectors(matmul(g, transpose(g))), g)");
    const found = one(update, { shape: [2, 2], slots: { g: [1, Number.NaN, 2, 3] } });
    expect(found.theta).toEqual([Number.NaN, Number.NaN, Number.NaN, Number.NaN]);
  });
});

/** The reference engine, with an `orthogonalize` that says how often it was asked and answers with zeros. */
function counting(later: boolean): { engine: Engine<Float64Array>; asked: string[] } {
  const asked: string[] = [];
  const orthogonalize = ({ rows, cols }: Matrix, method: string): Matrix | Promise<Matrix> => {
    asked.push(`${method} ${rows} × ${cols}`);
    const result = { rows, cols, data: new Float64Array(rows * cols).fill(asked.length) };
    return later ? Promise.resolve(result) : result;
  };
  return { engine: { ...reference, matrices: { orthogonalize } }, asked };
}

const tensorOf = (size: number) => {
  const slots = { theta: new Float64Array(size), g: Float64Array.from({ length: size }, (_, i) => i + 1) };
  return { name: `tensor of ${size}`, shape: [size, 1], size, slots, scalars: {} };
};

describe("where() with a condition that is one number", () => {
  it("computes only the branch that is chosen", () => {
    const { engine, asked } = counting(false);
    const group = { hyper: {}, t: 1, tensors: [tensorOf(2)] };
    const update = program(
      "theta = where(t == 3, orthogonalize(g), where(t > 1, theta, -orthogonalizePolar(g)))",
    );
    const { run } = bindUpdate(update, [group], engine);
    const seen = [1, 2, 3].map((t) => {
      group.t = t;
      run();
      return [...group.tensors[0]!.slots.theta, ...asked.splice(0)];
    });
    expect(seen).toEqual([
      [-1, -1, "orthogonalizePolar 2 × 1"],
      [-1, -1],
      [1, 1, "orthogonalize 2 × 1"],
    ]);
  });
});

describe("kernels that finish later", () => {
  it("give the same, tensor by tensor, and the run is a promise", async () => {
    const update = program(
      "theta = theta + orthogonalize(g) + 10 * orthogonalize(theta + g)\nn = normAll(g)",
      [],
      {
        n: { shape: "shared" },
      },
    );
    const results = await Promise.all(
      [false, true].map(async (later) => {
        const { engine, asked } = counting(later);
        const tensors = [tensorOf(2), tensorOf(3)];
        const shared = { n: 0 };
        const { run } = bindUpdate(update, [{ hyper: {}, t: 1, tensors }], engine, shared);
        const end = run();
        expect(end instanceof Promise).toBe(later);
        await end;
        return { asked, shared, theta: tensors.map(({ slots }) => [...slots.theta]) };
      }),
    );
    expect(results[1]).toEqual(results[0]);
    expect(results[0]).toEqual({
      asked: ["orthogonalize 2 × 1", "orthogonalize 2 × 1", "orthogonalize 3 × 1", "orthogonalize 3 × 1"],
      shared: { n: Math.sqrt(1 + 4 + 1 + 4 + 9) },
      theta: [
        [21, 21],
        [43, 43, 43],
      ],
    });
  });
});
