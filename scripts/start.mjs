/**
 * `npm start`: the main job. Compares six optimizers on MNIST, then shows the report on 127.0.0.1.
 * `npm start -- --once` ends after the report; other options go to `thalweg compare`.
 */
import { installIfNeeded, root, run } from "./install-if-needed.mjs";

installIfNeeded();
const options = process.argv.slice(2);
const once = options.includes("--once");
run(process.execPath, [
  `${root}/packages/lab/bin/thalweg.mjs`,
  "compare",
  "mnist-mlp",
  "--rules=sgd,momentum,nesterov,rmsprop,adamw,lion",
  "--seeds=10",
  ...(once ? [] : ["--serve"]),
  ...options.filter((option) => option !== "--once"),
]);
