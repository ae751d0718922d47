/**
 * External data: tensors whose bytes lie in files beside the model. This package reads no files: the caller gives a function
 * from a location to bytes, and gets only locations that stay inside the model's folder.
 */
import type { TensorProto } from "../generated/onnx_pb.js";
import { OnnxError, quote } from "./error.ts";

/** The bytes of a file beside the model; `location` is a relative path with forward slashes that does not leave the folder. */
export type ReadExternal = (location: string) => Uint8Array;

/** What is used where the caller gave no function. */
export const noExternal: ReadExternal = (location) => {
  throw new OnnxError(
    `Cannot read external data ${quote(location)} as nothing was given to read it with: pass { external: (location) => bytes }`,
  );
};

/** A function that reads the tensor's bytes; location, offset and length are checked at once. */
export function externalBytes(
  proto: TensorProto,
  what: string,
  needed: number,
  external: ReadExternal,
): () => Uint8Array {
  const refuse = (requirement: string, found: string) =>
    new OnnxError(`Cannot read ${what} as ${requirement}: ${found}`);
  const entries = new Map(proto.externalData.map(({ key, value }) => [key, value]));
  const location = entries.get("location") ?? "";
  if (!isInside(location)) {
    throw refuse(
      "external data must have a location inside the model's folder, relative and with forward slashes",
      `found ${quote(location)}`,
    );
  }
  const whole = (key: string, fallback: number) => {
    const value = entries.get(key);
    if (value === undefined) return fallback;
    if (/^\d{1,15}$/.test(value)) return Number(value);
    throw refuse(`the ${key} of external data must be a whole number of bytes`, `found ${quote(value)}`);
  };
  const offset = whole("offset", 0);
  const length = whole("length", needed);
  if (length !== needed) throw refuse(`it needs ${needed} bytes of external data`, `its length is ${length}`);
  return () => {
    const file = external(location);
    if (offset + needed <= file.length) return file.subarray(offset, offset + needed);
    throw refuse(
      `it needs bytes ${offset} to ${offset + needed} of ${quote(location)}`,
      `that file has ${file.length}`,
    );
  };
}

const isInside = (location: string): boolean =>
  !/[\\\0:]/.test(location) && location.split("/").every((part) => part !== ".." && part !== "");
