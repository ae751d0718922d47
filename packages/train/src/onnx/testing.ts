/**
 * For tests: the networks of fixtures/models, which lie there without their weights. Both sides fill tensors from a hash of their
 * names, so they have the same bits here as in the script that made the fixtures.
 */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { NpyArray } from "@thalweg/data";
import { type OnnxModel, readOnnx, type Shape, sizeOf } from "@thalweg/graph";

/** What a gradient is known by: norm, four sums with random signs, first values. */
export interface Fingerprint {
  readonly norm: number;
  readonly sums: readonly number[];
  readonly first: readonly number[];
}

export interface ModelFixture {
  readonly prefix: string;
  readonly inputs: Readonly<Record<string, { readonly kind: "image" | "token"; readonly shape: Shape }>>;
  /** Weights of the losses of the model's outputs. */
  readonly weights: readonly number[];
  readonly loss: number;
  /** Of the whole gradient. */
  readonly norm: number;
  /** By how much PyTorch's float32 strays from its float64. */
  readonly float32: number;
  readonly tensors: Readonly<
    Record<
      string,
      {
        readonly shape: Shape;
        readonly offset: number;
        readonly scale: number;
        readonly gradient?: Fingerprint;
      }
    >
  >;
}

const folder = new URL("../../fixtures/models/", import.meta.url);

export const modelFixtures = (): Readonly<Record<string, ModelFixture>> =>
  JSON.parse(readFileSync(new URL("models.json", folder), "utf8")).models;

/** The file with its weights. */
export function restoreModel(name: string, { prefix, tensors }: ModelFixture): OnnxModel {
  const places = new Map(Object.keys(tensors).map((tensor) => [tensor.replaceAll(":", "_"), tensor]));
  const external = (location: string) => {
    const tensor = places.get(location)!;
    const { shape, offset, scale } = tensors[tensor]!;
    return new Uint8Array(filled(`${prefix}/${tensor}`, shape, offset, scale).buffer);
  };
  return readOnnx(gunzipSync(readFileSync(new URL(`${name}.onnx.gz`, folder))), { external });
}

const CLASSES = 10;
const VOCABULARY = 40;

/** Images of unit variance, tokens, labels. */
export function batchOf({ prefix, inputs }: ModelFixture): Map<string, NpyArray> {
  const arrays = new Map<string, NpyArray>();
  for (const [name, { kind, shape }] of Object.entries(inputs)) {
    const seed = `${prefix}/${name}`;
    const tokens = () => BigInt64Array.from(bits(seed, sizeOf(shape)), (h) => BigInt(h % VOCABULARY));
    arrays.set(name, { shape, data: kind === "image" ? filled(seed, shape, 0, Math.sqrt(3)) : tokens() });
  }
  const count = Object.values(inputs)[0]!.shape[0]!;
  const labels = BigInt64Array.from(bits(`${prefix}/labels`, count), (h) => BigInt(h % CLASSES));
  return arrays.set("labels", { shape: [count], data: labels });
}

/** Fingerprint of a gradient, as the script takes it. */
export function fingerprintOf(name: string, data: ArrayLike<number>): Fingerprint {
  const sums = [0, 1, 2, 3].map((k) => {
    const signs = bits(`${name}/sign${k}`, data.length);
    let sum = 0;
    for (let i = 0; i < data.length; i++) sum += signs[i]! & 1 ? -data[i]! : data[i]!;
    return sum;
  });
  let squares = 0;
  for (let i = 0; i < data.length; i++) squares += data[i]! ** 2;
  return {
    norm: Math.sqrt(squares),
    sums,
    first: Array.from({ length: Math.min(4, data.length) }, (_, i) => data[i]!),
  };
}

/** offset + scale·u in float64, rounded to float32; u are multiples of 2⁻²³ in [−1, 1). */
function filled(name: string, shape: Shape, offset: number, scale: number): Float32Array<ArrayBuffer> {
  const random = bits(name, sizeOf(shape));
  const values = new Float32Array(random.length);
  for (let i = 0; i < values.length; i++) values[i] = offset + scale * ((random[i]! >>> 8) / 2 ** 23 - 1);
  return values;
}

/** 32 random bits per element: murmur3's finaliser of (FNV-1a of the name) + i · 0x9E3779B9. */
function bits(name: string, count: number): Uint32Array {
  let seed = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) seed = Math.imul(seed ^ byte, 0x01000193);
  const hashes = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    let h = (seed + Math.imul(i, 0x9e3779b9)) | 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    hashes[i] = h ^ (h >>> 16);
  }
  return hashes;
}
