import { describe, expect, test } from "vitest";
import { Broadcast } from "./broadcast.ts";

describe("Broadcast", () => {
  test("a listener that does not listen costs a few events, and learns that it missed some", async () => {
    const broadcast = new Broadcast<{ type: "tick"; n: number }>();
    const leave = new AbortController();
    const events = broadcast.listen(leave.signal);
    const first = events.next();
    for (let n = 0; n < 1_000; n++) broadcast.send({ type: "tick", n });
    expect((await first).value).toEqual({ type: "tick", n: 0 });
    const got: unknown[] = [];
    for (;;) {
      const { value } = await events.next();
      got.push(value);
      if (value.type === "missed") break;
    }
    expect(got.length).toBeLessThan(40);
    broadcast.send({ type: "tick", n: 1_000 });
    expect((await events.next()).value).toEqual({ type: "tick", n: 1_000 });
    leave.abort();
    expect((await events.next()).done).toBe(true);
  });

  test("says when the first comes and when the last has gone", async () => {
    const said: string[] = [];
    const broadcast = new Broadcast({ onFirst: () => said.push("first"), onLast: () => said.push("last") });
    const [a, b] = [new AbortController(), new AbortController()];
    const waits = [broadcast.listen(a.signal).next(), broadcast.listen(b.signal).next()];
    a.abort();
    await waits[0];
    expect(said).toEqual(["first"]);
    b.abort();
    await waits[1];
    expect(said).toEqual(["first", "last"]);
  });
});
