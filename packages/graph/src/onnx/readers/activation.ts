/** Activations, with ONNX's defaults for what a node leaves out. */
import { isFloat } from "../../graph.ts";
import * as ops from "../../ops/index.ts";
import type { NodeView, Readers } from "../node.ts";

const alpha = (node: NodeView, fallback: number): number => node.float("alpha", fallback);

function approximation(node: NodeView): "none" | "tanh" {
  const name = node.string("approximate", "none");
  if (name === "none" || name === "tanh") return name;
  throw node.refuse(`approximate must be "none" or "tanh"`, `found "${name}"`);
}

export const activation: Readers = {
  // of whole numbers it is carried: it has no gradient there
  Relu: (node) => (isFloat(node.input(0).dtype) ? ops.relu(node.input(0)) : null),
  LeakyRelu: (node) => ops.leakyRelu(node.input(0), alpha(node, 0.01)),
  PRelu: (node) => ops.prelu(node.input(0), node.input(1)),
  ThresholdedRelu: (node) => ops.thresholdedRelu(node.input(0), alpha(node, 1)),
  Elu: (node) => ops.elu(node.input(0), alpha(node, 1)),
  Celu: (node) => ops.celu(node.input(0), alpha(node, 1)),
  // float32's nearest to the paper's numbers, as ONNX has them
  Selu: (node) =>
    ops.selu(node.input(0), alpha(node, 1.6732631921768188), node.float("gamma", 1.0507010221481323)),
  Gelu: (node) => ops.gelu(node.input(0), approximation(node)),
  Erf: (node) => ops.erf(node.input(0)),
  Sigmoid: (node) => ops.sigmoid(node.input(0)),
  HardSigmoid: (node) => ops.hardSigmoid(node.input(0), alpha(node, 0.2), node.float("beta", 0.5)),
  HardSwish: (node) => ops.hardSwish(node.input(0)),
  Swish: (node) => ops.mul(node.input(0), ops.sigmoid(ops.mul(node.input(0), alpha(node, 1)))),
  Tanh: (node) => ops.tanh(node.input(0)),
  Softplus: (node) => ops.softplus(node.input(0)),
  Softsign: (node) => ops.softsign(node.input(0)),
  Mish: (node) => ops.mish(node.input(0)),
};
