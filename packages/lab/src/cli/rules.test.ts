import { rules, transforms } from "@thalweg/optim";
import { expect, test } from "vitest";
import { runCli } from "./testing.ts";

test("rules lists every rule and transform with its state in bytes", async () => {
  const { code, out } = await runCli(["rules", "--json"]);
  expect(code).toBe(0);
  const list: { name: string; kind: string; stateBytesPerParameter: number }[] = JSON.parse(out);
  expect(list.map(({ name }) => name)).toEqual([...Object.keys(rules), ...Object.keys(transforms)]);
  const bytes = Object.fromEntries(list.map((one) => [one.name, one.stateBytesPerParameter]));
  expect(bytes).toMatchObject({ sgd: 0, momentum: 4, adam: 8, adamw: 8, lion: 4, clipByValue: 0 }); // 4 per float32 slot
  expect(list.find(({ name }) => name === "clipByGlobalNorm")?.kind).toBe("gradient transform");
});

test("rules NAME gives formula, LaTeX, hyperparameters with their domains, state and source", async () => {
  const { out } = await runCli(["rules", "momentum", "--json"]);
  expect(JSON.parse(out)).toMatchObject({
    name: "momentum",
    state: [{ name: "b", shape: "tensor", initial: "0" }],
    formula: ["b = where(t == 1, g, momentum * b + (1 - dampening) * g)", "theta = theta - lr * b"],
    hyperparameters: [
      { name: "lr", default: 0.01, meaning: "learning rate", domain: "finite and not negative" },
      { name: "momentum", default: 0.9, unit: null, domain: "in [0, 1)" },
      { name: "dampening", default: 0, domain: "in [0, 1]" },
    ],
  });
  expect(JSON.parse(out).latex[1]).toBe(String.raw`\theta \leftarrow \theta - \eta \, b`);
  expect(JSON.parse(out).source).toMatch(/Polyak 1964/);
});

test("rules in text form names each rule once, at the start of a line", async () => {
  const { out } = await runCli(["rules"]);
  for (const name of Object.keys(rules)) expect(out.match(new RegExp(`^${name} `, "gm"))).toHaveLength(1);
});
