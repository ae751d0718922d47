/** Counter-based random streams: `stream(seed, purpose, ...index)` is a pure function of its arguments. */
export { philox } from "./philox.ts";
export { RandomState } from "./random-state.ts";
export { Stream, stream } from "./stream.ts";
