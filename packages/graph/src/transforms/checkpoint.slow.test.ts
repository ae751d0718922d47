/** That marked blocks spare memory in ONNX Runtime too, whose optimiser could merge what is computed twice. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { gradients } from "../gradients.ts";
import { Graph, type Tensor } from "../graph.ts";
import * as ops from "../ops/index.ts";
import { serialize } from "../serialize.ts";
import { checkpoint } from "./checkpoint.ts";
import { peakMemory } from "./memory.ts";
import { forDepthFirst } from "./order.ts";

const [BLOCKS, ROWS, WIDTH] = [8, 4096, 128];
const ACTIVATION = ROWS * WIDTH * 4; // 2 MiB

/** Residual blocks of three layers, as a training step: its bytes and the peak that the lives of its tensors give. */
function step(mark: typeof checkpoint) {
  const graph = new Graph();
  const x = graph.input("x", [ROWS, WIDTH]);
  const weights = Array.from({ length: 3 * BLOCKS }, (_, k) => graph.input(`w${k}`, [WIDTH, WIDTH]));
  let h: Tensor = x;
  for (let k = 0; k < BLOCKS; k++) {
    const layers = weights.slice(3 * k, 3 * k + 3);
    h = mark(
      (h) =>
        ops.add(
          h,
          layers.reduce((x, w) => ops.tanh(ops.matmul(x, w)), h),
        ),
      h,
    );
  }
  const loss = ops.reduceMean(ops.mul(h, h));
  const slopes = gradients(loss, weights);
  const outputs = { loss, ...Object.fromEntries(slopes.map((slope, k) => [`slope${k}`, slope])) };
  const model = serialize({ outputs, order: forDepthFirst(Object.values(outputs)) });
  return {
    model,
    expected: peakMemory(Object.values(outputs), { parameters: weights, forward: [loss] }),
  };
}

/** Bytes that the process takes for running the model. */
function resident(model: Uint8Array, folder: string): number {
  const file = join(folder, "model.onnx");
  writeFileSync(file, model);
  const script = fileURLToPath(new URL("../testing/resident.ts", import.meta.url));
  return Number(execFileSync(process.execPath, ["--import", "tsx", script, file], { encoding: "utf8" }));
}

test("checkpoint() spares in ONNX Runtime's process what peakMemory() says it does", {
  timeout: 60_000,
}, () => {
  const folder = mkdtempSync(join(tmpdir(), "thalweg-"));
  try {
    const [plain, marked] = [step((build, ...inputs) => build(...inputs)), step(checkpoint)];
    const computed = (kinds: typeof plain.expected.kinds) => kinds.activations + kinds.gradients;
    const expected = computed(plain.expected.kinds) - computed(marked.expected.kinds);
    // of 4 activations a block, all but the last block's 3 inner ones and one a block go: (8 − 1)·3 = 21
    expect(expected / ACTIVATION).toBeGreaterThan(18);
    const spared = resident(plain.model, folder) - resident(marked.model, folder);
    // allocators round up, and both processes measure the same kernels' working space
    expect(spared / expected).toBeGreaterThan(0.75);
    expect(spared / expected).toBeLessThan(1.5);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
