#!/usr/bin/env node
// The sources are TypeScript and run as they are: tsx strips their types while they load.
// A scheduler's warning may come while they load: it is kept for the work that will listen to it.
const warned = new AbortController();
process.on("SIGUSR1", () => warned.abort());
const { register } = await import("tsx/esm/api");
register();
const { run } = await import("../src/cli/main.ts");
process.exitCode = await run(process.argv.slice(2), warned.signal);
