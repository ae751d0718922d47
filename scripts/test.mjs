/** `npm test`: every test there is. Options go to vitest: `npm test -- packages/formula`. */
import { installBrowserIfPossible } from "./install-browser-if-possible.mjs";
import { installIfNeeded, root, run } from "./install-if-needed.mjs";
import { installPackagesIfPossible } from "./install-packages-if-possible.mjs";

/** Groups of tests that need more than Node and npm's packages, by vitest's names for them. */
const SETUPS = {
  mpi: () => installPackagesIfPossible("mpi"),
  slurm: () => installPackagesIfPossible("slurm"),
  browser: installBrowserIfPossible,
};

installIfNeeded();
const words = process.argv.slice(2);
const chosen = words.filter((word) => !word.startsWith("-") || word.startsWith("--project="));
for (const [name, setUp] of Object.entries(SETUPS)) {
  if (chosen.length === 0 || chosen.some((word) => word.includes(name))) setUp();
}
run(process.execPath, [`${root}/node_modules/vitest/vitest.mjs`, "run", ...words]);
