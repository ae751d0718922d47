/**
 * One stage as WebAssembly text: a function that passes over memory once, `UNROLL` vectors of four at a time.
 *
 *   pass(count, theta, g, m, v, …)   pointers to the slots, in the order of `operands`
 *
 * Scalars come in and reduction results go out through the scratch area. The last block, when it is not full, runs on
 * copies in the scratch area, through the same instructions, so that a tail differs from the rest in nothing; lanes
 * beyond the end are kept out of the reductions by masks. Sums are accumulated in float64.
 */
import type { Expression } from "../expression.ts";
import type { Stage } from "../stages.ts";
import { INSTRUCTIONS, MATH_CALLS } from "./instructions.ts";
import { MATH, MATH_NEEDS, type MathFunction } from "./math.ts";
import { SCRATCH_BYTES } from "./memory.ts";

const UNROLL = 4;
const LANES = 4;
const BLOCK = UNROLL * LANES; // elements per turn of the loop
const BLOCK_BYTES = BLOCK * 4;

/** Where things lie in the scratch area, in bytes. */
export const SCRATCH = { scalars: 64, results: 2_048, tails: 4_096 } as const;
const MAX_SCALARS = (SCRATCH.results - SCRATCH.scalars) / 4;
const MAX_RESULTS = (SCRATCH.tails - SCRATCH.results) / 8;
const MAX_OPERANDS = (SCRATCH_BYTES - SCRATCH.tails) / BLOCK_BYTES;

/** The slots that a stage touches, in the order of the kernel's pointers. */
export function operandSlots(stage: Stage): string[] {
  return [...new Set([...stage.loads, ...stage.stores.keys()])];
}

/** The text of the module that runs a stage; equal stages have equal texts. Raises RangeError when it is too large. */
export function emitStage(stage: Stage): string {
  const slots = operandSlots(stage);
  checkLimits(stage, slots);
  const body = vectors.map((u) => new BlockEmitter(stage, slots, u));
  const lines = body.flatMap((emitter) => emitter.lines);
  const math = mathFunctions(body.flatMap((emitter) => [...emitter.math]));

  const stored = [...stage.stores.keys()];
  const reduces = stage.reductions.length > 0;

  const pointer = (slot: string) => `$p${slots.indexOf(slot)}`;
  const origin = (slot: string) => `$to${slots.indexOf(slot)}`; // where a pointer stood before the tail
  const scratch = (slot: string) => `(i32.const ${SCRATCH.tails + slots.indexOf(slot) * BLOCK_BYTES})`;
  const tailBytes = "(i32.shl (local.get $tail) (i32.const 2))";

  const takeScalars = stage.scalars.map(
    (_, i) => `(local.set $s${i} (v128.load32_splat (i32.const ${SCRATCH.scalars + 4 * i})))`,
  );
  const enterTail = [
    ...stage.loads.map((slot) => `(memory.copy ${scratch(slot)} (local.get ${pointer(slot)}) ${tailBytes})`),
    ...stored.map((slot) => `(local.set ${origin(slot)} (local.get ${pointer(slot)}))`),
    ...slots.map((slot) => `(local.set ${pointer(slot)} ${scratch(slot)})`),
    ...(reduces ? vectors.map(maskTail) : []),
  ];
  const advance = slots.map(
    (slot) =>
      `(local.set ${pointer(slot)} (i32.add (local.get ${pointer(slot)}) (i32.const ${BLOCK_BYTES})))`,
  );
  const leaveTail = stored.map(
    (slot) =>
      `(if (local.get $tail) (then (memory.copy (local.get ${origin(slot)}) ${scratch(slot)} ${tailBytes})))`,
  );

  const text = `(module
  (import "thalweg" "memory" (memory 1))
${indent(
  2,
  math.map((name) => MATH[name]),
)}
  (func (export "pass") (param $count i32)${slots.map((slot) => ` (param ${pointer(slot)} i32)`).join("")}
    (local $tail i32)${stored.map((slot) => ` (local ${origin(slot)} i32)`).join("")}
    ${body
      .flatMap((emitter) => emitter.locals)
      .map((name) => `(local ${name} v128)`)
      .join(" ")}
    ${stage.scalars.map((_, i) => `(local $s${i} v128)`).join(" ")}
${indent(4, takeScalars)}
${indent(4, reduces ? initializeReductions(stage) : [])}
    (block $done
      (loop $next
        (if (i32.lt_u (local.get $count) (i32.const ${BLOCK}))
          (then
            (br_if $done (i32.eqz (local.get $count)))
            (local.set $tail (local.get $count))
${indent(12, enterTail)}
            (local.set $count (i32.const ${BLOCK}))))
${indent(8, lines)}
${indent(8, advance)}
        (local.set $count (i32.sub (local.get $count) (i32.const ${BLOCK})))
        (br $next)))
${indent(4, leaveTail)}
${indent(4, finishReductions(stage))}))`;
  return text.replaceAll(/^\s*\n/gm, "");
}

