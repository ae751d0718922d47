/** ONNX's own test cases of single nodes: read, built, and evaluated by the reference, against the outputs that they give. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { evaluate } from "../evaluate.ts";
import { expectClose } from "../testing/check-operators.ts";
import { readOnnx } from "./model.ts";

interface Recorded {
  readonly shape: readonly number[];
  /** Numbers; those that JSON does not have are strings. */
  readonly data: readonly (number | string)[];
}

interface NodeTest {
  readonly name: string;
  /** The ONNX file in base64. */
  readonly model: string;
  readonly inputs: Readonly<Record<string, Recorded>>;
  readonly outputs: Readonly<Record<string, Recorded>>;
}

const cases = JSON.parse(
  readFileSync(new URL("../../fixtures/node-tests.json", import.meta.url), "utf8"),
) as NodeTest[];

/** Expected values were computed by numpy and rounded to float32, some with an exponential or two before. */
const ROUNDING = 1e-5;

describe("ONNX's node tests", () => {
  for (const { name, model, inputs, outputs } of cases) {
    test(name, () => {
      const built = readOnnx(Buffer.from(model, "base64")).build();
      const names = Object.keys(outputs);
      const tensors = names.map((output) => built.outputs.get(output)!);
      const feeds = Object.fromEntries(
        Object.entries(inputs).map(([input, { data }]) => [input, data.map(Number)]),
      );
      const found = evaluate(tensors, feeds);
      for (const [k, output] of names.entries()) {
        expect(tensors[k]!.shape, output).toEqual(outputs[output]!.shape);
        expectClose(found[k]!, outputs[output]!.data.map(Number), ROUNDING, output);
      }
    });
  }
});
