/** Entry of the watchdog's thread: teaches the thread TypeScript, then starts the watchdog itself. */
import { register } from "tsx/esm/api";

register();
await import("./watchdog-thread.ts");
