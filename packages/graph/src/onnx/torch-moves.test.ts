/**
 * Functions of PyTorch that move, window and index, as its exporter writes them: read, differentiated, and held to PyTorch's own
 * outputs and gradients, in the float64 reference and in ONNX Runtime.
 */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { evaluate } from "../evaluate.ts";
import { gradients } from "../gradients.ts";
import { mul, reduceSum } from "../ops/index.ts";
import { expectClose } from "../testing/check-operators.ts";
import { runOnnx } from "../testing/onnx-runtime.ts";
import { readOnnx } from "./model.ts";

interface Recorded {
  readonly name: string;
  /** The ONNX file in base64. */
  readonly model: string;
  readonly x: readonly number[];
  readonly shape: readonly number[];
  readonly y: readonly number[];
  /** Of Σ y · weights, the weights going evenly from ½ to 1½. */
  readonly gradients: Readonly<Record<string, readonly number[]>>;
}

const cases = JSON.parse(
  readFileSync(new URL("../../fixtures/torch-moves.json", import.meta.url), "utf8"),
) as Recorded[];

/** PyTorch's ten digits; Resize takes places in float32, as ONNX Runtime does, where PyTorch in double does not. */
const EXACT = 1e-6;
const FLOAT32 = 1e-5;

describe("functions exported by PyTorch", () => {
  for (const one of cases) {
    test(one.name, async () => {
      const file = readOnnx(Buffer.from(one.model, "base64"));
      const built = file.build();
      const [x, y] = [built.inputs.get("x")!, built.outputs.get("y")!];
      expect(y.shape).toEqual(one.shape);

      const weights = one.y.map((_, i) => (one.y.length === 1 ? 0.5 : 0.5 + i / (one.y.length - 1)));
      const loss = reduceSum(mul(y, built.graph.constant(weights, y.shape)));
      const names = Object.keys(one.gradients);
      const wrt = names.map((name) => (name === "x" ? x : built.parameters.get(name)!));
      const outputs = [y, ...gradients(loss, wrt)];
      const wanted = [one.y, ...names.map((name) => one.gradients[name]!)];

      const inputs = [x, ...built.parameters.values()];
      const feeds = Object.fromEntries(
        inputs.map(({ name }) => [name, name === "x" ? one.x : [...file.initializers.get(name)!.data]]),
      );
      const slow = evaluate(outputs, feeds);
      const fast = await runOnnx(inputs, outputs, feeds);
      for (const [k, values] of wanted.entries()) {
        const what = k === 0 ? "y" : `gradient of ${names[k - 1]}`;
        expectClose(slow[k]!, values, EXACT, what);
        expectClose(fast[k]!, values, FLOAT32, what);
      }
    });
  }
});
