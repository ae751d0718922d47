/** How examples of a dataset go into a model from a file: the input that takes them, and the sizes of its axes. */
import type { BuildOptions, DType, ModelInput, OnnxModel, Shape } from "@thalweg/graph";
import { sizeOf } from "@thalweg/graph";

export class ExampleInput {
  readonly name: string;
  readonly dtype: DType;
  /** Of one example, as the model takes it. */
  readonly shape: Shape;
  /** The batch size that the file was exported with, where it is fixed. */
  readonly fixedBatch: number | undefined;
  private readonly symbols: ReadonlyMap<string, number>;
  private readonly batch: string | number;

  /** Raises RangeError for a model with several inputs, and for examples of another shape than it takes. */
  constructor({ inputs }: OnnxModel, example: Shape) {
    const [input, ...others] = inputs;
    if (input === undefined || others.length > 0) {
      throw new RangeError(
        `Cannot train the model as it must have one input, which examples go into: it has ${inputs.map(({ name }) => name).join(", ") || "none"}`,
      );
    }
    const [batch, ...sizes] = input.sizes;
    if (batch === undefined) {
      throw new RangeError(
        `Cannot train the model as its input ${input.name} must have an axis for the batch: it is one number`,
      );
    }
    this.name = input.name;
    this.dtype = input.dtype;
    this.batch = batch;
    this.fixedBatch = typeof batch === "number" ? batch : undefined;
    this.symbols = bindSymbols(sizes, example);
    this.shape = sizes.map((size) => (typeof size === "number" ? size : this.symbols.get(size)!));
    if (this.shape.includes(undefined as never) || sizeOf(this.shape) !== sizeOf(example))
      throw unfit(input, example);
  }

  /** What binds the model's sizes for a batch; one that the file fixes is overruled. */
  sizes(batchSize: number): Pick<BuildOptions, "sizes" | "batch"> {
    const { batch, symbols } = this;
    const sizes = Object.fromEntries(symbols);
    if (typeof batch === "string") return { sizes: { ...sizes, [batch]: batchSize } };
    return batch === batchSize ? { sizes } : { sizes, batch: batchSize };
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

const unfit = ({ name, sizes }: ModelInput, example: Shape) =>
  new RangeError(
    `Cannot train the model on these data as its input ${name} takes examples of shape [${sizes.slice(1).join(", ")}]: they have [${example.join(", ")}]`,
  );
