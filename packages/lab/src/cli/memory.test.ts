/** The command line of the planner; what it counts is tested in @thalweg/train, src/memory. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Graph, gemm, relu, serialize } from "@thalweg/graph";
import { zoo } from "@thalweg/nn";
import { JSDOM } from "jsdom";
import { afterAll, describe, expect, test } from "vitest";
import { runCli } from "./testing.ts";

const folder = mkdtempSync(join(tmpdir(), "thalweg-"));
afterAll(() => rmSync(folder, { recursive: true }));

const memory = (...args: string[]) => runCli(["memory", ...args]);
async function plan(...args: string[]) {
  const { code, out, err } = await memory(...args, "--json");
  expect(err).toBe("");
  expect(code).toBe(0);
  return JSON.parse(out);
}

describe("thalweg memory", () => {
  test("GPT-2 1.5B: weights, 16 bytes per parameter, the rule of thumb, and the largest tensors", async () => {
    const args = [
      "gpt2-xl",
      "--batch",
      "32",
      "--sequence",
      "1024",
      "--precision",
      "mixed",
      "--rule",
      "adamw",
    ];
    const { code, out } = await memory(...args);
    expect(code).toBe(0);
    expect(out).toContain("gpt2-xl: 1 557 611 200 parameters; 32 × 1024 positions, mixed, adamw");
    expect(out).toMatch(/^parameters +3\.12 GB/m); // 2 bytes of 1.5576 billion
    expect(out).toMatch(/^master copies +6\.23 GB/m);
    expect(out).toContain("16.0 bytes per parameter before any activation.");
    expect(out).toContain("60.40 GB kept, 8.72 GB with checkpoints for 33.3 % more work");
    // 48 layers of 32·25·1024² numbers of 2 bytes
    expect(out).toMatch(/80\.53 GB {2}48 {2}transformer\/h\/\*\/attn\/Softmax \[32,25,1024,1024\]/);
  });

  test("options make a network: one of four heads has the parameters that arithmetic gives", async () => {
    const spec = "gpt(layers=2, width=32, heads=4, vocabulary=100, context=16, dropout=0)";
    const { parameterCount, bytes, batchSize, ruleOfThumb } = await plan(spec, "--batch", "3");
    // tables (100 + 16)·32; a layer 12·32² + 13·32; the last norm 2·32
    expect(parameterCount).toBe(116 * 32 + 2 * (12 * 32 ** 2 + 13 * 32) + 64);
    expect(bytes.state).toBe(8 * parameterCount);
    expect(batchSize).toBe(3);
    expect(ruleOfThumb.kept).toBe(2 * 12 * 32 * 3 * 16 * 2);
  });

  test("a longer sequence gets a network with as many positions", async () => {
    const short = await plan("gpt-shakespeare", "--sequence", "128");
    const long = await plan("gpt-shakespeare", "--sequence", "512");
    expect(short.parameterCount).toBe(zoo["gpt-shakespeare"].parameters);
    expect(long.parameterCount - short.parameterCount).toBe(256 * 384);
  });

  test.each([
    "lenet5",
    "3c3d",
    "vae",
    "burgers-pinn",
    "modular-addition",
    "wrn-16-4",
  ] as const)("%s of the zoo", async (name) => {
    const { parameterCount, total, process } = await plan(name, "--batch", "2", "--rule", "sgd");
    expect(parameterCount).toBe(zoo[name].parameters);
    expect(total).toBeGreaterThan(8 * parameterCount);
    expect(process.total).toBeGreaterThan(8 * parameterCount);
  });

  test("families of residual networks are the zoo's at its sizes", async () => {
    expect((await plan("resnet(depth=32)")).parameterCount).toBe(zoo.resnet32.parameters);
    expect((await plan("wrn(depth=16, width=8)")).parameterCount).toBe(zoo["wrn-16-8"].parameters);
  });

  test("a task has its own batch size, and a TypeScript file its data's shapes", async () => {
    const task = await plan("digits-mlp");
    expect(task.batchSize).toBe(32);
    expect(task.parameterCount).toBe(64 * 64 + 64 + 64 * 32 + 32 + 32 * 10 + 10);
    const nn = JSON.stringify(import.meta.resolve("@thalweg/nn"));
    const file = join(folder, "model.ts");
    writeFileSync(
      file,
      `import { flatten, linear, sequential } from ${nn};\nexport default sequential(flatten(), linear(64, 10));\n`,
    );
    expect((await plan(file, "--data", "digits")).parameterCount).toBe(650);
    expect((await memory(file)).err).toContain("Cannot go on without --data");
  });

  describe("an ONNX file", () => {
    const file = join(folder, "two-layers.onnx");
    const graph = new Graph();
    const x = graph.input("x", [4, 8]);
    const [a, b] = [graph.input("a", [8, 16]), graph.input("b", [16, 3])];
    const values = new Map([
      [a, new Float32Array(128).fill(0.1)],
      [b, new Float32Array(48).fill(0.1)],
    ]);
    const y = gemm(relu(gemm(x, a)), b);
    writeFileSync(file, serialize({ inputs: [x, a, b], outputs: { y }, initializers: values }));

    test("is planned from its shapes", async () => {
      const { parameterCount, bytes } = await plan(file, "--batch", "4", "--rule", "adafactor");
      expect(parameterCount).toBe(128 + 48);
      expect(bytes.state).toBe(4 * (8 + 16 + 16 + 3)); // a row and a column of each
    });

    test("says that its batch is fixed, and what losses there are", async () => {
      const fixed = await memory(file, "--batch", "5");
      expect(fixed.code).toBe(2);
      expect(fixed.err).toContain("as its file fixes the batch: give 4");
      expect((await memory(file, "--loss", "hinges")).err).toContain(
        "as it must be one of softmax-cross-entropy",
      );
      expect((await memory(file, "--sequence", "5")).err).toContain("there are none; use --size name=value");
    });
  });

  test("checkpoints, shards and the largest batch that fits, and a drawing of them", async () => {
    const file = join(folder, "memory.svg");
    const { code, out, err } = await memory(
      ...["gpt-shakespeare", "--batch", "8", "--precision", "mixed", "--checkpoint", "blocks"],
      ...["--zero", "2", "--ranks", "4", "--device-memory", "1GB", "--plot", file],
    );
    expect(code).toBe(0);
    expect(err).toBe(`Wrote ${file}\n`);
    expect(out).toMatch(/^optimizer state +21\.49 MB .*of 4 ranks$/m); // 10 745 088 · 8 / 4
    expect(out).toMatch(/\d+ pieces are computed again, which is \d+\.\d % more work/);
    const [, largest] = /Largest batch that fits: (\d+), \d+\.\d\d MB/.exec(out)!;
    expect(Number(largest)).toBeGreaterThan(8);
    const { document } = new JSDOM(readFileSync(file, "utf8").replace(/^<\?xml[^>]*>/, "")).window;
    expect(document.querySelector("svg")!.getAttribute("aria-label")).toMatch(
      /^gpt-shakespeare: .*all kept \d.*unsharded \d.*stage 1 \d.*stage 2 \d/,
    );
    const text = document.querySelector("svg")!.textContent!;
    expect(text).toContain("optimizer state  21.5 MB");
    expect(text).not.toMatch(/NaN|undefined/);
  });

  test.each([
    [["gpt3"], /no such model: give an ONNX file, .*did you mean gpt/],
    [["gpt(layer=2)"], /Cannot plan gpt as it has no option "layer": .*did you mean layers\?/],
    [["gpt(layers=two)"], /Cannot plan gpt as layers must be a number: current value is two/],
    [["gpt(width=30, heads=4)"], /heads must divide the width: 4 heads of width 30/],
    [["gpt2", "--sequence", "0"], /Cannot use --sequence as it must be a whole number, at least 1/],
    [["gpt(layers=2"], /Cannot read the model at column/],
    [["lenet5(size=3)"], /lenet5 has no options: families with options are gpt/],
    [["lenet5", "--sequence", "5"], /only GPTs take sequences of any length/],
    [["lenet5", "--batch", "0"], /Cannot use --batch as it must be a whole number, at least 1/],
    [["lenet5", "--rule", "adamm"], /Cannot find the rule "adamm": .*did you mean "adam"\?/],
    [
      ["lenet5", "--precision", "fp8"],
      /--precision as it must be one of fp32, fp16, bf16, mixed: current value is fp8/,
    ],
    [["lenet5", "--zero", "2"], /Cannot shard by --zero 2 as .*: say how many with --ranks/],
    [["lenet5", "--zero", "4", "--ranks", "2"], /--zero as it must be one of 0, 1, 2, 3/],
    [["lenet5", "--device-memory", "lots"], /--device-memory as it must be a size above 0, such as 16GB/],
    [
      ["lenet5", "--device-memory", "1kB"],
      /Cannot fit a batch of 1 as it must take at most 1000 bytes: it takes \d+/,
    ],
    [
      ["logistic", "--checkpoint", "blocks"],
      /Cannot compute blocks again as the network must have two of them/,
    ],
    [[], /Cannot go on without a model/],
  ])("%j is refused", async (args, message) => {
    const { code, err, out } = await memory(...args);
    expect(err).toMatch(message);
    expect(code).toBe(2);
    expect(out).toBe("");
  });
});

describe("thalweg train --checkpoint blocks", () => {
  const nn = JSON.stringify(import.meta.resolve("@thalweg/nn"));
  const file = join(folder, "deep.ts");
  writeFileSync(
    file,
    `import { flatten, linear, sequential, tanh } from ${nn};
const hidden = Array.from({ length: 8 }, () => [linear(64, 64), tanh()]).flat();
export default sequential(flatten(), ...hidden, linear(64, 10));
`,
  );
  const train = (...args: string[]) =>
    runCli(["train", file, "--data", "digits", "--rule", "adamw", "--steps", "40", "--json", ...args]);

  test("gives the losses of a run that keeps everything, and says in its configuration what it did", async () => {
    const kept = await train("--out", join(folder, "kept"));
    const again = await train("--out", join(folder, "again"), "--checkpoint", "blocks");
    expect(again.code).toBe(0);
    const [a, b] = [JSON.parse(kept.out), JSON.parse(again.out)];
    expect(b.config.checkpoint).toBe("blocks");
    expect(a.config).not.toHaveProperty("checkpoint");
    const losses = ({ evaluations }: { evaluations: { validationLoss: number; trainLoss: number }[] }) =>
      evaluations.map(({ validationLoss, trainLoss }) => [validationLoss, trainLoss]);
    expect(losses(b)).toEqual(losses(a));
    // the other run is another run, and this one is found again
    const clash = await train("--out", join(folder, "again"));
    expect(clash.err).toContain("it holds another run, with another checkpoint");
    const { code, out } = await runCli(["train", "--resume", join(folder, "again"), "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(out).reused).toBe(true);
  });

  test("refuses what is no kind of checkpoint, and a network that has nothing to spare", async () => {
    const small = await runCli(["train", "digits-mlp", "--rule", "adamw", "--checkpoint", "blocks"]);
    expect(small.code).toBe(2);
    expect(small.err).toContain("Cannot compute blocks again as the network must have two of them");
    const { code, err } = await train("--checkpoint", "layers");
    expect(code).toBe(2);
    expect(err).toContain(
      "Cannot use --checkpoint as it must be one of blocks, attention: current value is layers",
    );
  });
});
