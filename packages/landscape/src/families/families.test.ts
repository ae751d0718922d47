import { describe, expect, test } from "vitest";
import { principalDirections } from "../directions/principal.ts";
import { affineFamily, pointOf, squaredNorm, writePoint } from "./affine.ts";
import { lineBetween, planeThrough, rangeOf } from "./models.ts";

const vector = (...values: number[]) => Float32Array.from(values);
const plane = { origin: vector(1, 2, 3), basis: [vector(1, 0, 1), vector(0, 2, 0)], labels: ["u", "v"] };

describe("affineFamily", () => {
  test("has the points θ₀ + Σ c_k v_k, by hand, in one, two and three dimensions", () => {
    expect([...pointOf(plane, [0.5, -1])]).toEqual([1.5, 0, 3.5]);
    expect([...pointOf({ ...plane, basis: [plane.basis[0]!] }, [2])]).toEqual([3, 2, 5]);
    expect([...pointOf({ ...plane, basis: [...plane.basis, vector(0, 0, 1)] }, [1, 1, 10])]).toEqual([
      2, 4, 14,
    ]);
  });

  test("writes only the parts that are asked for", () => {
    const out = vector(9, 9, 9);
    writePoint(plane, [1, 1], out, [[1, 2]]);
    expect([...out]).toEqual([9, 4, 9]);
  });

  test("gives ‖θ(c)‖² without a point", () => {
    const at = squaredNorm(plane);
    for (const c of [
      [0, 0],
      [0.5, -1],
      [3, 7],
    ]) {
      expect(at(c)).toBeCloseTo(
        pointOf(plane, c).reduce((sum, value) => sum + value * value, 0),
        4,
      );
    }
  });

  test.each([
    [
      { basis: [vector(1, 0)], labels: ["u"] },
      /direction u must have as many numbers as the origin, 3: found 2/,
    ],
    [{ basis: [vector(0, 0, 0)], labels: ["u"] }, /direction u must have a length: it is 0/],
    [{ basis: [vector(Number.NaN, 0, 0)], labels: ["u"] }, /direction u must have a length: it is NaN/],
    [
      { basis: [vector(1, 2, 3), vector(-2, -4, -6)] },
      /v must leave the span of u: its share outside is 0\.0e\+0, so they are parallel/,
    ],
    [{ basis: [], labels: [] }, /needs directions, and a label for each: found 0 and 0/],
  ])("refuses directions that span no family, case %#", (wrong, says) => {
    expect(() => affineFamily({ ...plane, ...wrong })).toThrow(says);
  });
});

describe("lineBetween", () => {
  test("has the models and their buffers at 0 and 1", () => {
    const a = { name: "a", parameters: vector(1, 2), buffers: vector(4) };
    const b = { name: "b", parameters: vector(3, 0), buffers: vector(8) };
    const { family, markers } = lineBetween(a, b);
    expect([...pointOf(family, [1])]).toEqual([3, 0]);
    expect([...pointOf(family, [0.25])]).toEqual([1.5, 1.5]);
    expect([...family.buffers!.basis![0]!]).toEqual([4]);
    expect(markers.map(({ name, coordinates }) => [name, ...coordinates])).toEqual([
      ["a", 0],
      ["b", 1],
    ]);
    expect(() => lineBetween(a, { name: "c", parameters: vector(1) })).toThrow(
      /from a to c as both must be the same model: they have 2 and 1 parameters, 1 and 0 buffers/,
    );
    expect(() => lineBetween(a, a)).toThrow(/must have a length: it is 0.*are the two models the same/);
  });
});

describe("planeThrough", () => {
  // a at the origin, b at (3, 0, 0), c at (1, 4, 0): û = e₁, v̂ = e₂
  const model = (name: string, buffer: number, ...values: number[]) => ({
    name,
    parameters: vector(...values),
    buffers: vector(buffer),
  });
  const { family, markers } = planeThrough(
    model("a", 1, 0, 0, 0),
    model("b", 7, 3, 0, 0),
    model("c", 5, 1, 4, 0),
  );

  test("has unit axes at right angles, and each model and its buffers at its marker", () => {
    expect(family.basis.map((direction) => [...direction])).toEqual([
      [1, 0, 0],
      [0, 1, 0],
    ]);
    expect(markers.map(({ coordinates }) => [...coordinates])).toEqual([
      [0, 0],
      [3, 0],
      [1, 4],
    ]);
    const buffers = { origin: family.buffers!.origin, basis: family.buffers!.basis! };
    const out = vector(0);
    const found = markers.map(({ coordinates }) => {
      writePoint(buffers, coordinates, out);
      return out[0];
    });
    expect(found).toEqual([1, 7, 5]);
  });

  test("rangeOf holds the markers with a margin of a fifth", () => {
    expect(rangeOf(markers, 0)).toEqual([-0.6000000000000001, 3.6]);
  });

  test("refuses three models on a line", () => {
    expect(() =>
      planeThrough(model("a", 0, 0, 0, 0), model("b", 0, 1, 1, 1), model("c", 0, 2, 2, 2)),
    ).toThrow(/parallel/);
  });
});

describe("principalDirections", () => {
  // three points on a line and one off it: by hand, about the mean (1, 0, 0.25)
  const points = [vector(0, 0, 0), vector(1, 0, 0), vector(2, 0, 0), vector(1, 0, 1)];

  test("finds the directions, shares and coordinates of numpy's singular value decomposition", () => {
    // rows about the mean: (±1, 0, −¼), (0, 0, −¼), (0, 0, ¾): columns are uncorrelated, with sums of squares 2, 0, ¾
    const { directions, explained, coordinates, centre } = principalDirections(points, { count: 2 });
    expect([...centre]).toEqual([1, 0, 0.25]);
    expect(
      directions.map((direction) =>
        [...direction].map(Math.abs).map((value) => Math.round(value * 1e6) / 1e6),
      ),
    ).toEqual([
      [1, 0, 0],
      [0, 0, 1],
    ]);
    expect(explained[0]).toBeCloseTo(2 / 2.75, 10);
    expect(explained[1]).toBeCloseTo(0.75 / 2.75, 10);
    expect(coordinates[0]!.every((value) => value <= 0)).toBe(true);
    for (const [t, c] of coordinates.entries()) {
      const back = pointOf({ origin: centre, basis: directions }, c);
      back.forEach((value, i) => {
        expect(value).toBeCloseTo(points[t]![i]!, 6);
      });
    }
  });

  test("about the final point has it at the origin", () => {
    const { coordinates } = principalDirections(points, { count: 2, centre: "final" });
    expect(coordinates.at(-1)!.map(Math.abs)).toEqual([0, 0]);
  });

  test("refuses more directions than the points span", () => {
    expect(() => principalDirections(points.slice(0, 3), { count: 2 })).toThrow(
      /2 principal directions as the 3 points must span as many: they span 1/,
    );
    expect(() => principalDirections([vector(1), vector(1, 2)], { count: 1 })).toThrow(
      /they have 1 and 2 parameters/,
    );
  });
});
