/**
 * A genome of NEAT as a module: the same network as nodes of a graph, so that it runs on a program, trains by gradients from where evolution has
 * brought it, and is exported as ONNX. Parameters are the enabled connections, one vector for each node they lead to.
 *
 *   node.k.weight  [F, 1]   of the F connections into node k, in the order of their innovations
 *   value of k     [B, 1] = σ(4.9 · [values of where they come from] · weight)
 */
import { add, concat, matmul, mul, sigmoid, slice, type Tensor } from "@thalweg/graph";
import type { Module, ParameterSpec } from "@thalweg/nn";
import { activationOrder, biasOf, type Connection, type Genome, outputsOf, STEEPNESS } from "@thalweg/optim";

/**
 * x [B, inputs] → [B, outputs], with the genome's weights for starting values.
 *
 * @example new ParameterVector(genomeModule(genome), { stateSlots: 0 }).initialize(genomeModule(genome), 0)
 */
export function genomeModule(genome: Genome): Module {
  const nodes = activationOrder(genome).map((node) => ({
    node,
    into: genome.connections.filter(({ to, enabled }) => enabled && to === node),
  }));
  return {
    parameters: nodes.filter(({ into }) => into.length > 0).map(({ node, into }) => weightOf(node, into)),
    buffers: [],
    forward(x, context) {
      if (x.shape[1] !== genome.inputs || x.rank !== 2) {
        throw new RangeError(
          `Cannot run the genome's network as its input must be [B, ${genome.inputs}]: got [${x.shape.join(", ")}]`,
        );
      }
      const zeros = mul(slice(x, [0], [1], [1]), 0); // [B, 1]
      const values = new Map<number, Tensor>();
      for (let i = 0; i < genome.inputs; i++) values.set(i, slice(x, [i], [i + 1], [1]));
      values.set(biasOf(genome), add(zeros, 1));
      for (const { node, into } of nodes) {
        const sum =
          into.length === 0
            ? zeros
            : matmul(joined(into.map(({ from }) => values.get(from)!)), context.parameter(nameOf(node)));
        values.set(node, sigmoid(mul(sum, STEEPNESS)));
      }
      return joined(outputsOf(genome).map((node) => values.get(node)!));
    },
  };
}

/** Columns side by side. */
const joined = (columns: readonly Tensor[]): Tensor =>
  columns.length === 1 ? columns[0]! : concat(columns, 1);

const nameOf = (node: number): string => `node.${node}.weight`;

const weightOf = (node: number, into: readonly Connection[]): ParameterSpec => ({
  name: nameOf(node),
  shape: [into.length, 1],
  initialize: (out) => out.set(into.map(({ weight }) => weight)),
  kind: "weight",
});

/** The genome with the weights that a module's training has reached, by parameter name. */
export function withTrainedWeights(genome: Genome, weights: (name: string) => ArrayLike<number>): Genome {
  const connections = genome.connections.map((gene) => {
    if (!gene.enabled) return gene;
    const siblings = genome.connections.filter(({ to, enabled }) => enabled && to === gene.to);
    return { ...gene, weight: weights(nameOf(gene.to))[siblings.indexOf(gene)]! };
  });
  return { ...genome, connections };
}
