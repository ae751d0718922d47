/**
 * Thalweg's contestant in `step`: the catalogue's AdamW, compiled to a fused kernel, over one segment of a flat memory.
 */
import { FlatMemory } from "@thalweg/formula";
import { adamw, Optimizer, stateSlotCount, wasmBackend } from "@thalweg/optim";
import { serve } from "./contestant.ts";
import { meanMagnitude, SEED, uniform } from "./workload.ts";

await serve(
  {
    step({ sizes: { count, ...hyper } }) {
      const memory = new FlatMemory((2 + stateSlotCount(adamw)) * FlatMemory.bytesFor(count));
      const parameters = memory.allocate(count);
      const gradients = memory.allocate(count);
      parameters.set(uniform(SEED.theta, count, -1, 1));
      gradients.set(uniform(SEED.gradient, count, -1, 1));
      const segments = [{ name: "theta", shape: [count], offset: 0, size: count }];
      const backend = wasmBackend(memory);
      const optimizer = new Optimizer({ backend, segments, parameters, gradients, rule: adamw, hyper });
      return { step: () => void optimizer.step(), check: () => meanMagnitude(parameters) };
    },
  },
  () => `Node ${process.version}`,
);
