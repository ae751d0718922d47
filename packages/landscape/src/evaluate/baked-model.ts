/**
 * A serialised model whose constants can be written anew where they lie in its bytes: tracing and serialising ResNet-20 takes 6 ms for each
 * point of a landscape, writing 270 000 numbers a tenth of one.
 *
 * Where the numbers lie is found by looking for them: the model is serialised once with random ones, and a row of those stands nowhere
 * else. What is not found as it was, because the graph was simplified by its values, cannot be written anew.
 */
import { forDepthFirst, serialize, type Tensor } from "@thalweg/graph";
import { stream } from "@thalweg/random";

export interface BakedModel {
  readonly bytes: Uint8Array;
  /** Put other values into the bytes. */
  write(values: ReadonlyMap<string, Float32Array>): void;
}

/** Below this length a row of random numbers may stand elsewhere by chance. */
const SHORT = 4;

/** Random values for constants of these sizes, above zero as variances must be. */
export const markersOf = (sizes: ReadonlyMap<string, number>): Map<string, Float32Array> =>
  new Map(
    [...sizes].map(([name, size]) => [
      name,
      stream(1, `landscape/markers/${name}`)
        .fillUniform(new Float32Array(size))
        .map((u) => 0.5 + u),
    ]),
  );

/** Serialise outputs whose constants have the values of `markers`; undefined where some of them cannot be found again. */
export function bakedModel(
  outputs: Readonly<Record<string, Tensor>>,
  markers: ReadonlyMap<string, Float32Array>,
): BakedModel | undefined {
  const bytes = Buffer.from(serialize({ outputs, order: forDepthFirst(Object.values(outputs)) }));
  const places = new Map<string, number[]>();
  for (const [name, { buffer, byteOffset, byteLength, length }] of markers) {
    const marker = Buffer.from(buffer, byteOffset, byteLength);
    const found: number[] = [];
    for (let at = bytes.indexOf(marker); at >= 0; at = bytes.indexOf(marker, at + 1)) found.push(at);
    if (found.length === 0 || (found.length > 1 && length < SHORT)) return undefined;
    places.set(name, found);
  }
  return {
    bytes,
    write: (values) => {
      for (const [name, found] of places) {
        const { buffer, byteOffset, byteLength } = values.get(name)!;
        for (const at of found) bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at);
      }
    },
  };
}
