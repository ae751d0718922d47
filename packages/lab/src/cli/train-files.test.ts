import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type NpyArray, serializeNpz } from "@thalweg/data";
import { afterAll, describe, expect, test } from "vitest";
import { runCli } from "./testing.ts";

// inside the package, so that modules find @thalweg/nn from there
const root = mkdtempSync(fileURLToPath(new URL("../../test-", import.meta.url)));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const MODEL = fileURLToPath(new URL("../../fixtures/onnx/digits-cnn.onnx", import.meta.url));

describe("train refuses", () => {
  test.each([
    ["does not load", "export default 1 +;", /broken-does-not-load.ts as it must load/],
    ["has no model", "export const model = 1;", /must be a module of @thalweg\/nn.*found none/],
    ["exports a number", "export default 7;", /found number/],
    [
      "builds what does not fit the data",
      'import { flatten, linear, sequential } from "@thalweg/nn"; export default sequential(flatten(), linear(63, 10));',
      /its model must be one for these data: .*63/,
    ],
  ])("a module that %s", async (name, text, says) => {
    const path = join(root, `broken-${name.replaceAll(" ", "-")}.ts`);
    writeFileSync(path, text);
    const { code, err } = await runCli(["train", path, "--data", "digits", "--rule", "sgd"]);
    expect({ code, err }).toMatchObject({ code: 2 });
    expect(err).toMatch(says);
    expect(err).not.toMatch(/^\s+at /m);
  });

  test.each([
    [["MODEL", "--rule", "sgd"], /without --data: give digits, mnist, .*an NPZ file/],
    [["no.onnx", "--data", "digits", "--rule", "sgd"], /Cannot read no\.onnx as there is no such file/],
    [["MODEL", "--data", "digit", "--rule", "sgd"], /none called "digit"/],
    [["MODEL", "--data", "no.npz", "--rule", "sgd"], /no\.npz/],
    [
      ["MODEL", "--data", "mnist-like.npz", "--rule", "sgd"],
      /takes examples of shape \[1, 8, 8\]: they have \[3, 3\]/,
    ],
    [
      ["MODEL", "--data", "digits", "--rule", "sgd", "--loss", "mse"],
      /needs labels of shape \[1,10\]: found \[1\]/,
    ],
    [["MODEL", "--data", "digits", "--rule", "sgd", "--freeze", "x*"], /none has such a name/],
    [["MODEL", "--data", "digits", "--rule", "sgd", "--output", "x"], /output x as the model has none/],
    [["MODEL", "--data", "digits", "--rule", "sgd", "--freeze", "*"], /it must have parameters: all.*frozen/],
    [["MODEL", "--data", "digits", "--rule", "agd"], /"0\.bias" has shape \[4\]; freeze it/],
    [
      ["MODEL", "--data", "digits", "--rule", "muon(fallback=none)", "--mode", "x"],
      /--mode as it must be one of/,
    ],
    [
      ["digits-mlp", "--rule", "sgd", "--data", "mnist"],
      /digits-mlp with --data as a built-in task has its own/,
    ],
    [
      ["model.ts", "--rule", "sgd", "--data", "mnist", "--freeze", "x"],
      /--freeze as they are for ONNX files/,
    ],
  ])("%j", async (words, says) => {
    const small = join(root, "mnist-like.npz");
    const x: NpyArray = { shape: [10, 3, 3], data: new Float32Array(90) };
    writeFileSync(
      small,
      serializeNpz(
        new Map([
          ["x", x],
          ["y", { shape: [10], data: new Int32Array(10) }],
        ]),
      ),
    );
    const places: Readonly<Record<string, string>> = { MODEL, "mnist-like.npz": small };
    const { code, out, err } = await runCli(["train", ...words.map((word) => places[word] ?? word)]);
    expect({ code, out, err }).toMatchObject({ code: 2, out: "" });
    expect(err).toMatch(says);
    expect(err).not.toMatch(/^\s+at /m);
  });
});
