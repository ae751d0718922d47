import { type NpyArray, parseNpz, serializeNpz } from "@thalweg/data";
import { describe, expect, test } from "vitest";
import { columnsFor } from "../evaluate/evaluator.ts";
import type { Grid } from "../evaluate/grid.ts";
import { Surface } from "../evaluate/surface.ts";
import { parseSurface, serializeSurface } from "./container.ts";
import { parseHdf5, writeHdf5 } from "./hdf5.ts";
import { type HeightField, heightField } from "./height-field.ts";
import { writeGlb, writeStl } from "./meshes.ts";
import { parseCsv, writeCsv, writeVtp } from "./text-formats.ts";

/** 3×2 points, one chunk of 4 examples: losses of all examples are x + 10 y at a point, and at the last they are NaN. */
const grid: Grid = [
  { from: 0, to: 2, points: 3 },
  { from: 0, to: 1, points: 2 },
];
function small(): Surface {
  const surface = new Surface({ grid, chunks: [4], columns: columnsFor(["loss", "accuracy"]) });
  [0, 1].forEach((row) => {
    const sums = [0, 1, 2].flatMap((column) => {
      const loss = row === 1 && column === 2 ? Number.NaN : column + 10 * row;
      return [4 * loss, 4 * loss * loss, column];
    });
    surface.add({ chunk: 0, row, columns: [0, 1, 2] }, Float64Array.from(sums));
  });
  return surface;
}
const HEIGHTS = [0, 1, 2, 10, 11, Number.NaN];

describe("serializeSurface", () => {
  test("writes arrays [y, x] that come back, NaN as NaN", () => {
    const bytes = serializeSurface(small());
    const arrays = parseNpz(bytes, "small");
    expect(arrays.get("loss")!.shape).toEqual([2, 3]);
    expect([...arrays.get("loss_sumsq")!.data].slice(0, 5)).toEqual([0, 4, 16, 400, 484]);
    const field = parseSurface(bytes, "small");
    expect([...field.x, ...field.y]).toEqual([0, 1, 2, 0, 1]);
    expect([...field.fields.get("loss")!]).toEqual(HEIGHTS);
    expect([...field.fields.get("accuracy")!]).toEqual([0, 0.25, 0.5, 0, 0.25, 0.5]);
    expect([...field.fields.get("examples")!]).toEqual(Array(6).fill(4));
  });

  test("keeps directions and centre where they are wanted", () => {
    const family = {
      origin: Float32Array.of(1, 2),
      basis: [Float32Array.of(1, 0), Float32Array.of(0, 1)],
      labels: ["u", "v"],
    };
    const arrays = parseNpz(serializeSurface(small(), { family }), "small");
    expect([...arrays.get("centre")!.data, ...arrays.get("dir_1")!.data]).toEqual([1, 2, 0, 1]);
  });
});

describe("parseSurface", () => {
  const x: NpyArray = { shape: [3], data: Float64Array.of(0, 1, 2) };
  const y: NpyArray = { shape: [2], data: Float64Array.of(0, 1) };

  test("reads tomgoldstein's names, and turns [x, y]", () => {
    const turned: NpyArray = { shape: [3, 2], data: Float32Array.of(0, 10, 1, 11, 2, 12) };
    const bytes = serializeNpz(
      new Map([
        ["xcoordinates", x],
        ["ycoordinates", y],
        ["train_loss", turned],
      ]),
    );
    expect([...parseSurface(bytes, "theirs").fields.get("loss")!]).toEqual([0, 1, 2, 10, 11, 12]);
  });

  test("reads coordinates as NumPy's meshgrid gives them", () => {
    const mesh = (data: number[]) => ({ shape: [2, 3], data: Float64Array.from(data) });
    const bytes = serializeNpz(
      new Map([
        ["X", mesh([0, 1, 2, 0, 1, 2])],
        ["Y", mesh([5, 5, 5, 6, 6, 6])],
        ["Z", mesh([0, 1, 2, 10, 11, 12])],
      ]),
    );
    const field = parseSurface(bytes, "meshed");
    expect([[...field.x], [...field.y]]).toEqual([
      [0, 1, 2],
      [5, 6],
    ]);
  });

  test("refuses what is no surface, with what there is", () => {
    expect(() => parseSurface(serializeNpz(new Map([["a", x]])), "odd")).toThrow(
      /must have coordinates .* and a loss .*: it has a/,
    );
    const wrong = serializeNpz(
      new Map([
        ["x", x],
        ["y", y],
        ["loss", { shape: [2, 2], data: new Float64Array(4) }],
      ]),
    );
    expect(() => parseSurface(wrong, "odd")).toThrow(
      /loss must have the shape \[2,3\] of its coordinates: it has \[2,2\]/,
    );
  });
});

