import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { besides, catalogue, entryNames, rules, transformCatalogue, wrapperCatalogue } from "@thalweg/optim";
import { expect, test } from "vitest";
import { runCli } from "./testing.ts";

const json = async (...args: string[]) => {
  const { code, out, err } = await runCli(["rules", ...args, "--json"]);
  expect(err).toBe("");
  expect(code).toBe(0);
  return JSON.parse(out);
};

test("rules lists every rule, transform and wrapper with its family and its state in bytes", async () => {
  const list: { name: string; family: string; kind: string; stateBytesPerParameter: number }[] = await json();
  const tables = [catalogue, transformCatalogue, wrapperCatalogue, besides];
  expect(list.map(({ name }) => name)).toEqual(tables.flatMap(Object.keys));
  const by = Object.fromEntries(list.map((one) => [one.name, one]));
  const bytes = Object.fromEntries(list.map((one) => [one.name, one.stateBytesPerParameter]));
  expect(bytes).toMatchObject({ sgd: 0, momentum: 4, adam: 8, adamw: 8, lion: 4, clipByValue: 0, ema: 4 }); // 4 per float32 slot
  expect(by.clipByGlobalNorm).toMatchObject({ kind: "gradient transform", family: "clipping" });
  expect(by.lookahead).toMatchObject({ kind: "parameter transform", family: "wrapper" });
  expect(by.frozen).toMatchObject({ kind: "helper", family: "beside" });
  expect(by.adamw).toMatchObject({ kind: "rule", family: "adaptive" });
});

test("rules NAME gives formula, LaTeX, hyperparameters with their domains, state, advice and source", async () => {
  const momentum = await json("momentum");
  expect(momentum).toMatchObject({
    name: "momentum",
    family: "classic",
    state: [{ name: "b", shape: "tensor", initial: "0" }],
    stateBytesPerParameter: 4,
    formula: ["b = where(t == 1, g, momentum * b + (1 - dampening) * g)", "theta = theta - lr * b"],
    hyperparameters: [
      { name: "lr", default: 0.01, meaning: "learning rate", domain: "finite and not negative" },
      { name: "momentum", default: 0.9, unit: null, domain: "in [0, 1)" },
      { name: "dampening", default: 0, domain: "in [0, 1]" },
    ],
    use: catalogue.momentum!.use,
    watch: catalogue.momentum!.watch,
  });
  expect(momentum.latex[1]).toBe(String.raw`\theta \leftarrow \theta - \eta \, b`);
  expect(momentum.source).toMatch(/Polyak 1964/);
});

test("rules NAME says what every symbol means, and its unit", async () => {
  const { symbols } = await json("adam");
  expect(symbols.map(({ name }: { name: string }) => name)).toEqual(
    "m beta1 g v beta2 theta lr t eps".split(" "),
  );
  expect(symbols).toEqual(
    expect.arrayContaining([
      { name: "m", latex: "m", role: "state", meaning: "state: one number per element", unit: null },
      { name: "g", latex: "g", role: "gradient", meaning: "gradient of the loss", unit: "gradient units" },
      expect.objectContaining({
        name: "lr",
        latex: String.raw`\eta`,
        role: "hyperparameter",
        meaning: "learning rate",
      }),
    ]),
  );
  const decay = await json("fullyDecoupledDecay");
  expect(decay.symbols).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ name: "lrPeak", meaning: "learning rate of the rule, before the schedule" }),
    ]),
  );
  const sam = await json("sam");
  expect(sam.phases).toMatchObject([{ gradient: "batch", every: 1 }]);
  expect((await json("ema")).view).toBe("average");
});

test("rules NAME --dialect gives that library's formula and defaults, beside the defaults of all", async () => {
  const keras = await json("rmsprop", "--dialect", "keras");
  expect(keras.chosen.dialect).toBe("keras");
  expect(keras.hyper).toMatchObject({ lr: 1e-3, alpha: 0.9, eps: 1e-7 });
  expect(keras.formula.at(-1)).toBe("theta = theta - lr * g / sqrt(v + eps)");
  expect(keras.defaults).toEqual(
    expect.arrayContaining([
      { choice: "dialect", value: "torch", hyper: { lr: 0.01, alpha: 0.99, eps: 1e-8 } },
      { choice: "dialect", value: "keras", hyper: { lr: 0.001, alpha: 0.9, eps: 1e-7 } },
    ]),
  );
  const centered = await json("rmsprop", "--choose", "centered=true", "--choose", "withMomentum=true");
  expect(centered.chosen).toEqual({ dialect: "torch", centered: true, withMomentum: true });
  expect(centered.stateBytesPerParameter).toBe(12);
});

test.each([
  [["rules", "adm"], /Cannot find the rule "adm".*did you mean "adam"/s],
  [["rules", "adam", "--dialect", "tensorflow"], /dialect must be one of torch, /],
  [["rules", "sgd", "--dialect", "keras"], /it has no option "dialect"/],
  [["rules", "clipByNorm", "--dialect", "keras"], /Cannot show clipByNorm as it has no choice "dialect"/],
  [["rules", "frozen", "--dialect", "keras"], /Cannot show frozen as it has no choice "dialect"/],
  [["rules", "--dialect", "keras"], /Cannot choose dialect without a rule/],
  [["rules", "adam", "--choose", "centered"], /must be name=value/],
])("%j is refused with exit code 2", async (args, message) => {
  const { code, err } = await runCli(args);
  expect(code).toBe(2);
  expect(err).toMatch(message);
});

test("rules in text form names each rule once, at the start of a line, under its family", async () => {
  const { out } = await runCli(["rules"]);
  for (const name of Object.keys(rules)) expect(out.match(new RegExp(`^${name} `, "gm"))).toHaveLength(1);
  for (const family of ["classic", "adaptive", "clipping", "wrapper"]) expect(out).toContain(`# ${family}\n`);
});

test("every entry has a text, with its advice", async () => {
  for (const name of entryNames) {
    const { code, out } = await runCli(["rules", name]);
    expect(code, name).toBe(0);
    expect(out.startsWith(`${name} (`), name).toBe(true);
    for (const part of ["\nUse ", "\nWatch ", "\nSource "]) expect(out, name).toContain(part);
  }
});

test("rules FILE explains a rule of one's own as it does those of the catalogue", async () => {
  const file = join(mkdtempSync(join(tmpdir(), "thalweg-cli-rules-")), "mine.yaml");
  writeFileSync(
    file,
    "name: mine\nhyper: { lr: 0.5 }\nstate: [m]\nupdate: |\n  m = m + g\n  theta = theta - lr * m\n",
  );
  expect(await json(file)).toMatchObject({
    ...{
      name: "mine",
      family: "own",
      stateBytesPerParameter: 4,
      formula: ["m = m + g", "theta = theta - lr * m"],
    },
    latex: [String.raw`m \leftarrow m + g`, String.raw`\theta \leftarrow \theta - \eta \, m`],
    hyperparameters: [{ name: "lr", default: 0.5, meaning: "learning rate" }],
  });
  const { out } = await runCli(["rules", file]);
  expect(out).toMatch(/^mine \(rule, own\)/);
  expect(out).not.toContain("Watch");
  writeFileSync(file, "name: mine\nupdate: |\n  theta = lr\n");
  const refused = await runCli(["rules", file]);
  expect(refused).toMatchObject({ code: 2, out: "" });
  expect(refused.err).toContain(
    "mine.yaml at line 3, column 11: in the formula of mine, found the unknown name",
  );
});
