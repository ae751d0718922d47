import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Replay } from "@thalweg/optim";
import { describe, expect, test } from "vitest";
import { runCli } from "./testing.ts";

const recording = (fields: object) =>
  JSON.stringify({
    rule: "sgd",
    options: { lr: 0.5 },
    parameters: [{ name: "w", shape: [2], data: [1, -1] }],
    gradients: [[[0.5, 1]], [[0.25, 2]]],
    ...fields,
  });

describe("replay", () => {
  test("prints the parameters after each step: 1 − ½·½, −1 − ½·1, and on", async () => {
    const { code, out, err } = await runCli(["replay", "-"], { stdin: recording({}) });
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(JSON.parse(out)).toEqual({
      steps: [
        { parameters: [{ name: "w", data: [0.75, -1.5] }], scalars: { lr: 0.5 } },
        { parameters: [{ name: "w", data: [0.625, -2.5] }], scalars: { lr: 0.5 } },
      ],
    });
  });

  test("reads and writes NaN and infinities as text", async () => {
    const stdin = recording({ gradients: [[["NaN", "-Infinity"]]] });
    for (const engine of ["reference", "wasm"]) {
      const { out } = await runCli(["replay", "-", "--engine", engine], { stdin });
      expect(JSON.parse(out).steps[0].parameters[0].data).toEqual(["NaN", "Infinity"]);
    }
  });

  test("agrees with PyTorch's recorded AdamW to 1e-12 on the reference engine", async () => {
    const file = fileURLToPath(new URL("../../../optim/fixtures/trajectories/adamw.json", import.meta.url));
    const { out } = await runCli(["replay", file, "--engine", "reference"]);
    const { expected }: { expected: Replay } = JSON.parse(await readFile(file, "utf8"));
    const numbers = ({ steps }: Replay) =>
      steps.flatMap(({ parameters }) => parameters.flatMap(({ data }) => data));
    const [found, torch] = [numbers(JSON.parse(out)), numbers(expected)];
    expect(found).toHaveLength(torch.length);
    const errors = found.map((value, i) => Math.abs((value - torch[i]!) / torch[i]!)); // none of torch's is near zero
    expect(Math.max(...errors)).toBeLessThanOrEqual(1e-12);
  });

  test.each([
    ["", /value expected at line 1, column 1, where the text ends/],
    ['{"rule": "sgd",\n "options" {}}', /colon expected at line 2, column 12/],
    ['{"a": [1,', /at line 1, column 10, where the text ends/],
    ['{"a": [NaN]}', /at line 1, column 8; NaN and infinities are written as text/],
    ["[1, 2,]", /value expected at line 1, column 7/],
    ["[]", /not in its form/],
    [recording({ rule: undefined }), /needs either "rule" or "chain": it has neither/],
    [recording({ rule: "lionn" }), /the rule "lionn".*did you mean "lion"/s],
    [recording({ options: { lr: -1 } }), /lr must be finite and not negative: current value is -1/],
    [recording({ gradients: [[[1]]] }), /step 1 must have sizes 2: they have 1/],
    [
      recording({ rule: { name: "mine", update: "theta = theta - lr * g" } }),
      /formula of mine at line 1, column 17/,
    ],
  ])("refuses %j with one message and exit 2", async (stdin, says) => {
    const { code, out, err } = await runCli(["replay", "-"], { stdin });
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toMatch(says);
    expect(err).not.toMatch(/^\s+at .*:\d+:\d+/m);
  });
});
