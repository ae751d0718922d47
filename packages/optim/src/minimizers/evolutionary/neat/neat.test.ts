/** NEAT by hand, by the figures of its paper, and on XOR. */
import { stream } from "@thalweg/random";
import { describe, expect, it } from "vitest";
import {
  activationOrder,
  type Connection,
  closesCircle,
  distanceOf,
  type Genome,
  networkOf,
} from "./genome.ts";
import { apportion, evolve, Neat } from "./neat.ts";
import { addLink, addNode, cross, firstGenome, Innovations, mutate } from "./variation.ts";

const chances = { weights: 0.8, anew: 0.1, move: 1, fresh: 1, link: 0.3, node: 0.3, off: 0.75 };
const gene = (innovation: number, from: number, to: number, weight: number, enabled = true): Connection => ({
  ...{ innovation, from, to, weight, enabled },
});
const sigmoid = (x: number) => 1 / (1 + Math.exp(-4.9 * x));

/** Inputs 0 and 1, bias 2, output 3, hidden 4 and 5, where 5 leads to 4. */
const deep: Genome = {
  ...{ inputs: 2, outputs: 1, hidden: [4, 5] },
  connections: [
    gene(0, 0, 3, 0.5),
    gene(1, 1, 3, 9, false),
    gene(2, 2, 5, -0.3),
    gene(3, 1, 5, 0.7),
    gene(4, 5, 4, 0.9),
    gene(5, 4, 3, -0.4),
  ],
};

describe("networkOf()", () => {
  it("runs each node after what leads to it, and not what is switched off", () => {
    expect(activationOrder(deep)).toEqual([5, 4, 3]);
    const [x, y] = [0.2, -0.6];
    const five = sigmoid(-0.3 + 0.7 * y);
    const four = sigmoid(0.9 * five);
    expect(networkOf(deep)([x, y])[0]).toBeCloseTo(sigmoid(0.5 * x - 0.4 * four), 14);
  });

  it("refuses another number of inputs", () => {
    expect(() => networkOf(deep)([1])).toThrow(/takes 2 inputs: got 1/);
  });
});

describe("distanceOf()", () => {
  it("counts excess and disjoint genes and averages differences of weights", () => {
    // figure 4 of the paper: genes 1–5, 8 and 1–7, 9, 10: disjoint 6, 7, 8; excess 9, 10; five shared
    const of = (innovations: number[], weight: number): Genome => ({
      ...{ inputs: 1, outputs: 1, hidden: [] },
      connections: innovations.map((i) => gene(i, 0, 2, weight)),
    });
    const a = of([1, 2, 3, 4, 5, 8], 1);
    const b = of([1, 2, 3, 4, 5, 6, 7, 9, 10], 1.5);
    expect(distanceOf(a, b, { excess: 1, disjoint: 10, weight: 100 })).toBeCloseTo(2 + 30 + 50, 12);
    expect(distanceOf(b, a, { excess: 1, disjoint: 10, weight: 100 })).toBeCloseTo(82, 12);
    expect(distanceOf(a, a, { excess: 1, disjoint: 1, weight: 1 })).toBe(0);
  });
});

describe("variation", () => {
  const shape = { inputs: 2, outputs: 1 };

  it("addNode() splits a link so that the network hardly changes: weight 1 in, the old one out, the old one off", () => {
    const innovations = new Innovations(4);
    const first = firstGenome(shape, innovations, chances, stream(1, "test"));
    const grown = addNode(first, innovations, stream(2, "test"));
    expect(grown.hidden).toEqual([4]);
    const [off] = grown.connections.filter(({ enabled }) => !enabled) as [Connection];
    const added = grown.connections.slice(3);
    expect(added.map(({ from, to, weight }) => [from, to, weight])).toEqual([
      [off.from, 4, 1],
      [4, 3, off.weight],
    ]);
    expect(first.connections.every(({ enabled }) => enabled)).toBe(true); // the parent is as it was
  });

  it("numbers the same innovation alike in different genomes, and a second split of one link differently", () => {
    const innovations = new Innovations(4);
    const first = firstGenome(shape, innovations, chances, stream(1, "test"));
    const one = addNode(first, innovations, stream(2, "test"));
    const other = addNode(first, innovations, stream(2, "test"));
    expect(other).toEqual(one);
    // switched on again, the same link can be split once more, by another node
    const again = {
      ...one,
      connections: one.connections.map((each) => ({
        ...each,
        enabled: each.from === one.connections.find((c) => !c.enabled)!.from && each.to === 3,
      })),
    };
    expect(addNode(again, innovations, stream(2, "test")).hidden).toEqual([4, 5]);
  });

  it("cross() takes what both have from either, and the rest from the fitter", () => {
    const fitter: Genome = {
      ...shape,
      hidden: [4],
      connections: [gene(0, 0, 3, 1), gene(1, 1, 3, 1, false), gene(5, 0, 4, 1), gene(6, 4, 3, 1)],
    };
    const other: Genome = {
      ...shape,
      hidden: [5],
      connections: [gene(0, 0, 3, 2), gene(1, 1, 3, 2), gene(7, 1, 5, 2), gene(8, 5, 3, 2)],
    };
    const children = Array.from({ length: 200 }, (_, i) =>
      cross(fitter, other, chances, stream(1, "cross", i)),
    );
    for (const child of children) {
      expect(child.connections.map(({ innovation }) => innovation)).toEqual([0, 1, 5, 6]);
      expect(child.hidden).toEqual([4]);
    }
    const share = (test: (child: Genome) => boolean) => children.filter(test).length / 200;
    expect(share(({ connections }) => connections[0]!.weight === 2)).toBeCloseTo(0.5, 0.9);
    expect(share(({ connections }) => !connections[1]!.enabled)).toBeCloseTo(0.75, 0.9); // off in one parent
  });

  it("never closes a circle, links twice, or loses the order of innovations, over long lines of descent", () => {
    for (const seed of [1, 2, 3]) {
      const innovations = new Innovations(4);
      const random = stream(seed, "descent");
      let genome = firstGenome(shape, innovations, chances, random);
      for (let generation = 0; generation < 60; generation++) {
        genome = mutate(genome, innovations, chances, random);
        const numbers = genome.connections.map(({ innovation }) => innovation);
        expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
        expect(new Set(genome.connections.map(({ from, to }) => `${from} ${to}`)).size).toBe(numbers.length);
        const order = activationOrder(genome);
        for (const { from, to } of genome.connections) {
          expect(from <= 2 || order.indexOf(from) < order.indexOf(to)).toBe(true);
        }
      }
      expect(genome.hidden.length).toBeGreaterThan(5);
      expect(networkOf(genome)([0.5, -1])[0]).toBeGreaterThanOrEqual(0);
    }
  });

  it("addLink() leaves a genome with every link as it is", () => {
    const full = firstGenome(shape, new Innovations(4), chances, stream(1, "test"));
    expect(addLink(full, new Innovations(4), chances, stream(1, "test"))).toBe(full);
    expect(closesCircle(deep.connections, 4, 5)).toBe(true);
    expect(closesCircle(deep.connections, 5, 3)).toBe(false);
  });
});

