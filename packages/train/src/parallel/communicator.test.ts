import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { alone, exchange, partBounds } from "./communicator.ts";
import { findLaunch } from "./launcher.ts";
import { together } from "./testing/together.ts";

describe("partBounds()", () => {
  test("gives the first parts one element more where they cannot be equal", () => {
    expect(partBounds(10, 4)).toEqual([0, 3, 6, 8, 10]);
    expect(partBounds(2, 3)).toEqual([0, 1, 2, 2]);
  });

  test("covers all elements in parts that differ by one at most", () => {
    fc.assert(
      fc.property(fc.nat(10_000), fc.integer({ min: 1, max: 64 }), (n, parts) => {
        const bounds = partBounds(n, parts);
        const sizes = bounds.slice(1).map((end, i) => end - bounds[i]!);
        expect([bounds[0], bounds[parts]]).toEqual([0, n]);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe("exchange()", () => {
  test("gives every rank what each has to tell, of any length and in any script", async () => {
    const values = [{ host: "α", list: [1, 2.5] }, { host: "" }, { host: "a long name ".repeat(20) }];
    const told = await Promise.all(together(3).map((one) => exchange(one, values[one.rank])));
    expect(told).toEqual([values, values, values]);
    expect(await exchange(alone, "by myself")).toEqual(["by myself"]);
  });
});

describe("findLaunch()", () => {
  test("finds nothing where nobody launched the process, nor in a shell or batch script of SLURM's", () => {
    expect(findLaunch({})).toBeUndefined();
    expect(findLaunch({ SLURM_STEP_NUM_TASKS: "1", SLURM_PROCID: "0" })).toBeUndefined();
  });

  test("knows the launcher by its variables, and by it which library comes first", () => {
    const openMpi = { OMPI_COMM_WORLD_SIZE: "4", OMPI_COMM_WORLD_RANK: "3" };
    expect(findLaunch(openMpi)).toMatchObject({ name: "mpirun of Open MPI", rank: 3, size: 4 });
    expect(findLaunch(openMpi)!.libraries[0]).toBe("libmpi.so.40");
    expect(findLaunch({ PMI_SIZE: "2", PMI_RANK: "0" })!.libraries[0]).toBe("libmpich.so.12");
    const slurm = { SLURM_STEP_NUM_TASKS: "8", SLURM_PROCID: "5" };
    expect(findLaunch(slurm)).toMatchObject({ name: "srun", rank: 5, size: 8 });
    expect(findLaunch({ ...slurm, ...openMpi })).toMatchObject({ rank: 3, size: 4 }); // mpirun in a SLURM job
  });

  test("takes the library that MPI_LIB names, and no other", () => {
    const launch = findLaunch({ PMI_SIZE: "2", PMI_RANK: "1", MPI_LIB: "/opt/mpi/libmpi.so" });
    expect(launch!.libraries).toEqual(["/opt/mpi/libmpi.so"]);
  });

  test("refuses variables that are no counts", () => {
    expect(() => findLaunch({ PMI_SIZE: "two", PMI_RANK: "0" })).toThrow(
      'Cannot join the other ranks as the launcher\'s variable PMI_SIZE must be a whole number: current value is "two"',
    );
    expect(() => findLaunch({ PMI_SIZE: "", PMI_RANK: "0" })).toThrow(RangeError);
  });
});
