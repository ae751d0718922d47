/**
 * For tests: ranks that live in one process. A collective waits until every rank has called it, adds up in the order of the ranks, and
 * refuses calls that do not belong together; so what MPI would answer with a hang is an error here.
 */
import type { Communicator, Reducible } from "../communicator.ts";

interface Call {
  readonly name: string;
  readonly values: (Reducible | undefined)[];
  arrived: number;
  readonly done: Promise<void>;
  finish(): void;
}

/** So many communicators, for as many tasks that run side by side. */
export function together(size: number): Communicator[] {
  let open: Call | undefined;
  /** What the last `gather` brought together. */
  let gathered = new Float32Array(0);
  const meet = async (
    rank: number,
    name: string,
    values: Reducible | undefined,
    work: (all: Reducible[]) => void,
  ): Promise<void> => {
    open ??= begin(name, size);
    const call = open;
    if (call.name !== name) throw new Error(`rank ${rank} called ${name} while others called ${call.name}`);
    call.values[rank] = values;
    call.arrived++;
    if (call.arrived === size) {
      open = undefined;
      work(call.values as Reducible[]);
      call.finish();
    }
    await call.done;
  };
  return Array.from(
    { length: size },
    (_, rank): Communicator => ({
      rank,
      size,
      engine: "tasks of one process",
      allReduce: (values, operation) =>
        meet(rank, `allReduce ${operation} of ${values.length}`, values, (all) => {
          const result = values.map((_, i) => {
            const column = all.map((one) => one[i]!);
            if (operation === "max") return Math.max(...column);
            return column.reduce((sum, x) =>
              values instanceof Float32Array ? Math.fround(sum + x) : sum + x,
            );
          });
          for (const one of all) one.set(result);
        }),
      allGather: (values, bounds) =>
        meet(rank, `allGather at ${bounds}`, values, (all) => {
          const result = values.slice();
          all.forEach((one, r) => {
            result.set(one.subarray(bounds[r], bounds[r + 1]), bounds[r]);
          });
          for (const one of all) one.set(result);
        }),
      gather: async (values, counts) => {
        await meet(rank, `gather ${counts}`, values, (all) => {
          gathered = Float32Array.from(all.flatMap((one) => [...one]));
        });
        return rank === 0 ? gathered : undefined;
      },
      broadcast: (values) =>
        meet(rank, `broadcast of ${values.length}`, values, (all) => {
          for (const one of all) one.set(all[0]!);
        }),
      barrier: () => meet(rank, "barrier", undefined, () => {}),
      meet: async () => {
        await meet(rank, "meet", undefined, () => {});
        return true;
      },
      abort: (exitCode) => {
        throw new Error(`rank ${rank} aborted with ${exitCode}`);
      },
      leave: async () => {},
    }),
  );
}

function begin(name: string, size: number): Call {
  let finish = () => {};
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  return { name, values: new Array(size), arrived: 0, done, finish };
}
