import { batchNorm, linear, sequential } from "@thalweg/nn";
import { adamw, noDecayOnBiasesAndNorms, Optimizer, stateSlotCount, wasmBackend } from "@thalweg/optim";
import { describe, expect, it } from "vitest";
import { ParameterVector } from "./parameter-vector.ts";

const vector = new ParameterVector(sequential(linear(3, 2), batchNorm(2)), {
  stateSlots: stateSlotCount(adamw),
});

describe("ParameterVector", () => {
  it("tells what each parameter is for, so that groups can be chosen by kind", () => {
    expect(vector.segments.map(({ name, kind }) => [name, kind])).toEqual([
      ["0.weight", "weight"],
      ["0.bias", "bias"],
      ["1.weight", "scale"],
      ["1.bias", "bias"],
    ]);
    const optimizer = new Optimizer({
      backend: wasmBackend(vector.memory),
      ...vector,
      rule: adamw,
      groups: [noDecayOnBiasesAndNorms(adamw)],
    });
    const decays = optimizer
      .hyperparameters()
      .map(({ parameters, hyper }) => [parameters, hyper.weightDecay]);
    expect(decays).toEqual([
      [["0.bias", "1.weight", "1.bias"], 0],
      [["0.weight"], 0.01],
    ]);
  });
});
