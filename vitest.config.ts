import { defineConfig } from "vitest/config";

/**
 * Three groups, apart by what they need: `unit` runs in seconds, `slow` trains real networks, `mpi` starts several processes by an
 * mpirun, and says so where there is none.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["packages/*/{src,laws}/**/*.test.ts"],
          exclude: ["**/*.slow.test.ts", "**/*.mpi.test.ts", "**/node_modules/**"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "slow",
          include: ["packages/*/{src,laws}/**/*.slow.test.ts"],
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
      {
        test: {
          name: "mpi",
          include: ["packages/*/src/**/*.mpi.test.ts"],
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
    ],
    maxWorkers: 2,
  },
});
