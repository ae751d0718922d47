/**
 * Muon's Newton–Schulz step on ONNX Runtime against its bare matrix products, and the whole optimizer step.
 *
 * Run: npx tsx bench/muon.ts. It replaces its section of RESULTS.md.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { FlatMemory } from "@thalweg/formula";
import { Graph, matmul, type Tensor, transpose } from "@thalweg/graph";
import { muon, Optimizer, wasmBackend } from "@thalweg/optim";
import { BoundSession, OnnxMatrixKernels } from "@thalweg/train";
import { describeCommit, describeLoad, describeMachine } from "./machine.ts";
import { replaceSection } from "./results.ts";

const REPEATS = 40;
const load = describeLoad();

async function leastMs(run: () => unknown): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < REPEATS; i++) {
    const start = performance.now();
    await run();
    least = Math.min(least, performance.now() - start);
  }
  return least;
}

/** Five times X Xᵀ, A A and B X, and nothing else. */
async function products(n: number): Promise<BoundSession> {
  const x = new Graph().input("x", [n, n]);
  let X: Tensor = x;
  for (let k = 0; k < 5; k++) {
    const A = matmul(X, transpose(X));
    X = matmul(matmul(A, A), X);
  }
  return BoundSession.create({
    outputs: { y: X },
    reads: new Map([["x", new Float32Array(n * n).fill(1 / n)]]),
    writes: new Map([["y", new Float32Array(n * n)]]),
  });
}

const kernels = new OnnxMatrixKernels();
const rows: string[] = [];
for (const n of [256, 512, 1024]) {
  const size = n * n;
  const memory = new FlatMemory(4 * FlatMemory.bytesFor(size));
  const [parameters, gradients] = [memory.allocate(size), memory.allocate(size)];
  for (let i = 0; i < size; i++) {
    parameters[i] = Math.sin(i);
    gradients[i] = Math.cos(i * i);
  }
  const segments = [{ name: "w", shape: [n, n], offset: 0, size }];
  const backend = wasmBackend(memory, kernels);
  const optimizer = new Optimizer({ backend, segments, parameters, gradients, rule: muon });
  const session = await products(n);
  const bare = await leastMs(() => session.run());
  const iteration = await leastMs(() =>
    kernels.orthogonalize({ rows: n, cols: n, data: gradients }, "orthogonalize"),
  );
  const step = await leastMs(() => optimizer.step());
  await session.release();
  rows.push(
    `| ${n} × ${n} | ${bare.toFixed(2)} | ${iteration.toFixed(2)} | ${(iteration / bare).toFixed(2)} | ${step.toFixed(2)} | ${(step / bare).toFixed(2)} |`,
  );
}
const section = `## Muon

${describeMachine()}; ${describeCommit()}; ${load}. One thread, least of ${REPEATS}, ms.

| matrix | bare products | Newton–Schulz | ÷ bare | optimizer step | ÷ bare |
| --- | --- | --- | --- | --- | --- |
${rows.join("\n")}
`;
console.log(section);
const page = new URL("RESULTS.md", import.meta.url);
writeFileSync(page, replaceSection(readFileSync(page, "utf8"), "muon", section));
