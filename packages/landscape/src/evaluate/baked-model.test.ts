import { Graph, matmul, mul } from "@thalweg/graph";
import { BoundSession } from "@thalweg/train";
import { expect, test } from "vitest";
import { bakedModel, markersOf } from "./baked-model.ts";

const sizes = new Map([
  ["w", 6],
  ["s", 1],
]);

test("bakedModel() computes with the values that are written into it, by hand: [1, 2, 3] W · 10", async () => {
  const markers = markersOf(sizes);
  const graph = new Graph();
  const x = graph.input("x", [1, 3], "float32");
  const y = mul(matmul(x, graph.constant(markers.get("w")!, [3, 2])), graph.constant(markers.get("s")!, [1]));
  const model = bakedModel({ y }, markers)!;
  const read = Float32Array.of(1, 2, 3);
  const written = new Float32Array(2);
  for (const scale of [10, 100]) {
    model.write(
      new Map([
        ["w", Float32Array.of(1, 0, 0, 1, 1, 1)],
        ["s", Float32Array.of(scale)],
      ]),
    );
    const session = await BoundSession.once(model.bytes, {
      outputs: { y },
      reads: new Map([["x", read]]),
      writes: new Map([["y", written]]),
    });
    await session.run();
    await session.release({ reusable: false });
    expect([...written]).toEqual([4 * scale, 5 * scale]); // 1 + 3, 2 + 3
  }
});

test("bakedModel() is undefined where a constant is not in the model as it was", () => {
  const markers = markersOf(sizes);
  const graph = new Graph();
  const y = mul(graph.input("x", [1], "float32"), graph.constant(markers.get("s")!, [1]));
  expect(bakedModel({ y }, markers)).toBeUndefined();
});