const indent = (columns: number, lines: readonly string[]) =>
  lines.map((line) => " ".repeat(columns) + line).join("\n");

const vectors = Array.from({ length: UNROLL }, (_, u) => u);

/** Lane by lane, whether the u-th vector of the last block is still inside the tensor. */
function maskTail(u: number): string {
  const lanes = Array.from({ length: LANES }, (_, lane) => u * LANES + lane).join(" ");
  return `(local.set $mask${u} (i32x4.gt_s (i32x4.splat (local.get $tail)) (v128.const i32x4 ${lanes})))`;
}

function checkLimits(stage: Stage, slots: readonly string[]): void {
  const limits = [
    ["scalars", stage.scalars.length, MAX_SCALARS],
    ["reductions", stage.reductions.length, MAX_RESULTS],
    ["slots", slots.length, MAX_OPERANDS],
  ] as const;
  for (const [what, count, limit] of limits) {
    if (count > limit) {
      throw new RangeError(
        `Cannot compile a formula as one stage may use at most ${limit} ${what}: it has ${count}`,
      );
    }
  }
}

function mathFunctions(called: readonly MathFunction[]): MathFunction[] {
  const needed = new Set<MathFunction>();
  const visit = (name: MathFunction) => {
    MATH_NEEDS[name].forEach(visit);
    needed.add(name);
  };
  called.forEach(visit);
  return [...needed];
}

/** Emits the instructions for the u-th vector of a block. */
class BlockEmitter {
  readonly lines: string[] = [];
  readonly locals: string[] = [];
  readonly math = new Set<MathFunction>();
  private readonly stage: Stage;
  private readonly slots: readonly string[];
  private readonly u: number;
  private readonly names = new Map<Expression, string>();

  constructor(stage: Stage, slots: readonly string[], u: number) {
    this.stage = stage;
    this.slots = slots;
    this.u = u;
    if (stage.reductions.length > 0) this.locals.push(`$mask${u}`);
    stage.reductions.forEach((reduction, r) => {
      this.reduce(r, reduction.fn, reduction.operand);
    });
    const stored = [...stage.stores].map(([slot, node]) => [slot, this.value(node)] as const);
    for (const [slot, value] of stored) this.lines.push(`(v128.store ${this.address(slot)} ${value})`);
  }

  private address(slot: string): string {
    return `offset=${this.u * LANES * 4} (local.get $p${this.slots.indexOf(slot)})`;
  }

  /** A WAT expression for the node's value; each tensor node is computed once and kept in a local. */
  private value(node: Expression): string {
    if (node.kind === "constant")
      return `(v128.const f32x4 ${Array(LANES).fill(constantText(node.value)).join(" ")})`;
    if (node.rank === "scalar") return `(local.get $s${this.stage.scalars.indexOf(node)})`;
    const known = this.names.get(node);
    if (known !== undefined) return `(local.get ${known})`;
    const computed = this.compute(node);
    const name = `$v${this.u}_${this.names.size}`;
    this.names.set(node, name);
    this.locals.push(name);
    this.lines.push(`(local.set ${name} ${computed})`);
    return `(local.get ${name})`;
  }

