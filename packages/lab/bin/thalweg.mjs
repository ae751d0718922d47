#!/usr/bin/env node
// The sources are TypeScript and run as they are: tsx strips their types while they load.
import { register } from "tsx/esm/api";

register();
const { run } = await import("../src/cli/main.ts");
process.exitCode = await run(process.argv.slice(2));
