import { add, Graph, mul } from "@thalweg/graph";
import { describe, expect, it } from "vitest";
import { BoundSession } from "./session.ts";
import { idleSessions } from "./session-pool.ts";

/** y = factor · x + x on memory of its own. */
async function scaled(factor: number) {
  const x = new Graph().input("x", [3]);
  const [input, output] = [new Float32Array(3), new Float32Array(3)];
  const session = await BoundSession.create({
    outputs: { y: add(mul(x, factor), x) },
    reads: new Map([["x", input]]),
    writes: new Map([["y", output]]),
  });
  return { session, input, output };
}

describe("BoundSession", () => {
  it("takes a prepared model that was released, and runs it on its own memory", async () => {
    const first = await scaled(41);
    first.input.set([1, 2, 3]);
    await first.session.run();
    expect([...first.output]).toEqual([42, 84, 126]);
    const before = idleSessions();
    await first.session.release();
    expect(idleSessions()).toBe(before + 1);

    const second = await scaled(41);
    expect(idleSessions()).toBe(before); // the same model was taken
    second.input.set([0, 1, 0]);
    await second.session.run();
    expect([...second.output]).toEqual([0, 42, 0]);
    expect([...first.output]).toEqual([42, 84, 126]);

    const other = await scaled(9); // another model is another session
    other.input.set([1, 1, 1]);
    await other.session.run();
    expect([...other.output]).toEqual([10, 10, 10]);
    await second.session.release();
    await other.session.release();
    expect(idleSessions()).toBe(before + 2);
  });

  it("does not run after its release, and is released once", async () => {
    const { session } = await scaled(7);
    const before = idleSessions();
    await session.release();
    await session.release();
    expect(idleSessions()).toBe(before + 1);
    await expect(session.run()).rejects.toThrow("Cannot run a session as it was released: create another");
  });

  it("keeps at most sixteen models that nobody uses", async () => {
    const sessions = [];
    for (let factor = 100; factor < 120; factor++) sessions.push((await scaled(factor)).session);
    for (const session of sessions) await session.release();
    expect(idleSessions()).toBe(16);
  });
});
