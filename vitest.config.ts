import { defineConfig } from "vitest/config";

/**
 * Groups, apart by what they need: `unit` runs in seconds, `slow` trains real networks, `mpi` starts several processes by an mpirun, `slurm`
 * a scheduler of its own, `browser` the pages in Chromium; the last three say so where there is none.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["packages/*/{src,laws}/**/*.test.ts"],
          exclude: [
            "**/*.slow.test.ts",
            "**/*.mpi.test.ts",
            "**/*.slurm.test.ts",
            "**/*.browser.test.ts",
            "**/node_modules/**",
          ],
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
      {
        test: {
          name: "slurm",
          include: ["packages/*/src/**/*.slurm.test.ts"],
          testTimeout: 900_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: "browser",
          include: ["packages/web/**/*.browser.test.ts"],
          exclude: ["**/node_modules/**", "**/dist/**"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
    maxWorkers: 2,
  },
});
