/** Entry of a worker thread: teaches the thread TypeScript, then starts the worker itself. */
import { register } from "tsx/esm/api";

register();
await import("./studies-worker.ts");
