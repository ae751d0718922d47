/**
 * A user's TypeScript or JavaScript file as an ES module, wherever it lies. In a folder without a package.json that says `"type": "module"`,
 * Node takes it for CommonJS and then refuses what it imports ("cannot require() ES Module in a cycle"), or gives it other copies of our
 * packages. A loader's hook marks the file, and those that it imports by relative paths, as what they are.
 */
import { register } from "node:module";
import { pathToFileURL } from "node:url";

const MARK = "thalweg-task";

/** Runs in the loader's own thread, so it is text. Files of node_modules keep what their package says. */
const HOOK = `
const MARK = ${JSON.stringify(MARK)};
export async function resolve(specifier, context, next) {
  const found = await next(specifier, context);
  const isAsked = specifier.includes(MARK);
  const isBeside = context.parentURL?.includes(MARK) && /^\\.{1,2}\\//.test(specifier) && /\\.[mc]?[jt]s$/.test(found.url);
  if (isBeside) return { ...found, url: found.url + "?" + MARK, format: "module" };
  return isAsked ? { ...found, format: "module" } : found;
}`;

let isRegistered = false;

/** Its exports. Rejects with what the file throws, or its loading. */
export function importModule(path: string): Promise<Record<string, unknown>> {
  if (!isRegistered) register(`data:text/javascript,${encodeURIComponent(HOOK)}`);
  isRegistered = true;
  return import(`${pathToFileURL(path).href}?${MARK}`);
}