  private compute(node: Expression): string {
    if (node.kind === "slot") return `(v128.load ${this.address(node.name)})`;
    if (node.kind !== "apply") throw new TypeError(`Cannot compile a ${node.kind} as a value per element`);
    const operands = node.operands.map((operand) => this.value(operand));
    const called = MATH_CALLS[node.fn];
    if (called !== undefined) this.math.add(called);
    return INSTRUCTIONS[node.fn](...operands);
  }

  /**
   * Add the masked value to the accumulator of this vector. A sum of products multiplies in float64 too, so that squares
   * neither overflow nor lose digits.
   */
  private reduce(r: number, fn: "sum" | "max", node: Expression): void {
    const total = `$r${r}_${this.u}`;
    this.locals.push(total);
    if (fn === "max") {
      this.lines.push(accumulate(total, "f32x4.max", this.masked(node, "-inf -inf -inf -inf")));
      return;
    }
    const isProduct =
      node.kind === "apply" && node.fn === "multiply" && node.operands.every(({ rank }) => rank === "tensor");
    const factors = (isProduct ? node.operands : [node]).map((factor) => this.masked(factor, "0 0 0 0"));
    const [low, high] = [lowHalf, highHalf].map((half) =>
      factors.map(half).reduce((a, b) => `(f64x2.mul ${a} ${b})`),
    ) as [string, string];
    this.lines.push(accumulate(total, "f64x2.add", `(f64x2.add ${low} ${high})`));
  }

  /** The node's value, with lanes beyond the end of the tensor replaced. */
  private masked(node: Expression, outside: string): string {
    const value = this.value(node);
    const key = `$w${this.u}_${node.id}_${outside.startsWith("0") ? "sum" : "max"}`;
    if (!this.locals.includes(key)) {
      this.locals.push(key);
      this.lines.push(
        `(local.set ${key} (v128.bitselect ${value} (v128.const f32x4 ${outside}) (local.get $mask${this.u})))`,
      );
    }
    return `(local.get ${key})`;
  }
}

const lowHalf = (vector: string) => `(f64x2.promote_low_f32x4 ${vector})`;
const highHalf = (vector: string) =>
  lowHalf(`(i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 ${vector} ${vector})`);

const accumulate = (name: string, instruction: string, value: string) =>
  `(local.set ${name} (${instruction} (local.get ${name}) ${value}))`;

/** A number as WebAssembly text writes it; beyond the range of float32 it is infinite, as it is when scalars are rounded. */
function constantText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  const rounded = Math.fround(value);
  if (!Number.isFinite(rounded)) return rounded > 0 ? "inf" : "-inf";
  return Object.is(value, -0) ? "-0" : String(value);
}

function initializeReductions(stage: Stage): string[] {
  const masks = vectors.map((u) => `(local.set $mask${u} (v128.const i32x4 -1 -1 -1 -1))`);
  const starts = stage.reductions.flatMap(({ fn }, r) =>
    fn === "max" // a sum starts at zero, as locals do
      ? vectors.map((u) => `(local.set $r${r}_${u} (v128.const f32x4 -inf -inf -inf -inf))`)
      : [],
  );
  return [...masks, ...starts];
}

/** How the accumulators of a reduction come together: across vectors, then across lanes, into a float64. */
const JOIN = {
  sum: { vectors: "f64x2.add", lanes: 2, extract: "f64x2.extract_lane", scalars: "f64.add", result: "" },
  max: {
    vectors: "f32x4.max",
    lanes: 4,
    extract: "f32x4.extract_lane",
    scalars: "f32.max",
    result: "f64.promote_f32",
  },
} as const;

function finishReductions(stage: Stage): string[] {
  return stage.reductions.flatMap(({ fn }, r) => {
    const join = JOIN[fn];
    const all = vectors.map((u) => `(local.get $r${r}_${u})`).reduce((a, b) => `(${join.vectors} ${a} ${b})`);
    const lanes = Array.from({ length: join.lanes }, (_, i) => `(${join.extract} ${i} (local.get $r${r}_0))`);
    const total = lanes.reduce((a, b) => `(${join.scalars} ${a} ${b})`);
    const result = join.result === "" ? total : `(${join.result} ${total})`;
    return [`(local.set $r${r}_0 ${all})`, `(f64.store (i32.const ${SCRATCH.results + 8 * r}) ${result})`];
  });
}
