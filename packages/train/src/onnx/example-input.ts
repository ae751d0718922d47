/**
 * How examples of a dataset go into a model from a file: the inputs that take them, and the sizes of their axes. A model with several
 * inputs of one shape (tokens and their mask) takes examples that are these, one after the other: [inputs, …shape].
 */
import {
  type BuildOptions,
  cast,
  type DType,
  type ModelInput,
  type OnnxModel,
  reshape,
  type Shape,
  sizeOf,
  slice,
  type Tensor,
} from "@thalweg/graph";

export class ExampleInput {
  /** The batch size that the file was exported with, where it is fixed. */
  readonly fixedBatch: number | undefined;
  /** The first input's name. */
  readonly name: string;
  private readonly inputs: readonly { readonly name: string; readonly dtype: DType }[];
  /** Of one example in one input, as the model takes it. */
  private readonly shape: Shape;
  private readonly symbols: ReadonlyMap<string, number>;
  private readonly batch: string | number;

  /** Raises RangeError for a model whose inputs differ in shape, and for examples of another shape than it takes. */
  constructor({ inputs }: OnnxModel, example: Shape) {
    const [input] = inputs;
    const [batch, ...sizes] = input?.sizes ?? [];
    if (
      input === undefined ||
      batch === undefined ||
      inputs.some((one) => `${one.sizes}` !== `${input.sizes}`)
    ) {
      const found = inputs.map((one) => `${one.name} [${one.sizes.join(", ")}]`).join(", ");
      throw new RangeError(
        `Cannot train the model as it must have inputs of one shape, whose first axis is the batch: it has ${found || "none"}`,
      );
    }
    const own = inputs.length === 1 ? example : example.slice(1);
    this.inputs = inputs;
    this.name = input.name;
    this.batch = batch;
    this.fixedBatch = typeof batch === "number" ? batch : undefined;
    this.symbols = bindSymbols(sizes, own);
    this.shape = sizes.map((size) => (typeof size === "number" ? size : this.symbols.get(size)!));
    const fits = !this.shape.includes(undefined as never) && sizeOf(this.shape) === sizeOf(own);
    if (!fits || (inputs.length > 1 && example[0] !== inputs.length)) throw unfit(inputs, example);
  }

  /** What binds the model's sizes for a batch; one that the file fixes is overruled. */
  sizes(batchSize: number): Pick<BuildOptions, "sizes" | "batch"> {
    const { batch, symbols } = this;
    const sizes = Object.fromEntries(symbols);
    if (typeof batch === "string") return { sizes: { ...sizes, [batch]: batchSize } };
    return batch === batchSize ? { sizes } : { sizes, batch: batchSize };
  }

  /** The model's inputs, by name, from a batch x [B, …example]. */
  feed(x: Tensor): Map<string, Tensor> {
    const { inputs, shape } = this;
    const batchSize = x.shape[0]!;
    const part = (k: number) => (inputs.length === 1 ? x : slice(x, [k], [k + 1], [1]));
    return new Map(
      inputs.map(({ name, dtype }, k) => [name, cast(reshape(part(k), [batchSize, ...shape]), dtype)]),
    );
  }
}

/** The values of symbolic sizes, where an example has as many axes as the model's input. */
function bindSymbols(sizes: ModelInput["sizes"], example: Shape): Map<string, number> {
  const symbols = new Map<string, number>();
  if (sizes.length !== example.length) return symbols;
  for (const [axis, size] of sizes.entries()) {
    if (typeof size === "string" && !symbols.has(size)) symbols.set(size, example[axis]!);
  }
  return symbols;
}

function unfit(inputs: readonly ModelInput[], example: Shape): RangeError {
  const names = inputs.map(({ name }) => name);
  const shape = [...(names.length > 1 ? [names.length] : []), ...inputs[0]!.sizes.slice(1)];
  const several = names.length > 1 ? `; stack them, numpy.stack([${names.join(", ")}], axis=1)` : "";
  const what = names.length > 1 ? `inputs ${names.join(", ")} take` : `input ${names[0]} takes`;
  return new RangeError(
    `Cannot train the model on these data as its ${what} examples of shape [${shape.join(", ")}]: they have [${example.join(", ")}]${several}`,
  );
}
