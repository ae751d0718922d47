/**
 * `npm start`: the main job. Compares six optimizers on MNIST, then shows the result in the pages on 127.0.0.1.
 * `npm start -- --once` ends after the report; `--port` is for the pages, other options go to `thalweg compare`.
 */
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { installIfNeeded, root, run } from "./install-if-needed.mjs";

installIfNeeded();
const words = process.argv.slice(2);
const { values } = parseArgs({
  args: words,
  strict: false,
  options: { once: { type: "boolean" }, port: { type: "string" }, out: { type: "string" } },
});
const { once = false, port = "7878", out = "runs/compare-mnist-mlp" } = values;
const isOurs = (word, i) => word === "--once" || /^--port(=|$)/.test(word) || words[i - 1] === "--port";
const thalweg = `${root}/packages/lab/bin/thalweg.mjs`;
run(process.execPath, [
  thalweg,
  "compare",
  "mnist-mlp",
  "--rules=sgd,momentum,nesterov,rmsprop,adamw,lion",
  "--seeds=10",
  ...words.filter((word, i) => !isOurs(word, i)),
]);
if (!once)
  run(process.execPath, [thalweg, "lab", `--folder=${dirname(out)}`, `--show=${out}`, `--port=${port}`]);
