/**
 * Every fused rule at 10⁷ parameters, against a kernel that moves the same bytes with next to no arithmetic; the rules that
 * reduce first, against their passes; many small tensors against one large; and how long a chain takes to compile.
 *
 * Run: npx tsx bench/rules.ts [NAME …]. Without names it replaces its section of RESULTS.md.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { bindUpdate, FlatMemory, fused, resolve, scheduleStages, type TensorGroup } from "@thalweg/formula";
import { adamw, chain, clipByGlobalNorm, type Rule, rules } from "@thalweg/optim";
import { describeCommit, describeLoad, describeMachine } from "./machine.ts";
import { replaceSection } from "./results.ts";

const COUNT = 10_000_000;
const REPEATS = 12;

/** Slots in one memory, filled so that nothing is zero or subnormal; `tensors` cuts them into equal parts. */
function world(names: readonly string[], count: number, tensors = 1) {
  const memory = new FlatMemory((names.length + 1) * FlatMemory.bytesFor(count));
  const vectors = names.map((name) => [name, memory.allocate(count)] as const);
  vectors.forEach(([, vector], k) => {
    for (let i = 0; i < count; i++) vector[i] = 0.5 + ((i * 7 + k) % 16) / 16;
  });
  const size = count / tensors;
  const parts = Array.from({ length: tensors }, (_, i) => ({
    name: `p${i}`,
    shape: [size],
    size,
    slots: Object.fromEntries(
      vectors.map(([name, vector]) => [name, vector.subarray(i * size, (i + 1) * size)]),
    ),
    scalars: {},
  }));
  return { memory, parts };
}

const slotsOf = ({ state, view }: Rule["program"]) => [
  "theta",
  "g",
  ...state,
  ...(view === undefined ? [] : ["view"]),
];

function leastMs(run: () => void): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < REPEATS; i++) {
    const start = performance.now();
    run();
    least = Math.min(least, performance.now() - start);
  }
  return least;
}

function timeRule({ program, hyper }: Pick<Rule, "program" | "hyper">, count: number, tensors = 1): number {
  const { memory, parts } = world(slotsOf(program), count, tensors);
  const group: TensorGroup<Float32Array> = { hyper: { ...hyper }, t: 1, tensors: parts };
  const shared = Object.fromEntries(program.scalars.map(({ name }) => [name, 1]));
  for (const part of parts) Object.assign(part.scalars, shared);
  const bound = bindUpdate(program, [group], fused(memory), shared);
  bound.initialise();
  return leastMs(() => {
    group.t++;
    bound.run();
  });
}

/** A formula that reads and writes what a rule's passes read and write: each store is a load and a sign. */
function timeTraffic(rule: Rule): number {
  return scheduleStages(rule.program).reduce((sum, { loads, stores, reductions }) => {
    const written = [...stores.keys()];
    const [first = "theta"] = written;
    const others = loads.filter((slot) => !written.includes(slot));
    const state = [...new Set([...loads, ...written])].filter((slot) => slot !== "theta" && slot !== "g");
    const local = new Map(["theta", "g", ...state].map((slot, i) => [slot, i < 2 ? slot : `s${i}`]));
    const name = (slot: string) => local.get(slot)!;
    const lines = written.map((slot) => {
      const source = loads.includes(slot) ? name(slot) : name(loads[0] ?? slot);
      const extra = slot === first ? others.map((other) => ` + ${name(other)}`).join("") : "";
      return `${name(slot)} = -${source}${extra}`;
    });
    const read = loads.map(name).join(" + ") || "theta";
    const update = reductions.length > 0 && written.length === 0 ? `total = sum(${read})` : lines.join("\n");
    const declared = Object.fromEntries(
      state.map((slot) => [name(slot), written.includes(slot) ? {} : { initial: "1" }]),
    );
    const sink = update.startsWith("total") ? { total: { shape: "scalar" as const } } : {};
    const program = resolve([
      { name: "traffic", update, hyper: [], state: { ...declared, ...sink }, assigns: [] },
    ]);
    return sum + timeRule({ program, hyper: {} }, COUNT);
  }, 0);
}

const isFused = ({ program }: Rule) =>
  program.matrices.length === 0 && program.before.length === 0 && bindable(program);

/** Programs with matrices have no passes. */
function bindable(program: Rule["program"]): boolean {
  const { memory, parts } = world(slotsOf(program), 16);
  const hyper = Object.fromEntries(program.hyper.map((name) => [name, 0.5]));
  return bindUpdate(program, [{ hyper, t: 1, tensors: parts }], fused(memory)).stageCount > 0;
}

const asked = process.argv.slice(2);
const load = describeLoad();
const rows = Object.values(rules)
  .filter((rule) => isFused(rule) && (asked.length === 0 || asked.includes(rule.name)))
  .map((rule) => {
    const [ms, traffic] = [timeRule(rule, COUNT), timeTraffic(rule)];
    const passes = scheduleStages(rule.program).length;
    const ratio = ms / traffic;
    console.log(`${rule.name.padEnd(22)} ${passes} ${ms.toFixed(2).padStart(7)} ms ${ratio.toFixed(2)}`);
    return { name: rule.name, passes, ms, ratio };
  });

const oneLarge = timeRule(adamw, 1_000_000);
const manySmall = timeRule(chain(clipByGlobalNorm(), adamw), 1_000_000, 1_000);
const manyMerged = timeRule(adamw, 1_000_000, 1_000);
const lambOne = rules.lamb === undefined ? 0 : timeRule(rules.lamb, 1_000_000);
const lambMany = rules.lamb === undefined ? 0 : timeRule(rules.lamb, 1_000_000, 1_000);
const compile: number[] = [];
for (let k = 0; k < 5; k++) {
  const start = performance.now();
  const { program, hyper } = chain(clipByGlobalNorm({ maxNorm: 1 + k }), adamw);
  const { memory, parts } = world(slotsOf(program), 64);
  bindUpdate(program, [{ hyper: { ...hyper }, t: 1, tensors: parts }], fused(memory));
  compile.push(performance.now() - start);
}

const over = rows.filter(({ passes, ratio }) => passes === 1 && ratio > 1.25).map(({ name }) => name);
const section = `## Fused rules at memory speed

${describeMachine()}; ${describeCommit()}; ${load}.

10⁷ float32 parameters in one tensor, one thread, least of ${REPEATS} steps; "÷ traffic" is the time over that of kernels which read and
write the same vectors, pass by pass, with next to no arithmetic.

| rule | passes | ms | ÷ traffic |
| --- | --- | --- | --- |
${rows.map(({ name, passes, ms, ratio }) => `| ${name} | ${passes} | ${ms.toFixed(2)} | ${ratio.toFixed(2)} |`).join("\n")}

Elementwise rules above 1.25: ${over.join(", ") || "none"}. A thousand tensors of a thousand, over one of a million: adamw ${(manyMerged / oneLarge).toFixed(2)} (neighbours are
one call), with a global clip ${(manySmall / oneLarge).toFixed(2)} times plain adamw on one tensor, lamb ${(lambMany / lambOne).toFixed(2)} (a call each). Declaring and compiling a chain of two: ${compile.map((ms) => ms.toFixed(1)).join(" · ")} ms.
`;
console.log(section);
if (asked.length === 0) {
  const page = new URL("RESULTS.md", import.meta.url);
  writeFileSync(page, replaceSection(readFileSync(page, "utf8"), "rules", section));
}