describe("apportion()", () => {
  it("gives whole numbers that add up, the largest remainders first", () => {
    expect(apportion([1, 1, 1], 10)).toEqual([4, 3, 3]);
    expect(apportion([0.5, 0.3, 0.2], 7)).toEqual([4, 2, 1]); // 3.5, 2.1, 1.4
    expect(apportion([0, 0], 5)).toEqual([3, 2]);
  });
});

const XOR: readonly [number[], number][] = [
  [[0, 0], 0],
  [[0, 1], 1],
  [[1, 0], 1],
  [[1, 1], 0],
];
const squaredError = (genome: Genome) => {
  const run = networkOf(genome);
  return XOR.reduce((sum, [x, y]) => sum + (run(x)[0]! - y) ** 2, 0);
};

describe("evolve()", () => {
  it("finds networks for XOR, which needs a hidden node, in about the paper's 32 generations", () => {
    const runs = [0, 1, 2, 3, 4].map((seed) =>
      evolve({ inputs: 2, outputs: 1, seed }, squaredError, { target: 0.05, budget: 20_000 }),
    );
    for (const { reason, value, genome } of runs) {
      expect(reason).toBe("target reached");
      expect(squaredError(genome)).toBe(value);
      expect(genome.hidden.length).toBeGreaterThan(0);
      for (const [x, y] of XOR) expect(Math.round(networkOf(genome)(x)[0]!)).toBe(y);
    }
    // 4755 evaluations on average in the paper, with a deviation of 2553
    const mean = runs.reduce((sum, { evaluations }) => sum + evaluations, 0) / 5;
    expect(mean).toBeGreaterThan(2000);
    expect(mean).toBeLessThan(9000);
  });

  it("gives the same run for the same seed, and ends with the budget", () => {
    const run = (seed: number) =>
      evolve({ inputs: 2, outputs: 1, seed, population: 40 }, squaredError, { budget: 390 });
    expect(run(3)).toEqual(run(3));
    expect(run(3).genome).not.toEqual(run(4).genome);
    expect(run(3)).toMatchObject({ reason: "budget spent", evaluations: 360 });
  });
});

describe("Neat", () => {
  it("lives with values that are not finite, and never loses its best", () => {
    const neat = new Neat({ inputs: 2, outputs: 1, population: 20, seed: 1 });
    let least = Number.POSITIVE_INFINITY;
    for (let generation = 0; generation < 10; generation++) {
      const values = neat.population.map((genome, i) => (i % 3 === 0 ? Number.NaN : squaredError(genome)));
      const told = neat.tell(values);
      least = Math.min(least, ...values.filter(Number.isFinite));
      expect(told.best).toBe(least);
      expect(neat.population.length).toBe(20);
    }
    neat.tell(new Array(20).fill(Number.POSITIVE_INFINITY));
    expect(neat.population.length).toBe(20);
  });

  it("refuses options and values that cannot be", () => {
    const build = (more: object) => () => new Neat({ inputs: 2, outputs: 1, ...more });
    expect(build({ population: 1 })).toThrow(/population must be a whole number above 1: current value is 1/);
    expect(build({ inputs: 0 })).toThrow(/inputs must be a whole number above 0/);
    expect(build({ crossing: 2 })).toThrow(/crossing must be in \[0, 1\]: current value is 2/);
    expect(build({ move: Number.NaN })).toThrow(/move must be finite/);
    expect(() => new Neat({ inputs: 2, outputs: 1 }).tell([1])).toThrow(
      /there must be 150, one per genome: got 1/,
    );
  });
});
