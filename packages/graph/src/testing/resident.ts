/**
 * A process that runs a model twice on zeros and prints the bytes that it took beyond what an idle session takes: started by
 * tests, as `node --import tsx resident.ts MODEL`, since memory can be told apart only by process.
 */
import { InferenceSession, Tensor } from "onnxruntime-node";

const [, , model] = process.argv as [string, string, string];
// without memory patterns, as @thalweg/train runs models (session-pool.ts)
const session = await InferenceSession.create(model, { intraOpNumThreads: 1, enableMemPattern: false });
const feeds: Record<string, Tensor> = {};
for (const input of session.inputMetadata) {
  if (!input.isTensor || input.type !== "float32") throw new TypeError(`${input.name} is no float32 tensor`);
  const shape = input.shape as number[];
  feeds[input.name] = new Tensor(
    "float32",
    new Float32Array(shape.reduce((n, d) => n * d, 1)).fill(0.01),
    shape,
  );
}
const before = process.resourceUsage().maxRSS;
await session.run(feeds);
await session.run(feeds);
console.log((process.resourceUsage().maxRSS - before) * 1024);
