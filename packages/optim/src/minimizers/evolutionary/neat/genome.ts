/**
 * A genome of NEAT: a feed-forward network of any shape, as a list of its connections. Each connection carries the number of the innovation that made
 * it, the same in all genomes that descend from it, so that two networks of different shapes can be laid side by side.
 *
 *   nodes   0 … inputs − 1 are inputs, the next is the bias (always 1), then outputs, then hidden nodes as they are made
 *   node    φ(Σ w · from),   φ(x) = 1/(1 + exp(−4.9 x)), the steep sigmoid of the paper
 *
 * Source  Stanley & Miikkulainen, "Evolving Neural Networks through Augmenting Topologies", Evolutionary Computation 10 (2002) 99–127, §3.1.
 */

export interface Connection {
  readonly innovation: number;
  readonly from: number;
  readonly to: number;
  readonly weight: number;
  /** A connection that a node has split stays, switched off. */
  readonly enabled: boolean;
}

export interface Genome {
  readonly inputs: number;
  readonly outputs: number;
  /** Ids of the hidden nodes, rising. */
  readonly hidden: readonly number[];
  /** By innovation, rising. */
  readonly connections: readonly Connection[];
}

export const STEEPNESS = 4.9;

export const biasOf = ({ inputs }: Pick<Genome, "inputs">): number => inputs;
export const firstOutput = ({ inputs }: Pick<Genome, "inputs">): number => inputs + 1;
export const firstHidden = ({ inputs, outputs }: Pick<Genome, "inputs" | "outputs">): number =>
  inputs + 1 + outputs;

export const outputsOf = (genome: Pick<Genome, "inputs" | "outputs">): number[] =>
  Array.from({ length: genome.outputs }, (_, k) => firstOutput(genome) + k);

/** Inputs and bias: what nothing leads to. */
export const isSource = (genome: Pick<Genome, "inputs">, node: number): boolean => node <= biasOf(genome);

/** Whether `to` reaches `from` already, along connections that are on or off: a link from → to would close a circle. */
export function closesCircle(connections: readonly Connection[], from: number, to: number): boolean {
  const seen = new Set<number>();
  const open = [to];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node === from) return true;
    if (seen.has(node)) continue;
    seen.add(node);
    for (const link of connections) if (link.from === node) open.push(link.to);
  }
  return false;
}

/** Hidden and output nodes in an order in which each comes after what leads to it. */
export function activationOrder(genome: Genome): number[] {
  const { connections, hidden } = genome;
  const placed = new Set<number>();
  const order: number[] = [];
  const place = (node: number) => {
    if (placed.has(node) || isSource(genome, node)) return;
    placed.add(node);
    for (const { from, to } of connections) if (to === node) place(from);
    order.push(node);
  };
  for (const node of [...outputsOf(genome), ...hidden]) place(node);
  return order;
}

/**
 * The network of a genome: from input values to output values.
 *
 * @example networkOf(genome)([0, 1]) // [0.98]
 */
export function networkOf(genome: Genome): (input: ArrayLike<number>) => Float64Array {
  const order = activationOrder(genome);
  const into = order.map((node) => genome.connections.filter(({ to, enabled }) => enabled && to === node));
  const values = new Float64Array(Math.max(firstHidden(genome), ...genome.hidden.map((id) => id + 1)));
  return (input) => {
    if (input.length !== genome.inputs) {
      throw new RangeError(
        `Cannot run the network as it takes ${genome.inputs} ${genome.inputs === 1 ? "input" : "inputs"}: got ${input.length}`,
      );
    }
    values.fill(0);
    values.set(input);
    values[biasOf(genome)] = 1;
    for (const [k, node] of order.entries()) {
      let sum = 0;
      for (const { from, weight } of into[k]!) sum += weight * values[from]!;
      values[node] = 1 / (1 + Math.exp(-STEEPNESS * sum));
    }
    return values.slice(firstOutput(genome), firstHidden(genome));
  };
}

/** How unlike two genomes are, to the weights of genes that only one has and of differences in weight. */
export interface Unlikeness {
  readonly excess: number;
  readonly disjoint: number;
  readonly weight: number;
}

/**
 * δ = c₁E/N + c₂D/N + c₃W̄: E genes beyond the other's last, D between, W̄ the mean difference of weights of those they share; N the larger number of genes,
 * 1 below twenty.
 */
export function distanceOf(a: Genome, b: Genome, { excess, disjoint, weight }: Unlikeness): number {
  const [first, second] = [a, b].map(
    ({ connections }) => new Map(connections.map((gene) => [gene.innovation, gene])),
  ) as [Map<number, Connection>, Map<number, Connection>];
  const last = (genes: Map<number, Connection>) => Math.max(-1, ...genes.keys());
  const shorter = Math.min(last(first), last(second));
  let [beyond, between, shared, apart] = [0, 0, 0, 0];
  for (const innovation of new Set([...first.keys(), ...second.keys()])) {
    const [one, other] = [first.get(innovation), second.get(innovation)];
    if (one !== undefined && other !== undefined) {
      shared += 1;
      apart += Math.abs(one.weight - other.weight);
    } else if (innovation > shorter) beyond += 1;
    else between += 1;
  }
  const most = Math.max(first.size, second.size);
  const N = most < 20 ? 1 : most;
  return (excess * beyond) / N + (disjoint * between) / N + (shared === 0 ? 0 : (weight * apart) / shared);
}
