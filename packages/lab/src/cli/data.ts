/**
 * `thalweg data list | fetch NAME | verify [NAME]`: the datasets, and whether their files here are what they should be.
 * `verify` only looks: it fetches nothing and repairs nothing.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { type CatalogueEntry, cacheFolder, catalogue, loadDataset } from "@thalweg/data";
import { lookUp } from "@thalweg/optim";
import type { Command } from "commander";
import { Failure, fromUser } from "./errors.ts";
import type { Io } from "./io.ts";
import { columns, printJson } from "./print.ts";

export function define(command: Command, io: Io): void {
  command
    .description("List the datasets, fetch one, or check the files on this machine against their sha256.")
    .addHelpText(
      "after",
      "\nExamples:\n  $ thalweg data list\n  $ thalweg data fetch mnist\n  $ thalweg data verify\n\nFiles are kept in the user's cache folder; THALWEG_CACHE chooses another.",
    );
  command
    .command("list")
    .description("List the datasets that can be loaded by name.")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  $ thalweg data list --json")
    .action(({ json = false }: { json?: boolean }) => list(json, io));
  command
    .command("fetch")
    .description("Fetch a dataset into the cache, verify every file, and say what it holds.")
    .argument("<name>", "a dataset")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  $ thalweg data fetch mnist")
    .action((name: string, { json = false }: { json?: boolean }) => fetchOne(name, json, io));
  command
    .command("verify")
    .description(
      "Check the files of one dataset, or of all that are here. Exit 1 when one is damaged, or NAME is absent.",
    )
    .argument("[name]", "a dataset; all when left out")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  $ thalweg data verify mnist")
    .action((name: string | undefined, { json = false }: { json?: boolean }) => verify(name, json, io));
}

const originOf = (source: CatalogueEntry["sources"][number]): string =>
  "deb" in source ? `Debian's ${source.deb}` : source.spec;

function list(json: boolean, { stdout }: Io): void {
  const entries = Object.entries(catalogue).map(
    ([name, { title, classes, licence, sources, make, byHand }]) => ({
      name,
      title,
      classes: classes.length,
      origin: make ? "computed" : byHand ? "by hand" : sources[0] ? originOf(sources[0]) : "shipped",
      licence,
    }),
  );
  if (json) printJson(stdout, entries);
  else {
    const rows = entries.map(({ name, title, origin, licence }) => [name, title, origin, licence]);
    stdout.write(columns([["name", "title", "origin", "licence"], ...rows]));
  }
}

async function fetchOne(name: string, json: boolean, io: Io): Promise<void> {
  fromUser(() => lookUp("dataset", catalogue, name));
  const { fingerprint, origin, train, test } = await loadDataset(name, {
    cache: cacheFolder({ ...io.env }),
    onEvent: (line) => io.stderr.write(`${line}\n`),
  });
  const facts = { name, train: train.count, test: test.count, shape: train.shape, fingerprint, origin };
  if (json) printJson(io.stdout, facts);
  else {
    io.stdout.write(
      `${name}: ${train.count} images for training, ${test.count} for testing, ${train.shape.join("×")}\n`,
    );
    io.stdout.write(`fingerprint ${fingerprint}\norigin ${origin}\n`);
  }
}

interface Verdict {
  dataset: string;
  file: string;
  status: "verified" | "absent" | "damaged";
  expected: string;
  found: string | null;
}

async function verify(name: string | undefined, json: boolean, io: Io): Promise<void> {
  if (name !== undefined) fromUser(() => lookUp("dataset", catalogue, name));
  const names = name === undefined ? Object.keys(catalogue) : [name];
  const verdicts = (await Promise.all(names.map((one) => verdictsOf(one, catalogue[one]!, io)))).flat();
  if (json) printJson(io.stdout, verdicts);
  else {
    io.stdout.write(
      columns(
        verdicts.map(({ dataset, status, file, expected, found }) => [
          dataset,
          status,
          status === "damaged" ? `${file}: expected sha256 ${expected}, found ${found}` : file,
        ]),
      ),
    );
  }
  const damaged = verdicts.filter(({ status }) => status === "damaged");
  if (damaged.length > 0) {
    const sets = [...new Set(damaged.map(({ dataset }) => dataset))].join(", ");
    throw new Failure(
      `Cannot vouch for ${sets}: ${damaged.length} damaged. To fetch again: thalweg data fetch ${damaged[0]!.dataset}`,
    );
  }
  if (name !== undefined && verdicts.some(({ status }) => status === "absent")) {
    throw new Failure(
      `Cannot vouch for ${name} as it is not here yet. To fetch it: thalweg data fetch ${name}`,
    );
  }
}

/** A shipped dataset is verified by loading it; a fetched one file by file, where @thalweg/data keeps them. */
async function verdictsOf(dataset: string, entry: CatalogueEntry, io: Io): Promise<Verdict[]> {
  if (entry.make || entry.byHand) return []; // made anew whenever it is loaded, or the user's own file
  if (entry.sources.length === 0) {
    await loadDataset(dataset);
    return entry.files.map(({ path, sha256 }) => ({
      dataset,
      file: `${path} (shipped)`,
      status: "verified",
      expected: sha256,
      found: sha256,
    }));
  }
  const folder = join(cacheFolder({ ...io.env }), "datasets", dataset);
  return Promise.all(
    entry.files.map(async ({ path, sha256: expected }): Promise<Verdict> => {
      const file = join(folder, basename(path));
      const found = await hashOf(file);
      const status = found === null ? "absent" : found === expected ? "verified" : "damaged";
      return { dataset, file, status, expected, found };
    }),
  );
}

/** What is compressed; the bytes as they are where they do not decompress, and the hash tells so. */
function payloadOf(bytes: Uint8Array): Uint8Array {
  try {
    return gunzipSync(bytes);
  } catch {
    return bytes;
  }
}

/** sha256 in hex; null when there is no such file. */
async function hashOf(file: string): Promise<string | null> {
  try {
    const bytes = await readFile(file);
    return createHash("sha256")
      .update(file.endsWith(".gz") ? payloadOf(bytes) : bytes)
      .digest("hex");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}
