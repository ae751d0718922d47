/** Runs handed over between PyTorch and here, by safetensors: each goes on as the other would have. See ../fixtures/torch-states.make.py. */
import { readFileSync } from "node:fs";
import { FlatMemory, type FloatArray } from "@thalweg/formula";
import {
  type Backend,
  buildRule,
  catalogue,
  fromTorchState,
  Optimizer,
  type RuleOptions,
  referenceBackend,
  type Segment,
  toTorchState,
  wasmBackend,
} from "@thalweg/optim";
import { describe, expect, it } from "vitest";
import { parseSafetensors, type StoredTensor, serializeSafetensors } from "./safetensors.ts";

interface Handover {
  shapes: Record<string, number[]>;
  gradients: Record<string, number[]>[];
  cases: Record<string, { rule: string; options: RuleOptions }>;
}

const fixtures = new URL("../fixtures/", import.meta.url);
const { shapes, gradients, cases } = JSON.parse(
  readFileSync(new URL("torch-states.json", fixtures), "utf8"),
) as Handover;
const stored = (name: string) => {
  const file = `${name}.safetensors`;
  return parseSafetensors(readFileSync(new URL(`torch-states/${file}`, fixtures)), file).tensors;
};

let offset = 0;
const segments = Object.entries(shapes).map(([name, shape]): Segment => {
  const size = shape.reduce((product, n) => product * n, 1);
  const segment = { name, shape, offset, size };
  offset += size;
  return segment;
});
const count = offset;

/** An optimizer that stands where torch stood. */
function takeOver<A extends FloatArray>(backend: Backend<A>, name: string) {
  const tensors = stored(name);
  const { rule, options } = cases[name]!;
  const parameters = backend.allocate(count);
  const slopes = backend.allocate(count);
  const optimizer = new Optimizer({
    backend,
    segments,
    parameters,
    gradients: slopes,
    rule: buildRule(catalogue[rule]!, options),
  });
  for (const { name: own, offset: at } of segments)
    parameters.set(Array.from(tensors.get(own)!.data, Number), at);
  optimizer.load(fromTorchState(optimizer, tensors, { step: 6 }));
  const run = () => {
    for (const step of gradients) {
      for (const { name: own, offset: at } of segments) slopes.set(step[own]!, at);
      optimizer.step();
    }
  };
  return { optimizer, parameters, run };
}

const largestError = (found: ArrayLike<number | bigint>, expected: ArrayLike<number | bigint>) => {
  expect(found.length).toBe(expected.length);
  const scale = Math.max(...Array.from(expected, (x) => Math.abs(Number(x))), 1e-30);
  return Math.max(...Array.from(expected, (x, i) => Math.abs(Number(found[i]) - Number(x)) / scale));
};

const names = Object.keys(cases);

/** In float64. torch's ASGD keeps its step size in float32 whatever the parameters are, so it is 6e-8 off by itself. */
const bound = (name: string) => (name === "asgd" ? 1e-7 : 1e-13);

describe("fromTorchState()", () => {
  it.each(names)("%s goes on as torch does, in float64", (name) => {
    const { parameters, run } = takeOver(referenceBackend, name);
    run();
    const after = stored(`${name}.after`);
    for (const { name: own, offset: at, size } of segments) {
      expect(largestError(parameters.subarray(at, at + size), after.get(own)!.data)).toBeLessThan(
        bound(name),
      );
    }
  });

  it.each(names)("%s goes on as torch does, in the fused kernel", (name) => {
    const { parameters, run } = takeOver(wasmBackend(new FlatMemory(1 << 16)), name);
    run();
    const after = stored(`${name}.after`);
    for (const { name: own, offset: at, size } of segments) {
      expect(largestError(parameters.subarray(at, at + size), after.get(own)!.data)).toBeLessThan(2e-6);
    }
  });

  it("names what is missing, what does not fit, and what is not optimised here", () => {
    const { optimizer } = takeOver(referenceBackend, "adam");
    const change = (edit: (tensors: Map<string, StoredTensor>) => void) => {
      const tensors = new Map(stored("adam"));
      edit(tensors);
      return () => fromTorchState(optimizer, tensors);
    };
    const short = { shape: [1], data: Float32Array.of(1) };
    expect(change((all) => all.delete("state.0.bias.exp_avg"))).toThrow(
      'Cannot read a torch state as "state.0.bias.exp_avg" must have 4 numbers: there is none',
    );
    expect(change((all) => all.set("state.0.bias.exp_avg", short))).toThrow("must have 4 numbers: it has 1");
    expect(change((all) => all.set("state.0.biass.exp_avg", short))).toThrow(
      '"0.biass" is not optimised here; the nearest is "0.bias"',
    );
    expect(change((all) => all.set("param_groups.0.bias.lr", short))).not.toThrow();
  });
});

describe("toTorchState()", () => {
  it.each(names)("%s gives the state that torch would have, through a file and back", (name) => {
    const { optimizer, run } = takeOver(referenceBackend, name);
    run();
    const bytes = serializeSafetensors(toTorchState(optimizer));
    const { tensors } = parseSafetensors(bytes, "ours");
    const after = stored(`${name}.after`);
    const expected = [...after.keys()].filter((key) => key.startsWith("state."));
    expect([...tensors.keys()].sort()).toEqual(expected.sort());
    for (const key of expected) {
      expect(tensors.get(key)!.shape, key).toEqual(after.get(key)!.shape);
      expect(largestError(tensors.get(key)!.data, after.get(key)!.data), key).toBeLessThan(bound(name));
    }
  });

  it("before the first step is empty", () => {
    const optimizer = new Optimizer({
      backend: referenceBackend,
      segments,
      parameters: new Float64Array(count),
      gradients: new Float64Array(count),
      rule: catalogue.adam!.rule,
    });
    expect(toTorchState(optimizer).size).toBe(0);
  });
});
