/**
 * Packages from a Debian mirror, by the machine's own apt, where it has one: some datasets are packaged there and in no npm package.
 * `apt-get download` needs no root and checks the archive's signatures; nothing is installed, the files are only unpacked.
 */
import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

export interface DebianSource {
  /** The package's name; which version does not matter, as each file's hash is pinned. */
  readonly deb: string;
}

const run = promisify(execFile);
const TIMEOUT_MS = 300_000;

/** Unpack the package into `folder`, which must exist. Rejects where there is no apt, no network, or no such package. */
export async function extractDebian({ deb }: DebianSource, folder: string): Promise<void> {
  await run("apt-get", ["download", "--quiet", deb], { cwd: folder, timeout: TIMEOUT_MS });
  const archive = (await readdir(folder)).find((name) => name.endsWith(".deb"));
  if (archive === undefined) throw new Error(`apt-get downloaded no archive of ${deb}`);
  await run("dpkg-deb", ["--extract", join(folder, archive), folder], { timeout: TIMEOUT_MS });
}
