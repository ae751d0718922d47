import { Graph, mul } from "@thalweg/graph";
import { expect, test } from "vitest";
import { BoundSession } from "./session.ts";

test("BoundSession.run() leaves no copies of its outputs behind", async () => {
  const x = new Graph().input("x", [512, 512]); // 1 MiB
  const [from, to] = [new Float32Array(x.size).fill(3), new Float32Array(x.size)];
  const session = await BoundSession.create({
    outputs: { y: mul(x, 2) },
    reads: new Map([["x", from]]),
    writes: new Map([["y", to]]),
  });
  await session.run();
  const before = process.memoryUsage().arrayBuffers;
  for (let k = 0; k < 40; k++) {
    from.fill(k);
    await session.run();
    expect(to.at(-1)).toBe(2 * k);
  }
  await session.release();
  // 40 MiB wait for the garbage collector otherwise, which begins to look at 64
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * 2 ** 20);
});
