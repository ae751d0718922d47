/** Arrays of NumPy's as inputs of a model: the sizes that they give its symbolic axes, and their numbers in the model's types. */
import type { NpyArray } from "@thalweg/data";
import type { DType, ModelInput, OnnxModel, Tensor } from "@thalweg/graph";
import type { Values } from "../session.ts";

/**
 * The symbolic sizes of a model, from the arrays that are to be fed and from what was chosen; and the batch, where all first
 * axes agree on another one than the file says. Raises RangeError for shapes that do not fit, or contradict each other.
 */
export function solveSizes(
  model: OnnxModel,
  arrays: ReadonlyMap<string, NpyArray>,
  chosen: Readonly<Record<string, number>> = {},
): { sizes: Record<string, number>; batch?: number } {
  const sizes = new Map(Object.entries(chosen));
  const batch = otherBatch(model, arrays);
  for (const input of model.inputs) {
    const { shape } = arrays.get(input.name)!;
    if (shape.length !== input.sizes.length) throw unfit(input, shape);
    for (const [axis, size] of input.sizes.entries()) {
      if (axis === 0 && batch !== undefined) continue;
      const wanted = typeof size === "number" ? size : (sizes.get(size) ?? shape[axis]!);
      if (wanted !== shape[axis])
        throw unfit(input, shape, `${size}` === `${wanted}` ? "" : ` with ${size} = ${wanted}`);
      if (typeof size === "string") sizes.set(size, wanted);
    }
  }
  return { sizes: Object.fromEntries(sizes), ...(batch === undefined ? {} : { batch }) };
}

/** The one number that all first axes have instead of the one that the file fixes for all of them. */
function otherBatch({ inputs }: OnnxModel, arrays: ReadonlyMap<string, NpyArray>): number | undefined {
  const fixed = new Set(inputs.map(({ sizes }) => sizes[0]));
  const found = new Set(inputs.map(({ name }) => arrays.get(name)!.shape[0]));
  const [before, now] = [[...fixed][0], [...found][0]];
  return fixed.size === 1 && found.size === 1 && typeof before === "number" && before !== now
    ? now
    : undefined;
}

const unfit = ({ name, sizes }: ModelInput, shape: readonly number[], where = "") =>
  new RangeError(
    `Cannot feed input ${name} as it needs the shape [${sizes.join(", ")}]${where}: found [${shape.join(", ")}]`,
  );

/** Element types of memory that can be fed, and what they hold. */
const HOLDERS: Readonly<Partial<Record<DType, { make(size: number): Values; isWhole: boolean }>>> = {
  float32: { make: (size) => new Float32Array(size), isWhole: false },
  float64: { make: (size) => new Float64Array(size), isWhole: false },
  int32: { make: (size) => new Int32Array(size), isWhole: true },
  int64: { make: (size) => new BigInt64Array(size), isWhole: true },
  bool: { make: (size) => new Uint8Array(size), isWhole: true },
  uint8: { make: (size) => new Uint8Array(size), isWhole: true },
};

/** Zeros for a tensor. Raises TypeError for a type that cannot be fed. */
export const allocate = (tensor: Tensor): Values => holderOf(tensor).make(tensor.size);

/** An array's numbers in the type of the tensor that they are fed to. Raises RangeError where they do not fit. */
export function fitArray({ shape, data }: NpyArray, tensor: Tensor): Values {
  const { make, isWhole } = holderOf(tensor);
  if (`${shape}` !== `${tensor.shape}`) {
    throw new RangeError(`Cannot feed ${tensor} as it needs that shape: found [${shape.join(", ")}]`);
  }
  const values = make(tensor.size);
  if (values.constructor === data.constructor) return data as Values;
  for (let i = 0; i < data.length; i++) {
    const value = Number(data[i]);
    if (isWhole && !Number.isSafeInteger(value)) throw outside(tensor, i, data[i]);
    if (values instanceof BigInt64Array) values[i] = BigInt(value);
    else {
      values[i] = value;
      if (isWhole && values[i] !== value) throw outside(tensor, i, data[i]);
    }
  }
  return values;
}

const outside = (tensor: Tensor, i: number, value: number | bigint | undefined) =>
  new RangeError(`Cannot feed ${tensor} as it takes whole numbers of that type: element ${i} is ${value}`);

function holderOf(tensor: Tensor) {
  const holder = HOLDERS[tensor.dtype];
  if (holder !== undefined) return holder;
  throw new TypeError(
    `Cannot feed ${tensor} as its type must be one of ${Object.keys(HOLDERS).join(", ")}: convert the model`,
  );
}
