/** One rank of a test: every collective, on every kind of numbers, checked against what arithmetic says. */
import assert from "node:assert/strict";
import { register } from "tsx/esm/api";

register();
const { exchange, joinRanks, partBounds } = await import("../index.ts");

const communicator = joinRanks();
const { rank, size } = communicator;
const total = (size * (size + 1)) / 2; // 1 + 2 + … + size

// for 3 elements nobody waits, for 100 000 the ranks gather first
for (const n of [1, 3, 100_000]) {
  for (const Numbers of [Float32Array, Float64Array, Int32Array]) {
    const values = Numbers.from({ length: n }, (_, i) => (rank + 1) * ((i % 7) + 1));
    await communicator.allReduce(values, "sum");
    assert.ok(values.every((value, i) => value === total * ((i % 7) + 1)));
    values.fill(rank);
    await communicator.allReduce(values, "max");
    assert.ok(values.every((value) => value === size - 1));
    values.fill(rank === 0 ? 42 : -1);
    await communicator.broadcast(values);
    assert.ok(values.every((value) => value === 42));
    const bounds = partBounds(n, size);
    values.fill(-1).fill(rank, bounds[rank], bounds[rank + 1]);
    await communicator.allGather(values, bounds);
    assert.ok(values.every((value, i) => bounds[value] <= i && i < bounds[value + 1]));
  }
}

// where the parameters lie: a part of a WebAssembly memory
const { buffer } = new WebAssembly.Memory({ initial: 10 });
const inside = new Float32Array(buffer, 1024, 5000).fill(1);
await communicator.allReduce(inside, "sum");
assert.ok(inside.every((value) => value === size));
assert.equal(new Float32Array(buffer, 1020, 1)[0], 0);

const counts = Array.from({ length: size }, (_, r) => 2000 * (r + 1));
const all = await communicator.gather(new Float32Array(counts[rank]).fill(rank), counts);
assert.equal(all?.length, rank === 0 ? 1000 * size * (size + 1) : undefined);
assert.ok(
  all === undefined || counts.every((count, r) => all.filter((value) => value === r).length === count),
);

assert.deepEqual(
  await exchange(communicator, { rank }),
  counts.map((_, r) => ({ rank: r })),
);

// the event loop turns while a rank waits for a late one
let turns = 0;
const clock = setInterval(() => turns++, 1);
await communicator.barrier();
if (rank === 0) await new Promise((done) => setTimeout(done, 200));
await communicator.allReduce(new Float32Array(5000), "sum");
clearInterval(clock);
assert.ok(turns > 5, `the event loop turned ${turns} times in 200 ms`);

assert.equal(await communicator.meet(10_000), true);
if (rank === 0) console.log(`all is well on ${size} ranks`);
await communicator.leave();
