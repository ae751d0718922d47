/** All readers by ONNX's operator names. An operator that is not here is carried: computed as it stands, without a gradient. */
import type { Readers } from "../node.ts";
import { activation } from "./activation.ts";
import { arithmetic } from "./arithmetic.ts";
import { attention } from "./attention.ts";
import { comparison } from "./comparison.ts";
import { constant } from "./constant.ts";
import { convolution } from "./convolution.ts";
import { indexing } from "./indexing.ts";
import { matmul } from "./matmul.ts";
import { normalization } from "./normalization.ts";
import { pooling } from "./pooling.ts";
import { recurrent } from "./recurrent.ts";
import { reduction } from "./reduction.ts";
import { resize } from "./resize.ts";
import { selection } from "./selection.ts";
import { shape } from "./shape.ts";
import { softmax } from "./softmax.ts";

/** Each operator belongs to one of them. */
export const FAMILIES: readonly Readers[] = [
  activation,
  arithmetic,
  attention,
  comparison,
  constant,
  convolution,
  indexing,
  matmul,
  normalization,
  pooling,
  recurrent,
  reduction,
  resize,
  selection,
  shape,
  softmax,
];

export const READERS: Readers = Object.assign(Object.create(null), ...FAMILIES);
