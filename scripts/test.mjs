/** `npm test`: every test there is. Options go to vitest: `npm test -- packages/formula`. */
import { installIfNeeded, root, run } from "./install-if-needed.mjs";

installIfNeeded();
run(process.execPath, [`${root}/node_modules/vitest/vitest.mjs`, "run", ...process.argv.slice(2)]);
