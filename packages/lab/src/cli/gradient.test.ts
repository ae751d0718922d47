import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readNpz } from "@thalweg/data";
import { afterAll, describe, expect, test } from "vitest";
import { runCli } from "./testing.ts";

const root = mkdtempSync(join(tmpdir(), "thalweg-cli-gradient-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/onnx/${name}`, import.meta.url));
const MODEL = fixture("digits-cnn.onnx");
const BATCH = fixture("digits-cnn.batch.npz");
const LOSS = ["--loss", "softmax-cross-entropy", "--labels", "y"];
const SHORT: Readonly<Record<string, string | string[]>> = { MODEL, BATCH, LOSS };

describe("gradient", () => {
  test("writes the loss and every parameter's gradient as PyTorch has them, by the file's names", async () => {
    const out = join(root, "gradients.npz");
    const { code, out: text, err } = await runCli(["gradient", MODEL, "--inputs", BATCH, ...LOSS, "-o", out]);
    expect({ code, err }).toEqual({ code: 0, err: `Wrote ${out}\n` });
    const wanted = await readNpz(fixture("digits-cnn.gradients.npz"));
    const found = await readNpz(out);
    expect(Number(/^loss (\S+)/.exec(text)![1])).toBeCloseTo(Number(wanted.get("loss")!.data[0]), 5);
    wanted.delete("loss");
    expect([...found.keys()].sort()).toEqual([...wanted.keys()].sort());
    for (const [name, { shape, data }] of wanted) {
      expect(found.get(name)!.shape).toEqual(shape);
      const largest = Math.max(...Array.from(data as Float64Array, Math.abs));
      const differences = Array.from(data as Float64Array, (value, i) =>
        Math.abs(Number(found.get(name)!.data[i]) - value),
      );
      expect(Math.max(...differences) / largest, name).toBeLessThan(1e-5); // float32 over sums of 64 terms
      expect(text).toContain(name);
    }
  });

  test("takes a batch where the file was exported for one example", async () => {
    const line = ["gradient", "--inputs", BATCH, ...LOSS, "--json"];
    const loss = async (model: string) => JSON.parse((await runCli([...line, model])).out).loss;
    expect(await loss(fixture("digits-cnn.fixed.onnx"))).toBeCloseTo(await loss(MODEL), 5); // folded, so rounded otherwise
  });

  test("leaves out what is frozen, and tells the rest as JSON", async () => {
    const line = [
      "gradient",
      MODEL,
      "--inputs",
      BATCH,
      ...LOSS,
      "--freeze",
      "0.*",
      "--freeze",
      "1.*",
      "--json",
    ];
    const { code, out } = await runCli(line);
    expect(code).toBe(0);
    const { loss, gradients } = JSON.parse(out);
    expect(gradients.map(({ name }: { name: string }) => name)).toEqual(["6.weight", "6.bias"]);
    const { data } = (await readNpz(fixture("digits-cnn.gradients.npz"))).get("6.bias")!;
    expect(gradients[1].norm).toBeCloseTo(Math.hypot(...(data as Float64Array)), 6);
    expect(loss).toBeGreaterThan(0);
  });

  test("acts as in training where that is wanted: noise by the seed, and another loss", async () => {
    const loss = async (...more: string[]) => {
      const { out } = await runCli(["gradient", MODEL, "--inputs", BATCH, ...LOSS, "--json", ...more]);
      return JSON.parse(out).loss as number;
    };
    const asFileSays = await loss();
    const training = await loss("--mode", "training", "--seed", "3");
    expect(training).not.toBe(asFileSays);
    expect(await loss("--mode", "training", "--seed", "3")).toBe(training);
    expect(await loss("--mode", "inference")).toBe(asFileSays);
  });

  test.each([
    [[], /without a model: give an ONNX file/],
    [["no.onnx", "--loss", "mse"], /Cannot read no.onnx as there is no such file/],
    [["MODEL"], /without --loss: give softmax-cross-entropy/],
    [["MODEL", "--loss", "softmax-crossentropy"], /no.*of that name.*did you mean "softmax-cross-entropy"/],
    [["MODEL", "--loss", "mse"], /without --inputs/],
    [["MODEL", "--loss", "mse", "--inputs", "no.npz"], /Cannot read no.npz as there is no such file/],
    [["MODEL", "--loss", "mse", "--inputs", "MODEL"], /as NPZ as it must be a zip file/],
    [
      ["MODEL", "--loss", "mse", "--inputs", "BATCH"],
      /the labels must be given as an array named labels: there are x, y/,
    ],
    [
      ["MODEL", "--loss", "mse", "--labels", "y", "--inputs", "BATCH"],
      /needs labels of shape \[5,10\]: found \[5\]/,
    ],
    [["MODEL", "LOSS", "--inputs", "BATCH", "--output", "logit"], /none of that name: it has logits/],
    [
      ["MODEL", "LOSS", "--inputs", "BATCH", "--size", "batch=4"],
      /shape \[batch, 1, 8, 8\] with batch = 4: found \[5, 1, 8, 8\]/,
    ],
    [["MODEL", "LOSS", "--inputs", "BATCH", "--freeze", "conv*"], /none has such a name: there are 0.weight/],
    [
      ["MODEL", "LOSS", "--inputs", "BATCH", "--mode", "eval"],
      /--mode as it must be one of training, inference/,
    ],
  ])("refuses %j with exit 2", async (words, says) => {
    const { code, out, err } = await runCli(["gradient", ...words.flatMap((word) => SHORT[word] ?? word)]);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toMatch(says);
    expect(err).not.toMatch(/^\s+at /m);
  });

  test("says of a file that is no model what is wrong, with exit 1", async () => {
    const { code, err } = await runCli(["gradient", BATCH, ...LOSS, "--inputs", BATCH]);
    expect(code).toBe(1);
    expect(err).toMatch(/^Cannot read .*ONNX/);
    expect(err).not.toMatch(/^\s+at /m);
  });
});
