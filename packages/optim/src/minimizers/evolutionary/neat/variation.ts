/**
 * How genomes of NEAT change: weights, new links, new nodes, and crossover by innovation numbers.
 *
 * Source  Stanley & Miikkulainen, Evolutionary Computation 10 (2002), §3.2 and figures 3 and 4; chances of §4.1.
 */
import type { Stream } from "@thalweg/random";
import {
  biasOf,
  type Connection,
  closesCircle,
  firstHidden,
  type Genome,
  isSource,
  outputsOf,
} from "./genome.ts";

/**
 * Numbers of innovations. The same link, and the same split of a link, has the same number in all genomes of a run, whenever it was
 * found, so that they can be matched.
 */
export class Innovations {
  private readonly links = new Map<string, number>();
  private readonly splits = new Map<number, number[]>();
  private nextNode: number;

  constructor(firstNode: number) {
    this.nextNode = firstNode;
  }

  link(from: number, to: number): number {
    const key = `${from} ${to}`;
    const known = this.links.get(key);
    if (known !== undefined) return known;
    const number = this.links.size;
    this.links.set(key, number);
    return number;
  }

  /** The node that splits a connection: the first that others have made there and this genome has not. */
  split(innovation: number, taken: readonly number[]): number {
    const known = this.splits.get(innovation) ?? [];
    const free = known.find((node) => !taken.includes(node));
    if (free !== undefined) return free;
    const node = this.nextNode++;
    this.splits.set(innovation, [...known, node]);
    return node;
  }
}

export interface Chances {
  /** That a child's weights change at all. */
  readonly weights: number;
  /** Of a changing weight: that it is drawn anew rather than moved. */
  readonly anew: number;
  /** Deviation of a move. */
  readonly move: number;
  /** Deviation of a new weight. */
  readonly fresh: number;
  readonly link: number;
  readonly node: number;
  /** That a gene which is off in one parent is off in the child. */
  readonly off: number;
}

const byInnovation = (connections: readonly Connection[]): Connection[] =>
  connections.toSorted((a, b) => a.innovation - b.innovation);

/** Every input and the bias to every output, with random weights: where evolution begins. */
export function firstGenome(
  shape: Pick<Genome, "inputs" | "outputs">,
  innovations: Innovations,
  { fresh }: Chances,
  random: Stream,
): Genome {
  const connections = outputsOf(shape).flatMap((to) =>
    Array.from({ length: shape.inputs + 1 }, (_, from) => ({
      ...{ innovation: innovations.link(from, to), from, to },
      ...{ weight: fresh * random.normal(), enabled: true },
    })),
  );
  return { ...shape, hidden: [], connections: byInnovation(connections) };
}

export function mutate(genome: Genome, innovations: Innovations, chances: Chances, random: Stream): Genome {
  let child = genome;
  if (random.uniform() < chances.node) child = addNode(child, innovations, random);
  if (random.uniform() < chances.link) child = addLink(child, innovations, chances, random);
  if (random.uniform() < chances.weights) child = changeWeights(child, chances, random);
  return child;
}

function changeWeights(genome: Genome, { anew, move, fresh }: Chances, random: Stream): Genome {
  const connections = genome.connections.map((gene) => ({
    ...gene,
    weight: random.uniform() < anew ? fresh * random.normal() : gene.weight + move * random.normal(),
  }));
  return { ...genome, connections };
}

/** Split a link: the new node takes its input with weight 1 and gives its output with the old weight, so that little changes at first. */
export function addNode(genome: Genome, innovations: Innovations, random: Stream): Genome {
  const on = genome.connections.filter(({ enabled }) => enabled);
  const split = on[on.length === 0 ? 0 : random.integer(on.length)];
  if (split === undefined) return genome;
  const node = innovations.split(split.innovation, genome.hidden);
  const { from, to, weight } = split;
  const halves = [
    { innovation: innovations.link(from, node), from, to: node, weight: 1, enabled: true },
    { innovation: innovations.link(node, to), from: node, to, weight, enabled: true },
  ];
  const kept = genome.connections.map((gene) => (gene === split ? { ...gene, enabled: false } : gene));
  return {
    ...genome,
    hidden: [...genome.hidden, node].sort((a, b) => a - b),
    connections: byInnovation([...kept, ...halves]),
  };
}

/** Link two nodes that are not, without closing a circle. A genome in which all are is left as it is. */
export function addLink(
  genome: Genome,
  innovations: Innovations,
  { fresh }: Chances,
  random: Stream,
): Genome {
  const { connections, hidden } = genome;
  const sources = Array.from({ length: biasOf(genome) + 1 }, (_, i) => i);
  const nodes = [...sources, ...outputsOf(genome), ...hidden];
  const linked = new Set(connections.map(({ from, to }) => `${from} ${to}`));
  const possible = nodes.flatMap((from) =>
    nodes
      .filter((to) => !isSource(genome, to) && from !== to && !linked.has(`${from} ${to}`))
      .filter((to) => !closesCircle(connections, from, to))
      .map((to) => [from, to] as const),
  );
  if (possible.length === 0) return genome;
  const [from, to] = possible[random.integer(possible.length)]!;
  const link = {
    innovation: innovations.link(from, to),
    from,
    to,
    weight: fresh * random.normal(),
    enabled: true,
  };
  return { ...genome, connections: byInnovation([...connections, link]) };
}

/** Genes that both have from either, alike; those of one only from the fitter. */
export function cross(fitter: Genome, other: Genome, { off }: Chances, random: Stream): Genome {
  const theirs = new Map(other.connections.map((gene) => [gene.innovation, gene]));
  const connections = fitter.connections.map((mine) => {
    const match = theirs.get(mine.innovation);
    if (match === undefined) return mine;
    const taken = random.bernoulli(0.5) ? mine : match;
    const disabled = !(mine.enabled && match.enabled) && random.uniform() < off;
    return { ...mine, weight: taken.weight, enabled: !disabled };
  });
  const used = new Set(connections.flatMap(({ from, to }) => [from, to]));
  const hidden = fitter.hidden.filter((node) => used.has(node) && node >= firstHidden(fitter));
  return { ...fitter, hidden, connections };
}
