/**
 * What ranks must have in common before the first step: what they train, on which data, with which code, and a folder. Each check is
 * made by all ranks together and has the same outcome on all, so all refuse, or none.
 */
import { createHash, randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { attempt, makeFolder } from "../whole-files.ts";
import { type Communicator, exchange } from "./communicator.ts";

/**
 * Compare facts, each under the name that a message calls it by. Raises RangeError, on every rank, where a rank has others than rank 0.
 *
 * @example await checkAgreement(communicator, { "the data": dataset.fingerprint, "the seed": 1 });
 */
export async function checkAgreement(
  communicator: Communicator,
  facts: Readonly<Record<string, string | number>>,
): Promise<void> {
  const all = await exchange(communicator, { host: hostname(), facts });
  const first = all[0]!.facts;
  const names = [...new Set(all.flatMap(({ facts }) => Object.keys(facts)))];
  const complaints = all.flatMap((one, rank) => {
    const others = names.filter((name) => one.facts[name] !== first[name]);
    const values = others.map((name) => `${name} (${one.facts[name]}, not ${first[name]})`);
    return others.length === 0
      ? []
      : [`rank ${rank} on ${one.host} has another ${values.join(", another ")}`];
  });
  if (complaints.length === 0) return;
  throw new RangeError(
    `Cannot train on ${communicator.size} ranks as all must have the same to do as rank 0: ${complaints.join("; ")}; start all with one command, and the same Thalweg on every machine`,
  );
}

/** Raises RangeError, on every rank, where one does not see what rank 0 writes into the folder. It is made if need be. */
export async function checkShared(communicator: Communicator, folder: string): Promise<void> {
  const { rank, size } = communicator;
  if (size === 1) return;
  const words = Int32Array.from(new Int32Array(new Uint8Array(randomBytes(16)).buffer));
  await communicator.broadcast(words);
  const token = Buffer.from(words.buffer).toString("hex");
  const path = join(folder, `.ranks-${token}`);
  const isNew = rank === 0 && !existsSync(folder);
  let reason = "";
  if (rank === 0) {
    try {
      makeFolder(folder);
      writeFileSync(path, token);
    } catch (error) {
      reason = (error as Error).message;
    }
  }
  await communicator.barrier();
  const seen = existsSync(path) && readFileSync(path, "utf8") === token;
  const all = await exchange(communicator, { host: hostname(), seen, reason });
  if (rank === 0) attempt(() => rmSync(path, { force: true }));
  const blind = all.flatMap((one, r) => (one.seen ? [] : [`rank ${r} on ${one.host}`]));
  if (blind.length === 0) return;
  if (isNew) attempt(() => rmdirSync(folder));
  const found = all[0]!.reason || `what rank 0 wrote there is not seen by ${blind.join(", ")}`;
  throw new RangeError(
    `Cannot train in ${folder} on ${size} ranks as it must be a folder that all of them share: ${found}; choose a folder on a file system that all machines have`,
  );
}

/** A short hash over the sources of the packages in a folder, tests left out, and the version of Node that runs them. */
export function codeVersion(folder: string): string {
  const hash = createHash("sha256").update(process.version);
  const sources = readdirSync(folder)
    .map((name) => join(name, "src"))
    .filter((path) => existsSync(join(folder, path)));
  const files = sources.flatMap((path) =>
    (readdirSync(join(folder, path), { recursive: true }) as string[]).map((file) => join(path, file)),
  );
  const code = files.filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"));
  for (const file of code.sort())
    hash
      .update(file)
      .update("\0")
      .update(readFileSync(join(folder, file)));
  return hash.digest("hex").slice(0, 16);
}
