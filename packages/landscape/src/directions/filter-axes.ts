/**
 * Which axes of a parameter tell its filters apart: the numbers that feed one feature map, or one neuron. That is not the tensor's
 * to say but that of the operator which reads it, so it is read off the graph: a `Gemm` may hold neurons in rows or in columns, and a
 * `ConvTranspose` has its outputs second. Transposes and reshapes on the way are followed back.
 *
 * Source: Li et al., arXiv:1712.09913, section 4 ("filter normalization"); axis 0 there, since every PyTorch layer has neurons first.
 */
import { type Application, ancestors, type Tensor } from "@thalweg/graph";

type Attributes = Application["attributes"];
type AxesRule = (weight: Tensor, attributes: Attributes) => readonly number[];

const first: AxesRule = () => [0];
const second: AxesRule = () => [1];
/** Leading axes of a stack of matrices, and then the one given from the end. */
const ofMatrices =
  (fromEnd: 1 | 2): AxesRule =>
  ({ rank }) => [...Array.from({ length: Math.max(0, rank - 2) }, (_, axis) => axis), rank - fromEnd];
const gates: AxesRule = () => [0, 1]; // [directions, gates · hidden, inputs]

/** By operator, and by the place that the weight takes among its operands. */
const RULES: Readonly<Record<string, Readonly<Record<number, AxesRule>>>> = {
  Conv: { 1: first }, // [out, in / groups, …]
  ConvTranspose: { 1: second }, // [in, out / groups, …]
  Gemm: {
    0: (_, { transA }) => [transA === 1 ? 1 : 0],
    1: (_, { transB }) => [transB === 1 ? 0 : 1], // [out, in] where transposed, else [in, out]
  },
  MatMul: { 0: ofMatrices(2), 1: ofMatrices(1) },
  Gather: { 0: (_, { axis }) => [Number(axis ?? 0)] }, // a row for each token
  LSTM: { 1: gates, 2: gates },
  GRU: { 1: gates, 2: gates },
  RNN: { 1: gates, 2: gates },
};

/** From axes of a view's output to those of what it views; null where they cannot be told. */
const VIEWS: Readonly<
  Record<
    string,
    (axes: readonly number[], from: Tensor, to: Tensor, attributes: Attributes) => number[] | null
  >
> = {
  Identity: (axes) => [...axes],
  Cast: (axes) => [...axes],
  Transpose: (axes, { rank }, _, { perm }) => {
    const order =
      (perm as readonly number[] | undefined) ?? Array.from({ length: rank }, (_, k) => rank - 1 - k);
    return axes.map((axis) => order[axis]!).sort((a, b) => a - b);
  },
  // an axis stays itself where it has as many elements, and as many stand before it
  Reshape: (axes, from, to) => {
    const places = axes.map((axis) =>
      from.shape.findIndex(
        (size, k) => size === to.shape[axis] && before(from, k) === before(to, axis) && size > 1,
      ),
    );
    return places.includes(-1) ? null : places;
  },
};

const before = ({ shape }: Tensor, axis: number): number =>
  shape.slice(0, axis).reduce((product, size) => product * size, 1);

/**
 * The filter axes of each of `parameters`, as the graph of `outputs` uses them. A tensor of one axis is one filter, []; one whose
 * reader is none that is known has neurons first, as PyTorch stores them.
 */
export function filterAxes(
  parameters: Iterable<Tensor>,
  outputs: readonly Tensor[],
): Map<Tensor, readonly number[]> {
  const readers = new Map<Tensor, { call: Application; place: number }[]>();
  const seen = new Set<Application>();
  for (const { origin } of ancestors(outputs)) {
    if (origin.kind !== "call" || seen.has(origin.call)) continue;
    seen.add(origin.call);
    origin.call.inputs.forEach((input, place) => {
      readers.set(input, [...(readers.get(input) ?? []), { call: origin.call, place }]);
    });
  }
  const axesOf = (tensor: Tensor): readonly number[] | null => {
    for (const { call, place } of readers.get(tensor) ?? []) {
      const rule = RULES[call.operator.name]?.[place];
      if (rule !== undefined) return rule(tensor, call.attributes);
      const [output] = call.outputs;
      const view = place === 0 ? VIEWS[call.operator.name] : undefined;
      const axes = view && axesOf(output!);
      const back = axes && view(axes, tensor, output!, call.attributes);
      if (back) return back;
    }
    return null;
  };
  return new Map([...parameters].map((tensor) => [tensor, tensor.rank < 2 ? [] : (axesOf(tensor) ?? [0])]));
}
