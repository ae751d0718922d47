/** Datasets: fetched once, verified always, held as bytes, handed out as normalised batches. */
export {
  Batches,
  type BatchOptions,
  type BatchOrder,
  type BatchValues,
  normalizationTable,
  partSize,
  SequentialBatches,
} from "./batches.ts";
export { cacheFolder, type FetchOptions } from "./cache.ts";
export { type CatalogueEntry, catalogue } from "./catalogue.ts";
export {
  type Dataset,
  imageShape,
  imageSize,
  labelSize,
  type Normalization,
  type Split,
  shareDataset,
} from "./dataset.ts";
export { DatasetUnavailable } from "./errors.ts";
export { type IdxArray, parseIdx, readIdx } from "./idx.ts";
export { type LoadOptions, loadDataset } from "./load.ts";
export { hmmEntropyRate } from "./made/hmm-text.ts";
export { MATRIX } from "./made/matrix-factorization.ts";
export { type NpyArray, type NpyData, parseNpy, serializeNpy } from "./npy.ts";
export { parseNpz, readNpz, serializeNpz } from "./npz.ts";
export { holdOut, type Partition } from "./validation.ts";
export { type BatchPlace, type SizeStage, VaryingBatches } from "./varying-batches.ts";
