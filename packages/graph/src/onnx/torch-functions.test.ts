/** PyTorch's functions and layers as it exports them: values and gradients by the reference equal PyTorch's in float64. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { evaluate } from "../evaluate.ts";
import { gradients } from "../gradients.ts";
import { mul, reduceSum } from "../ops/index.ts";
import { expectClose } from "../testing/check-operators.ts";
import { readOnnx } from "./model.ts";

interface Recorded {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

interface Exported {
  readonly name: string;
  /** The ONNX file in base64. */
  readonly model: string;
  readonly x: Recorded;
  readonly y: Recorded;
  /** Of Σ cos(k) yₖ, for x and for the parameters by their names. */
  readonly gradients: Readonly<Record<string, Recorded>>;
}

const functions = JSON.parse(
  readFileSync(new URL("../../fixtures/torch-functions.json", import.meta.url), "utf8"),
) as Exported[];

/** Attributes and constants in the files are float32; what was recorded has nine digits. */
const ROUNDING = 3e-7;

describe("functions that PyTorch exports", () => {
  for (const { name, model, x, y, gradients: slopes } of functions) {
    test(name, () => {
      const file = readOnnx(Buffer.from(model, "base64"));
      const { graph, inputs, parameters, buffers, outputs } = file.build();
      const stored = [...parameters, ...buffers].map(([key]) => [key, file.initializers.get(key)!.data]);
      const output = outputs.get("y")!;
      const weights = Float64Array.from({ length: output.size }, (_, k) => Math.cos(k));
      const loss = reduceSum(mul(output, graph.constant(weights, output.shape)));
      const wanted = Object.entries(slopes).filter(([key]) => key === "x" || parameters.has(key));
      const at = wanted.map(([key]) => inputs.get(key) ?? parameters.get(key)!);
      const [value, ...found] = evaluate([output, ...gradients(loss, at)], {
        ...Object.fromEntries(stored),
        x: x.data,
      });
      expect(output.shape).toEqual(y.shape);
      expectClose(value!, y.data, ROUNDING, "y");
      for (const [k, [key, { data }]] of wanted.entries())
        expectClose(found[k]!, data, ROUNDING, `gradient of ${key}`);
      expect(wanted.length, "parameters that keep their names").toBe(Object.keys(slopes).length);
    });
  }
});