describe("CSV", () => {
  test("comes back as it was, and has a row a point", () => {
    const text = writeCsv(heightField(small()));
    expect(text.split("\n").slice(0, 3)).toEqual([
      "x,y,loss,accuracy,standardError,examples",
      "0,0,0,0,0,4",
      "1,0,1,0.25,0,4",
    ]);
    expect(text).toContain("2,1,nan,0.5,nan,4");
    expect([...parseCsv(text, "small").fields.get("loss")!]).toEqual(HEIGHTS);
  });

  test("of lossplot is read in any order, with gaps as NaN", () => {
    const field = parseCsv("exp_id,x,y,loss\na,1,0,5\na,0,0,4\na,0,1,6\n", "theirs");
    expect([...field.fields.get("loss")!]).toEqual([4, 5, 6, Number.NaN]);
  });

  test.each([
    ["x,z\n1,2", /must have columns x and loss: it has x, z/],
    ["x,loss\n1,two", /line 2 must have numbers: loss is two/],
    ["exp_id,x,loss\na,1,2\nb,1,3", /\(1\) is there twice; does it hold several experiments/],
  ])("refuses %j", (text, says) => {
    expect(() => parseCsv(text, "bad")).toThrow(says);
  });
});

describe("HDF5", () => {
  test("has tomgoldstein's names, accuracies in per cent, and comes back as it was", async () => {
    const bytes = await writeHdf5(heightField(small()));
    expect([...bytes.subarray(0, 8)]).toEqual([0x89, 0x48, 0x44, 0x46, 13, 10, 26, 10]); // HDF5's signature
    const field = await parseHdf5(bytes, "small");
    expect([[...field.x], [...field.y]]).toEqual([
      [0, 1, 2],
      [0, 1],
    ]);
    expect([...field.fields.get("loss")!]).toEqual(HEIGHTS);
    expect([...field.fields.get("accuracy")!]).toEqual([0, 0.25, 0.5, 0, 0.25, 0.5]);
    for (const name of ["xcoordinates", "ycoordinates", "train_loss", "train_acc"]) {
      expect(Buffer.from(bytes).includes(name)).toBe(true);
    }
  });

  test("reads what is [x, y], and -1 as not evaluated", async () => {
    const { default: h5wasm } = await import("h5wasm");
    const { FS } = await h5wasm.ready;
    const file = new h5wasm.File("theirs.h5", "w");
    file.create_dataset({ name: "xcoordinates", data: Float64Array.of(0, 1, 2), shape: [3], dtype: "<d" });
    file.create_dataset({ name: "ycoordinates", data: Float64Array.of(0, 1), shape: [2], dtype: "<d" });
    file.create_dataset({
      name: "test_loss",
      data: Float64Array.of(0, 10, 1, 11, 2, -1),
      shape: [3, 2],
      dtype: "<d",
    });
    file.close();
    const field = await parseHdf5(FS.readFile("theirs.h5") as Uint8Array, "theirs");
    expect([...field.fields.get("loss")!]).toEqual(HEIGHTS);
  });

  test("refuses what is no HDF5, and no surface", async () => {
    await expect(parseHdf5(Uint8Array.of(1, 2, 3), "odd.h5")).rejects.toThrow(/Cannot read odd\.h5 as HDF5/);
    const line: HeightField = {
      x: Float64Array.of(0, 1),
      y: new Float64Array(0),
      fields: new Map([["loss", Float64Array.of(5, 6)]]),
    };
    const back = await parseHdf5(await writeHdf5(line, { set: "test" }), "line");
    expect([...back.fields.get("loss")!]).toEqual([5, 6]);
  });
});

