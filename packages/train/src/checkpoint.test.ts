/** What a checkpoint keeps of an optimizer: every kind of state, and the shapes it belongs to. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { linear } from "@thalweg/nn";
import { Optimizer, type Rule, rules, stateSlotCount, wasmBackend } from "@thalweg/optim";
import { afterAll, describe, expect, it } from "vitest";
import { loadCheckpoint, saveCheckpoint } from "./checkpoint.ts";
import { ParameterVector } from "./parameter-vector.ts";
import { createRun } from "./run-folder.ts";

const root = mkdtempSync(join(tmpdir(), "thalweg-checkpoint-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const progress = {
  step: 3,
  gradients: 3,
  lossSum: 1.5,
  lossCount: 3,
  initialLoss: Number.NaN,
  strikes: 0,
  seconds: 2,
};

/** A layer's weights without a bias, and an optimizer over them. */
function world(rule: Rule, inputs: number, outputs: number) {
  const module = linear(inputs, outputs, { bias: false });
  const vector = new ParameterVector(module, { stateSlots: stateSlotCount(rule) });
  vector.initialize(module, 1);
  const { segments, parameters, gradients } = vector;
  const backend = wasmBackend(vector.memory);
  return { vector, optimizer: new Optimizer({ backend, segments, parameters, gradients, rule }) };
}

describe("saveCheckpoint() and loadCheckpoint()", () => {
  // vectors and numbers of one tensor and of all; matrices; nothing but the step
  it.each(["d-adapt-adam", "dog", "soap", "sgd"])("keep all of %s", (name) => {
    const run = createRun(join(root, name), { name });
    const saved = world(rules[name]!, 3, 2);
    for (let step = 0; step < progress.step; step++) {
      saved.vector.gradients.set([1, -2, 0.5, step, 3, -1]);
      saved.optimizer.step();
    }
    saveCheckpoint(run, saved.vector, saved.optimizer, progress);
    const loaded = world(rules[name]!, 3, 2);
    expect(loadCheckpoint(run, loaded.vector, loaded.optimizer)).toEqual(progress);
    expect(loaded.optimizer.state()).toEqual(saved.optimizer.state());
    expect(loaded.vector.parameters).toEqual(saved.vector.parameters);
  });

  it("refuse weights of another shape with as many elements", () => {
    const run = createRun(join(root, "shapes"), {});
    const saved = world(rules.sgd!, 3, 2);
    saveCheckpoint(run, saved.vector, saved.optimizer, progress);
    const turned = world(rules.sgd!, 2, 3);
    expect(() => loadCheckpoint(run, turned.vector, turned.optimizer)).toThrow(
      'Cannot load an optimizer state as "weight" has the shape [3,2]: the state was saved for [2,3]',
    );
  });
});
