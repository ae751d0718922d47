/**
 * A landscape as a solid surface for printers and viewers: STL (binary) and GLB (glTF 2.0, binary), two triangles a cell, cells that
 * are not finite left out. Both axes are scaled to the same width of 1 and the height to a chosen share of it, since a loss has no unit of length.
 */
import { fieldOf, type HeightField } from "./height-field.ts";
import { finiteQuads, requirePlane } from "./text-formats.ts";

export interface MeshOptions {
  /** Which field is the height; loss by default. */
  readonly field?: string;
  /** Heights as ln z, where all are positive. */
  readonly log?: boolean;
  /** Highest above lowest, in widths of the plane; 0.5 by default. */
  readonly height?: number;
  /** What it is of: in a GLB under asset.extras; an STL has no room for it. */
  readonly provenance?: string;
}

interface Mesh {
  /** x, y, z of each point. */
  readonly positions: Float32Array;
  /** Places of three points for each triangle, against the clock seen from above. */
  readonly triangles: Uint32Array;
}

function meshOf(landscape: HeightField, { field = "loss", log = false, height = 0.5 }: MeshOptions): Mesh {
  const { x, y } = requirePlane("make a mesh", landscape);
  const heights = fieldOf(landscape, field).map((z) => (log ? Math.log(z) : z));
  const finite = heights.filter(Number.isFinite);
  if (finite.length === 0)
    throw new RangeError(`Cannot make a mesh as some height of ${field} must be finite: none is`);
  const low = finite.reduce((a, b) => Math.min(a, b));
  const high = finite.reduce((a, b) => Math.max(a, b));
  const onUnit = (axis: Float64Array, i: number) => (axis[i]! - axis[0]!) / (axis.at(-1)! - axis[0]!);
  const positions = new Float32Array(3 * heights.length);
  heights.forEach((z, at) => {
    const up = high === low ? 0 : (z - low) / (high - low);
    positions.set(
      [onUnit(x, at % x.length), onUnit(y, Math.floor(at / x.length)), Number.isFinite(z) ? height * up : 0],
      3 * at,
    );
  });
  const quads = finiteQuads(x.length, y.length, heights);
  return {
    positions,
    triangles: Uint32Array.from(quads.flatMap(([a, b, c, d]) => [a!, b!, c!, a!, c!, d!])),
  };
}

/** 80 bytes of text, u32 count, then for each triangle its normal, its corners and a zero. */
export function writeStl(landscape: HeightField, options: MeshOptions = {}): Uint8Array {
  const { positions, triangles } = meshOf(landscape, options);
  const count = triangles.length / 3;
  const bytes = Buffer.alloc(84 + 50 * count);
  bytes.write("thalweg landscape", "latin1");
  bytes.writeUInt32LE(count, 80);
  for (let k = 0; k < count; k++) {
    const corners = [0, 1, 2].map((i) => {
      const at = 3 * triangles[3 * k + i]!;
      return [positions[at]!, positions[at + 1]!, positions[at + 2]!] as const;
    });
    [normalOf(corners as never), ...corners].flat().forEach((value, i) => {
      bytes.writeFloatLE(value, 84 + 50 * k + 4 * i);
    });
  }
  return bytes;
}

type Point = readonly [number, number, number];

function normalOf([a, b, c]: readonly [Point, Point, Point]): Point {
  const [ux, uy, uz] = [b[0] - a[0], b[1] - a[1], b[2] - a[2]];
  const [vx, vy, vz] = [c[0] - a[0], c[1] - a[1], c[2] - a[2]];
  const [x, y, z] = [uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx];
  const length = Math.hypot(x, y, z) || 1;
  return [x / length, y / length, z / length];
}

const [JSON_CHUNK, BINARY_CHUNK] = [0x4e4f534a, 0x004e4942];
const [FLOAT, UNSIGNED_INT] = [5126, 5125];

/** glTF has y upwards, so heights are y and the plane's second axis is −z. */
export function writeGlb(landscape: HeightField, options: MeshOptions = {}): Uint8Array {
  const { positions, triangles } = meshOf(landscape, options);
  const turned = new Float32Array(positions.length);
  for (let i = 0; i < positions.length; i += 3) {
    turned.set([positions[i]!, positions[i + 2]!, -positions[i + 1]!], i);
  }
  const bounds = [0, 1, 2].map((axis) => {
    const values = turned.filter((_, i) => i % 3 === axis);
    return [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))] as const;
  });
  const [points, corners] = [turned.length / 3, triangles.length];
  const gltf = {
    asset: {
      ...{ version: "2.0", generator: "thalweg landscape" },
      ...(options.provenance !== undefined && { extras: { provenance: options.provenance } }),
    },
    scene: 0,
    scenes: [{ nodes: [0] }],
    nodes: [{ mesh: 0, name: "landscape" }],
    meshes: [{ primitives: [{ attributes: { POSITION: 0 }, indices: 1, material: 0 }] }],
    materials: [
      {
        doubleSided: true,
        pbrMetallicRoughness: {
          baseColorFactor: [0.5, 0.6, 0.7, 1],
          metallicFactor: 0,
          roughnessFactor: 0.8,
        },
      },
    ],
    accessors: [
      {
        bufferView: 0,
        componentType: FLOAT,
        count: points,
        type: "VEC3",
        min: bounds.map(([low]) => low),
        max: bounds.map(([, high]) => high),
      },
      { bufferView: 1, componentType: UNSIGNED_INT, count: corners, type: "SCALAR" },
    ],
    bufferViews: [
      { buffer: 0, byteOffset: 0, byteLength: turned.byteLength, target: 34962 },
      { buffer: 0, byteOffset: turned.byteLength, byteLength: triangles.byteLength, target: 34963 },
    ],
    buffers: [{ byteLength: turned.byteLength + triangles.byteLength }],
  };
  const text = Buffer.from(JSON.stringify(gltf));
  const json = Buffer.concat([text, Buffer.alloc((4 - (text.length % 4)) % 4, " ")]);
  const binary = Buffer.concat([bytesOf(turned), bytesOf(triangles)]);
  const head = (...words: number[]) => bytesOf(Uint32Array.from(words));
  const length = 12 + 8 + json.length + 8 + binary.length;
  return Buffer.concat([
    Buffer.from("glTF"),
    head(2, length),
    head(json.length, JSON_CHUNK),
    json,
    head(binary.length, BINARY_CHUNK),
    binary,
  ]);
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array | Uint32Array): Buffer =>
  Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
