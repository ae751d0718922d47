/**
 * The starting values that automatic gradient descent (agd of @thalweg/optim) is derived for: every weight of d outputs and
 * d' inputs is a semi-orthogonal matrix, drawn uniformly, times √(d/d'), so that a layer maps a vector of root mean
 * square 1 to one of that size. A kernel is one such matrix for each position, divided by the root of their number.
 *
 * Source: Bernstein et al., arXiv:2304.05187, Algorithm 1; jxbz/agd, `init_weights`.
 */
import { semiOrthogonal } from "./initializers.ts";
import { type Initializer, initializeParameters, type Module } from "./module.ts";

/** A semi-orthogonal matrix for each position of the kernel, scaled as agd needs it. Raises RangeError for vectors. */
export const agdWeight: Initializer = (out, shape, random) => {
  const [outputs, inputs, ...kernel] = shape;
  if (outputs === undefined || inputs === undefined) {
    throw new RangeError(
      `Cannot initialise a parameter of shape [${shape.join(", ")}] for agd as it has no biases: build the layers without bias`,
    );
  }
  const positions = kernel.reduce((n, d) => n * d, 1);
  const scale = Math.sqrt(outputs / inputs / positions);
  for (let position = 0; position < positions; position++) {
    const matrix = semiOrthogonal(outputs, inputs, random);
    for (let i = 0; i < outputs * inputs; i++) out[i * positions + position] = scale * matrix[i]!;
  }
};

/**
 * Starting values of every parameter for agd, as `initializeParameters` gives the usual ones. Raises RangeError when the
 * module has vectors among its parameters, such as biases.
 */
export const initializeForAgd = (module: Module, seed: number): Map<string, Float32Array> =>
  initializeParameters(
    { ...module, parameters: module.parameters.map((spec) => ({ ...spec, initialize: agdWeight })) },
    seed,
  );

/** Starting values that a rule may ask for by name (its `initialisation`). */
export const initialisations: Readonly<
  Record<string, (module: Module, seed: number) => Map<string, Float32Array>>
> = { agd: initializeForAgd };
