import { describe, expect, test } from "vitest";
import { scheduleStages } from "../stages.ts";
import { program } from "../testing/harness.ts";
import { emitStage, operandSlots } from "./emit.ts";

const kernels = (update: string, hyper: string[] = [], state: string[] = []) =>
  scheduleStages(program(update, hyper, state)).map((stage) => ({
    slots: operandSlots(stage),
    text: emitStage(stage),
  }));

const count = (text: string, instruction: string) => text.split(instruction).length - 1;

describe("emitStage()", () => {
  test("reads each input once and writes each output once per vector, however often a formula names them", () => {
    const adam = `
      theta = theta * (1 - lr * decay)
      m = beta1 * m + (1 - beta1) * g
      v = beta2 * v + (1 - beta2) * g * g
      theta = theta - lr * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)`;
    const [kernel, ...others] = kernels(adam, ["lr", "decay", "beta1", "beta2", "eps"], ["m", "v"]);
    expect(others).toEqual([]);
    for (const slot of ["theta", "g", "m", "v"]) {
      const pointer = `(local.get $p${kernel!.slots.indexOf(slot)})`;
      for (const offset of [0, 16, 32, 48]) {
        expect(count(kernel!.text, `(v128.load offset=${offset} ${pointer})`)).toBe(1);
        expect(count(kernel!.text, `(v128.store offset=${offset} ${pointer}`)).toBe(slot === "g" ? 0 : 1);
      }
    }
    expect(count(kernel!.text, "(v128.load ")).toBe(4 * 4);
    expect(count(kernel!.text, "(v128.store ")).toBe(3 * 4);
    expect(count(kernel!.text, "f32x4.sqrt")).toBe(4); // once per vector
    expect(count(kernel!.text, "f32x4.div")).toBe(4); // scalars are divided on the host
  });

  test("a chain is as long as its links, but passes once", () => {
    const [kernel, ...others] = kernels(
      "g = max(-c, min(c, g))\ng = g + l2 * theta\ntheta = theta - lr * g",
      ["c", "l2", "lr"],
    );
    expect(others).toEqual([]);
    expect(count(kernel!.text, "(v128.load ")).toBe(2 * 4);
    expect(count(kernel!.text, "(v128.store ")).toBe(4);
  });

  test("a pass that only reduces writes no slot", () => {
    const [first, last] = kernels("theta = theta - lr * g / normAll(g)", ["lr"]);
    expect(count(first!.text, "v128.store")).toBe(0);
    expect(count(first!.text, "(v128.load ")).toBe(4);
    expect(count(last!.text, "(v128.load ")).toBe(8);
  });

  test("equal stages have equal texts, and only what is called is defined", () => {
    const [a] = kernels("theta = theta - lr * tanh(g)", ["lr"]);
    const [b] = kernels("u = tanh(g)\ntheta = theta - eta * u", ["eta"]);
    expect(a!.text).toBe(b!.text);
    expect([...a!.text.matchAll(/\(func (\$\w+)/g)].map(([, name]) => name)).toEqual(["$exp", "$tanh"]);
  });

  test.each([
    ["sgd", "theta = theta - lr * g", ["lr"]],
    [
      "clip-then-sgd",
      "g = g * min(1, maxNorm / (normAll(g) + 1e-6))\ntheta = theta - lr * g",
      ["maxNorm", "lr"],
    ],
    ["sign-of-largest", "theta = theta - lr * sign(g) * normInf(g)", ["lr"]],
  ])("the kernels of %s are the reviewed ones", async (name, update, hyper) => {
    const text = kernels(update, hyper)
      .map(({ slots, text }, s) => `;; ${name}, stage ${s}: pass(count, ${slots.join(", ")})\n${text}\n`)
      .join("\n");
    await expect(text).toMatchFileSnapshot(`../../snapshots/${name}.wat`);
  });
});
