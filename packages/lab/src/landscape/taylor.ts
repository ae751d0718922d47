/** The parabola of the loss at a family's origin, on the examples that its landscape is measured on. */
import {
  type AffineFamily,
  SampledLoss,
  samplesFrom,
  type TaylorPlane,
  taylorPlane,
} from "@thalweg/landscape";
import { ParameterVector } from "@thalweg/train";
import type { Subject } from "./subject.ts";

/** Raises RangeError for a model without second derivatives. */
export async function taylorOf(
  { model, loaded: { dataset } }: Subject,
  family: AffineFamily,
  set: "train" | "test",
  indices: Uint32Array,
): Promise<TaylorPlane> {
  const vector = new ParameterVector(model.module, { stateSlots: 0 });
  vector.buffers.set(family.buffers?.origin ?? []);
  const samples = samplesFrom({ split: dataset[set], normalization: dataset, indices });
  const loss = new SampledLoss({ model, vector, samples });
  try {
    return await taylorPlane(loss, family);
  } finally {
    await loss.release();
  }
}
