/** All readers by ONNX's operator names. An operator that is not here is carried: computed as it stands, without a gradient. */
import type { Readers } from "../node.ts";
import { comparison } from "./comparison.ts";
import { constant } from "./constant.ts";
import { selection } from "./selection.ts";

export const READERS: Readers = Object.assign(Object.create(null), comparison, constant, selection);
