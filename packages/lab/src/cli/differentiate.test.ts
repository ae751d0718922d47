import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readOnnx } from "@thalweg/graph";
import { afterAll, describe, expect, test } from "vitest";
import { runCli } from "./testing.ts";

const root = mkdtempSync(join(tmpdir(), "thalweg-cli-differentiate-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/onnx/${name}`, import.meta.url));
const MODEL = fixture("digits-cnn.training.onnx");

describe("differentiate", () => {
  test("writes a training graph by the model's names, its parameters' values within", async () => {
    const out = join(root, "training.onnx");
    const line = [
      "differentiate",
      MODEL,
      "--loss",
      "softmax-cross-entropy",
      "--size",
      "batch=4",
      "-o",
      out,
      "--json",
    ];
    const { code, out: text, err } = await runCli(line);
    expect({ code, err }).toEqual({ code: 0, err: `Wrote ${out}\n` });
    const parameters = ["0.weight", "0.bias", "1.weight", "1.bias", "6.weight", "6.bias"];
    expect(JSON.parse(text)).toMatchObject({
      inputs: [
        { name: "x", dtype: "float32", shape: [4, 1, 8, 8] },
        { name: "labels", dtype: "int64", shape: [4] },
        { dtype: "float32", shape: [4, 64] }, // dropout's noise
      ],
      outputs: [
        "loss",
        ...parameters.map((name) => `gradient/${name}`),
        "update/1.running_mean",
        "update/1.running_var",
      ],
    });
    const training = readOnnx(readFileSync(out));
    const model = readOnnx(readFileSync(MODEL));
    for (const name of [...parameters, "1.running_mean", "1.running_var"]) {
      expect([...training.initializers.get(name)!.data]).toEqual([...model.initializers.get(name)!.data]);
    }
  });

  test("leaves parameters without values where they are to be fed", async () => {
    const out = join(root, "inputs.onnx");
    const line = [
      "differentiate",
      MODEL,
      "--loss",
      "mean",
      "--size",
      "batch=1",
      "--parameters",
      "inputs",
      "-o",
      out,
    ];
    const { code } = await runCli(line);
    expect(code).toBe(0);
    const names = readOnnx(readFileSync(out)).inputs.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["x", "0.weight", "6.bias", "1.running_var"]));
    expect(names).not.toContain("labels");
  });

  test.each([
    [["--loss", "mse"], /without --out/],
    [["--loss", "mse", "-o", "x.onnx"], /its sizes must be fixed: give --size batch=…/],
    [
      ["--loss", "mse", "-o", "x.onnx", "--size", "batch"],
      /--size as it must be name=size.*current value is batch/,
    ],
    [
      ["--loss", "mse", "-o", "x.onnx", "--size", "batch=0"],
      /--size batch as it must be a whole number, at least 1/,
    ],
    [["--loss", "mse", "-o", "x.onnx", "--size", "batch=1", "--size", "b=2"], /size "b".*it has batch/],
  ])("refuses %j", async (words, says) => {
    const { code, out, err } = await runCli(["differentiate", MODEL, ...words]);
    expect(out).toBe("");
    expect(code).toBeGreaterThan(0);
    expect(err).toMatch(says);
    expect(err).not.toMatch(/^\s+at /m);
  });
});
