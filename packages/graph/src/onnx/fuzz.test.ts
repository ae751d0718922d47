/** Real files, mutated: whatever comes out is built or refused with an OnnxError, and what is built can be written and read again. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { serialize } from "../serialize.ts";
import { mutation } from "../testing/mutate.ts";
import { OnnxError } from "./error.ts";
import { readOnnx } from "./model.ts";

const folder = new URL("../../fixtures/onnx/", import.meta.url);

/** The model with every symbolic size 2, written again; null where it is refused. */
function rewrite(bytes: Uint8Array): Uint8Array | null {
  try {
    const model = readOnnx(bytes);
    const { outputs } = model.build({ sizes: Object.fromEntries(model.symbols.map((name) => [name, 2])) });
    return serialize({ outputs: Object.fromEntries([...outputs].map(([name, y]) => [`${name}.again`, y])) });
  } catch (error) {
    expect(error).toBeInstanceOf(OnnxError);
    return null;
  }
}

describe("mutated files", () => {
  test.each(["mlp", "residual", "residual-training", "attention", "recurrent"])("%s", (name) => {
    const bytes = new Uint8Array(readFileSync(new URL(`${name}.onnx`, folder)));
    expect(rewrite(bytes)).not.toBeNull();
    let survived = 0;
    fc.assert(
      fc.property(mutation, (mutate) => {
        const again = rewrite(mutate(bytes));
        if (again === null) return;
        survived++;
        expect(rewrite(again)).not.toBeNull();
      }),
      { seed: 7, numRuns: 150 },
    );
    // the mutations neither leave the files alone nor break all of them at once
    expect(survived).toBeGreaterThan(3);
    expect(survived).toBeLessThan(100);
  });
});
