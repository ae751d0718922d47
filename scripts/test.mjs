/** `npm test`: every test there is. Options go to vitest: `npm test -- packages/formula`. */
import { installIfNeeded, root, run } from "./install-if-needed.mjs";
import { installMpiIfPossible } from "./install-mpi-if-possible.mjs";

installIfNeeded();
const words = process.argv.slice(2);
const filters = words.filter((word) => !word.startsWith("-"));
if (filters.length === 0 || filters.some((word) => word.includes("mpi"))) installMpiIfPossible();
run(process.execPath, [`${root}/node_modules/vitest/vitest.mjs`, "run", ...words]);
