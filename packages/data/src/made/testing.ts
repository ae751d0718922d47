/** For tests: what NumPy makes of the same descriptions, see fixtures/made.make.py. */
import { readFileSync } from "node:fs";
import { sha256 } from "../cache.ts";
import type { Dataset, Split } from "../dataset.ts";

type Hashes = Readonly<Record<string, { images: string; labels: string }>>;

export const byNumpy = JSON.parse(
  readFileSync(new URL("../../fixtures/made.json", import.meta.url), "utf8"),
) as {
  chain: { entropyRate: number; lowestLoss: Record<"train" | "validation" | "test", number> };
  hashes: Record<string, Hashes>;
};

/** SHA-256 of the bytes of each split's examples and labels. */
export function hashesOf({ train, validation, test }: Dataset): Hashes {
  const hash = ({ buffer, byteOffset, byteLength }: Split["images"]) =>
    sha256(new Uint8Array(buffer, byteOffset, byteLength));
  const splits = { train, ...(validation && { validation }), test };
  return Object.fromEntries(
    Object.entries(splits).map(([name, { images, labels }]) => [
      name,
      { images: hash(images), labels: hash(labels) },
    ]),
  );
}
