/**
 * Weights under torch's names and layouts, as a state_dict keeps them: from named tensors to a module's values and back. The
 * bytes of a file are @thalweg/train's business (safetensors). Layouts are torch's throughout, so nothing is turned round.
 */
import { type Shape, sizeOf } from "@thalweg/graph";
import type { Declared } from "./module.ts";

/** One tensor of a file: row-major values of any numeric type. */
export interface Stored {
  readonly shape: Shape;
  readonly data: ArrayLike<number | bigint>;
}

/** Values of a module, as `initializeParameters` and `initializeBuffers` give them. */
export interface Weights {
  readonly parameters: ReadonlyMap<string, Float32Array>;
  readonly buffers: ReadonlyMap<string, Float32Array>;
}

export interface ReadWeightsOptions {
  /** Stands before every name in the file and is taken off, such as `module.` (DataParallel) or `_orig_mod.` (torch.compile). */
  readonly prefix?: string;
  /**
   * Accept a file that lacks some of the module's tensors or holds others: what fits is read, `missing` and `unexpected` tell
   * the rest. Shapes must agree all the same. Default false.
   */
  readonly partial?: boolean;
}

export interface ReadWeights extends Weights {
  readonly missing: readonly string[];
  readonly unexpected: readonly string[];
}

/**
 * The module's values among `tensors`. Names that torch stores twice (tied weights) must agree; names for what is computed
 * here (masks, counts of batches) are passed over.
 *
 * @throws RangeError naming every tensor that is missing, unexpected or of another shape
 */
export function readWeights(
  module: Declared,
  tensors: ReadonlyMap<string, Stored>,
  options: ReadWeightsOptions = {},
): ReadWeights {
  const { prefix = "", partial = false } = options;
  const found = new Map([...tensors].map(([name, tensor]) => [withoutPrefix(name, prefix), tensor]));
  const also = module.alsoStored ?? [];
  for (const { name, repeats } of also) {
    const [tensor, original] = [found.get(name), repeats === undefined ? undefined : found.get(repeats)];
    if (tensor === undefined) continue;
    if (repeats !== undefined && original === undefined) found.set(repeats, tensor);
    if (original !== undefined && !sameValues(tensor, original)) {
      throw new RangeError(
        `Cannot read weights as ${name} and ${repeats} are one parameter here and must agree: their values differ; build the model without tying`,
      );
    }
  }

  const specs = [...module.parameters, ...module.buffers];
  const known = new Set([...specs, ...also].map(({ name }) => name));
  const missing = specs.filter(({ name }) => !found.has(name));
  const unexpected = [...found.keys()].filter((name) => !known.has(name));
  const misshaped = specs.filter(({ name, shape }) => !sameShape(found.get(name)?.shape ?? shape, shape));
  const complaints = [
    ...(partial ? [] : missing.map(({ name, shape }) => `${name} [${shape.join(", ")}] is missing`)),
    ...(partial ? [] : unexpected.map((name) => `${name} is unexpected`)),
    ...misshaped.map(
      ({ name, shape }) =>
        `${name} must be [${shape.join(", ")}] and is [${found.get(name)!.shape.join(", ")}]`,
    ),
  ];
  if (complaints.length > 0) throw mismatch(complaints);

  const valuesOf = (list: readonly { name: string }[]) =>
    new Map(
      list.flatMap(({ name }) => {
        const tensor = found.get(name);
        return tensor ? [[name, Float32Array.from(tensor.data, Number)] as const] : [];
      }),
    );
  return {
    parameters: valuesOf(module.parameters),
    buffers: valuesOf(module.buffers),
    missing: missing.map(({ name }) => name),
    unexpected,
  };
}

const withoutPrefix = (name: string, prefix: string) =>
  name.startsWith(prefix) ? name.slice(prefix.length) : name;

const sameShape = (a: Shape, b: Shape) => a.length === b.length && a.every((size, k) => size === b[k]);

function sameValues(a: Stored, b: Stored): boolean {
  if (!sameShape(a.shape, b.shape)) return false;
  for (let i = 0; i < a.data.length; i++) if (a.data[i] !== b.data[i]) return false;
  return true;
}

const LONGEST_LIST = 8;

function mismatch(complaints: readonly string[]): RangeError {
  const shown = complaints.slice(0, LONGEST_LIST).join("; ");
  const rest =
    complaints.length > LONGEST_LIST ? `; and ${complaints.length - LONGEST_LIST} more tensors` : "";
  return new RangeError(
    `Cannot read weights as they must be the module's: ${shown}${rest}. Build the model that they were saved from, or pass { prefix } or { partial: true }`,
  );
}

/**
 * Named tensors that torch's load_state_dict takes for the same model: parameters, buffers, and tied parameters under each of
 * their names. Raises RangeError when `values` lacks one.
 */
export function writeWeights(
  module: Declared,
  { parameters, buffers }: Weights,
): Map<string, { shape: Shape; data: Float32Array }> {
  const take = (list: readonly { name: string; shape: Shape }[], values: ReadonlyMap<string, Float32Array>) =>
    list.map(({ name, shape }) => {
      const data = values.get(name);
      if (data?.length === sizeOf(shape)) return [name, { shape, data }] as const;
      throw new RangeError(
        `Cannot write weights as ${name} needs ${sizeOf(shape)} values: found ${data?.length ?? "none"}`,
      );
    });
  const tensors = new Map([...take(module.parameters, parameters), ...take(module.buffers, buffers)]);
  for (const { name, repeats } of module.alsoStored ?? []) {
    if (repeats !== undefined) tensors.set(name, tensors.get(repeats)!);
  }
  return tensors;
}
