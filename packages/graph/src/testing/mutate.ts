/**
 * Mutations of real ONNX files, for fuzzing: bytes that are flipped, cut, doubled or moved, and fields of the parsed model that are
 * given other values of their type. The second kind gets past the parser, and reaches the readers.
 */
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { ModelProtoSchema } from "../generated/onnx_pb.js";

type Mutation = (bytes: Uint8Array) => Uint8Array;

/** Where something happens, as a part of the whole; fast-check would mostly draw the beginning. */
const place = fc.noBias(fc.nat(2 ** 30 - 1)).map((n) => n / 2 ** 30);
const at = (where: number, length: number) => Math.floor(where * length);

const flipBit = fc.tuple(place, fc.nat(7)).map(
  ([where, bit]): Mutation =>
    (bytes) => {
      const flipped = new Uint8Array(bytes);
      if (flipped.length > 0) flipped[at(where, flipped.length)]! ^= 1 << bit;
      return flipped;
    },
);

const setByte = fc.tuple(place, fc.nat(255)).map(
  ([where, value]): Mutation =>
    (bytes) => {
      const changed = new Uint8Array(bytes);
      if (changed.length > 0) changed[at(where, changed.length)] = value;
      return changed;
    },
);

const cut = fc.tuple(place, place).map(
  ([from, length]): Mutation =>
    (bytes) => {
      const start = at(from, bytes.length);
      const end = start + at(length, bytes.length - start);
      return Uint8Array.of(...bytes.subarray(0, start), ...bytes.subarray(end));
    },
);

const truncate = place.map(
  (where): Mutation =>
    (bytes) =>
      bytes.slice(0, at(where, bytes.length)),
);

const repeat = fc.tuple(place, place).map(
  ([from, length]): Mutation =>
    (bytes) => {
      const start = at(from, bytes.length);
      const end = start + at(length, Math.min(64, bytes.length - start));
      return Uint8Array.of(...bytes.subarray(0, end), ...bytes.subarray(start));
    },
);

/** Values that break assumptions: extremes, signs, and what is nearly right. */
const NUMBERS = [0, 1, -1, 2, 3, 7, 255, 2 ** 20, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), 2 ** 53 - 1];
const WORDS = ["", "x", "y", "__proto__", "constructor", "Add", "Conv", "Reshape", "Slice", "If", "com.own"];

/** A field of the parsed model, chosen by `where`, is given another value of its type; lists may lose or repeat an item. */
const editField = fc.tuple(place, fc.nat(NUMBERS.length - 1), fc.nat(WORDS.length - 1)).map(
  ([where, number, word]): Mutation =>
    (bytes) => {
      let model: ReturnType<typeof parse>;
      try {
        model = parse(bytes);
      } catch {
        return bytes;
      }
      const edits: (() => void)[] = [];
      collect(model, edits, { number: NUMBERS[number]!, word: WORDS[word]! });
      edits[at(where, edits.length)]?.();
      try {
        return toBinary(ModelProtoSchema, model);
      } catch {
        return bytes; // a value that the field cannot hold
      }
    },
);

const parse = (bytes: Uint8Array) => fromBinary(ModelProtoSchema, bytes);

function collect(
  message: object,
  edits: (() => void)[],
  values: { readonly number: number; readonly word: string },
): void {
  const record = message as Record<string, unknown>;
  for (const [key, value] of Object.entries(record)) {
    if (key.startsWith("$") || key === "case") continue;
    if (typeof value === "string") edits.push(() => (record[key] = values.word));
    if (typeof value === "number") edits.push(() => (record[key] = values.number));
    if (typeof value === "bigint") edits.push(() => (record[key] = BigInt(values.number)));
    if (ArrayBuffer.isView(value)) edits.push(() => (record[key] = (value as Uint8Array).slice(1)));
    else if (Array.isArray(value)) collectList(value, edits, values);
    else if (value && typeof value === "object") collect(value, edits, values);
  }
}

function collectList(
  list: unknown[],
  edits: (() => void)[],
  values: { readonly number: number; readonly word: string },
): void {
  for (const [k, item] of list.entries()) {
    edits.push(() => list.splice(k, 1));
    edits.push(() => list.splice(k, 0, item));
    if (typeof item === "string") edits.push(() => (list[k] = values.word));
    if (typeof item === "number") edits.push(() => (list[k] = values.number));
    if (typeof item === "bigint") edits.push(() => (list[k] = BigInt(values.number)));
    if (item && typeof item === "object" && !ArrayBuffer.isView(item)) collect(item, edits, values);
  }
}

/** One to three mutations, one after another. */
export const mutation: fc.Arbitrary<Mutation> = fc
  .array(
    fc.oneof(
      { weight: 1, arbitrary: flipBit },
      { weight: 1, arbitrary: setByte },
      { weight: 1, arbitrary: cut },
      { weight: 1, arbitrary: truncate },
      { weight: 1, arbitrary: repeat },
      { weight: 8, arbitrary: editField },
    ),
    { minLength: 1, maxLength: 3 },
  )
  .map((steps) => (bytes) => steps.reduce((mutated, step) => step(mutated), bytes));