describe("meshes", () => {
  const field = heightField(small());

  test("VTK has each point, and the one cell whose corners are finite", () => {
    const vtp = writeVtp(field);
    expect(vtp).toContain('NumberOfPoints="6"');
    expect(vtp).toContain('NumberOfPolys="1"');
    expect(vtp).toContain("0 1 4 3"); // against the clock
    expect(vtp).toContain("averaged zvalue");
    expect(vtp).toContain("5.5"); // (0 + 1 + 10 + 11) / 4
  });

  test("STL has two triangles of 50 bytes, whose normals point up", () => {
    const bytes = Buffer.from(writeStl(field));
    expect(bytes.readUInt32LE(80)).toBe(2);
    expect(bytes.length).toBe(84 + 100);
    for (const k of [0, 1]) expect(bytes.readFloatLE(84 + 50 * k + 8)).toBeGreaterThan(0);
    // the first corner of the second triangle is (0, 0, lowest), its last (0, 1, 10/11 of a half)
    expect(bytes.readFloatLE(84 + 50 + 12 + 24 + 8)).toBeCloseTo(0.5 * (10 / 11), 6);
  });

  test("GLB is a whole glTF 2.0 file, its heights along y", () => {
    const bytes = Buffer.from(writeGlb(field));
    expect(bytes.toString("latin1", 0, 4)).toBe("glTF");
    expect([bytes.readUInt32LE(4), bytes.readUInt32LE(8)]).toEqual([2, bytes.length]);
    const length = bytes.readUInt32LE(12);
    const gltf = JSON.parse(bytes.toString("utf8", 20, 20 + length));
    expect(gltf.accessors.map(({ count }: { count: number }) => count)).toEqual([6, 6]);
    expect(gltf.accessors[0]).toMatchObject({ min: [0, 0, -1], max: [1, 0.5, 0] });
    expect(bytes.readUInt32LE(20 + length)).toBe(gltf.buffers[0].byteLength);
  });

  test("GLB, VTK and HDF5 say what they are of", async () => {
    const provenance = "digits-mlp -- 300 examples";
    const glb = Buffer.from(writeGlb(field, { provenance }));
    const gltf = JSON.parse(glb.toString("utf8", 20, 20 + glb.readUInt32LE(12)));
    expect(gltf.asset.extras).toEqual({ provenance });
    // a comment of XML may not have two hyphens in a row
    expect(writeVtp(field, { provenance })).toMatch(/\n<!-- (?:(?!--).)*300 examples -->\n<VTKFile/);
    const { default: h5wasm } = await import("h5wasm");
    const { FS } = await h5wasm.ready;
    FS.writeFile("said.h5", await writeHdf5(field, { provenance }));
    const file = new h5wasm.File("said.h5", "r");
    expect(file.attrs.provenance!.value).toBe(provenance);
    file.close();
  });

  test("need a plane, and a finite height", () => {
    const line: HeightField = {
      x: field.x,
      y: new Float64Array(0),
      fields: new Map([["loss", new Float64Array(3)]]),
    };
    expect(() => writeStl(line)).toThrow(/needs a plane: this is a line of 3 points/);
    expect(() =>
      writeGlb({ ...field, fields: new Map([["loss", new Float64Array(6).fill(Number.NaN)]]) }),
    ).toThrow(/some height of loss must be finite/);
    expect(() => writeStl(field, { field: "depth" })).toThrow(
      /Cannot find depth in the landscape as it has loss, accuracy/,
    );
  });
});
