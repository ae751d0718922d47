import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readModelFile } from "./model-file.ts";
import { modelFixtures, restoreModel } from "./testing.ts";

const root = mkdtempSync(join(tmpdir(), "thalweg-model-file-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A file whose tensors lie beside it, each in a file of its own. */
const name = "gru.inference";
const fixture = modelFixtures()[name]!;
const whole = restoreModel(name, fixture);
const file = join(root, "model", "gru.onnx");
beforeAll(() => {
  mkdirSync(join(root, "model"));
  const zipped = readFileSync(new URL(`../../fixtures/models/${name}.onnx.gz`, import.meta.url));
  writeFileSync(file, gunzipSync(zipped));
  for (const tensor of Object.keys(fixture.tensors)) {
    const { data } = whole.initializers.get(tensor)!;
    writeFileSync(join(root, "model", tensor), new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
});

describe("readModelFile()", () => {
  test("reads a model and the files beside it, and knows the file again", () => {
    const { model, sha256, path } = readModelFile(file);
    expect([...model.initializers.get("head.bias")!.data]).toEqual([
      ...whole.initializers.get("head.bias")!.data,
    ]);
    expect(path).toBe(file);
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(readModelFile(file).sha256).toBe(sha256);
  });

  test("says which file is missing beside the model", () => {
    cpSync(join(root, "model"), join(root, "incomplete"), { recursive: true });
    rmSync(join(root, "incomplete", "head.bias"));
    const { model } = readModelFile(join(root, "incomplete", "gru.onnx"));
    expect(() => model.initializers.get("head.bias")!.data).toThrow(
      /head\.bias is not there; move the files together/,
    );
  });

  test("follows no link out of the model's folder", () => {
    cpSync(join(root, "model"), join(root, "linked"), { recursive: true });
    rmSync(join(root, "linked", "head.bias"));
    symlinkSync(join(root, "model", "head.bias"), join(root, "linked", "head.bias"));
    const { model } = readModelFile(join(root, "linked", "gru.onnx"));
    expect(() => model.initializers.get("head.bias")!.data).toThrow(
      /must lie in its folder: head\.bias leads to/,
    );
  });
});
