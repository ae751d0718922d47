/**
 * The line of a user's program that is being executed: the innermost stack frame that lies outside this library, Node and
 * installed packages. Errors of a layer name it, as their own stack begins deep inside the graph and is cut off at ten frames. In a page,
 * where programs are bundles, there is none.
 */

/** Source folders through which a call on its way from the user's model to an operator passes. */
const OURS = ["graph", "nn", "train"].map((name) =>
  pathOf(new URL(`../../${name}/src/`, import.meta.url).href),
);

/** Of a file's address, also where a drive's letter comes first; without Node's own function, as pages use this package too. */
function pathOf(url: string): string {
  return decodeURIComponent(new URL(url).pathname).replace(/^\/(?=[A-Za-z]:)/, "");
}

/**
 * `/home/me/model.ts:12:20`, or undefined when the whole stack is the library's. An error that was just caught is asked first:
 * its frames reach further in than those of the place that caught it.
 */
export function callSite(caught: Error): string | undefined {
  const frames = [caught.stack ?? "", wholeStack()].flatMap((stack) => stack.split("\n").map(placeOf));
  return frames.find((place) => place !== undefined && isUsers(place));
}

function wholeStack(): string {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = Number.POSITIVE_INFINITY;
  const { stack = "" } = new Error();
  Error.stackTraceLimit = limit;
  return stack;
}

/** `at forward (file:///home/me/model.ts:12:20)` → `/home/me/model.ts:12:20`. */
function placeOf(frame: string): string | undefined {
  const place = /(?:\(|at (?:async )?)([^()]+:\d+:\d+)\)?$/.exec(frame.trim())?.[1];
  const [, url, position] = /^(file:.*?)(:\d+:\d+)$/.exec(place ?? "") ?? [];
  if (place?.startsWith("http")) return undefined;
  return url === undefined ? place : pathOf(url.replace(/\?.*/, "")) + position;
}

const isUsers = (place: string): boolean =>
  !place.startsWith("node:") &&
  !/[\\/]node_modules[\\/]/.test(place) &&
  !OURS.some((folder) => place.startsWith(folder) && !/\.test\.ts:/.test(place));
