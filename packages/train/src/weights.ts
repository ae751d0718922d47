/**
 * Weights in safetensors files that PyTorch reads and writes: `safetensors.torch.save_file(model.state_dict(), file)` there,
 * `loadWeights` here, and back. Names and layouts are torch's; see @thalweg/nn, weights.ts.
 */
import {
  type Declared,
  type ReadWeights,
  type ReadWeightsOptions,
  readWeights,
  writeWeights,
} from "@thalweg/nn";
import { type ParameterVector, segmentOf } from "./parameter-vector.ts";
import { parseSafetensors, serializeSafetensors } from "./safetensors.ts";

/**
 * Copy the file's weights into the vector, which must have been made for this module; `file` is used in errors.
 *
 * @throws RangeError naming the file and every tensor that is missing, unexpected or of another shape
 */
export function loadWeights(
  vector: ParameterVector,
  module: Declared,
  bytes: Uint8Array,
  options: ReadWeightsOptions & { readonly file: string },
): Pick<ReadWeights, "missing" | "unexpected"> {
  const { tensors } = parseSafetensors(bytes, options.file);
  const { parameters, buffers, missing, unexpected } = inFile(options.file, () =>
    readWeights(module, tensors, options),
  );
  for (const segment of vector.segments) {
    const values = parameters.get(segment.name);
    if (values) vector.parameters.set(values, segment.offset);
  }
  for (const segment of vector.bufferSegments) {
    const values = buffers.get(segment.name);
    if (values) vector.buffers.set(values, segment.offset);
  }
  return { missing, unexpected };
}

function inFile<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new RangeError(`${file}: ${error.message}`, { cause: error });
  }
}

/** The vector's parameters and buffers as the bytes of a safetensors file. */
export function saveWeights(vector: ParameterVector, module: Declared): Uint8Array {
  const { segments, bufferSegments } = vector;
  const tensors = writeWeights(module, {
    parameters: new Map(segments.map((one) => [one.name, segmentOf(vector.parameters, one)])),
    buffers: new Map(bufferSegments.map((one) => [one.name, segmentOf(vector.buffers, one)])),
  });
  return serializeSafetensors(tensors, { format: "pt" });
}
