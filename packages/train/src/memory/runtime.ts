/**
 * What ONNX Runtime's process really takes for a run, which is more than the lives of the tensors say. Its CPU sessions, as
 * `session.ts` makes them, were found to work so (onnxruntime-node 1.30, from the bytes that each node allocates):
 *
 *   order       depth first, from the last node that nothing reads to the first
 *   Reshape …   share their operand's memory; no other operator takes over an operand's, element by element or not
 *   a dead buffer is given to the next tensor of the same shape, and until then it is kept, however long that is. So what was used
 *               on the way forward lies idle until the way back: the larger part of what checkpoints fail to spare
 *   an arena    hands out the smallest free stretch that is large enough, whole unless it is twice as large; it grows by blocks of
 *               1, 2, 4 … MiB, of which only the pages that were touched count
 *
 * Measured against this model, above the process at rest (bench/RESULTS.md, "Memory"): it says 95 to 103 % of what is taken. Not counted:
 * packed panels inside matrix products (some hundred KB a thread) and what a session holds before it runs.
 *
 * Tried and dropped: ONNX Runtime's parallel mode frees dead buffers at once (a GPT with checkpoints 82 → 58 MB) and takes twice the
 * processor time; without the arena fragments are lost to malloc instead (176 → 193 MB, ResNet-20 59 → 81).
 *
 * Source: onnxruntime/core/framework/allocation_planner.cc (FindReusableTensor), bfc_arena.cc (FindChunkPtr, Extend).
 */
import { type Application, bytesOf, forDepthFirst, type Tensor, VIEWS } from "@thalweg/graph";

/** Bytes that a run takes between its inputs and its outputs, at the worst moment. */
export function arenaBytes(outputs: readonly Tensor[]): number {
  return touchedBytes(planBuffers(executionOrder(outputs), outputs));
}

/** The calls in the order in which ONNX Runtime computes them. */
export function executionOrder(outputs: readonly Tensor[]): Application[] {
  const calls = new Set<Application>();
  for (const { origin } of forDepthFirst(outputs)) if (origin.kind === "call") calls.add(origin.call);
  const numbers = new Map([...calls].map((call, k) => [call, k]));
  const operands = (call: Application): Application[] => [
    ...new Set(call.inputs.flatMap(({ origin }) => (origin.kind === "call" ? [origin.call] : []))),
  ];
  const read = new Set([...calls].flatMap(operands));
  const pending = [...calls].filter((call) => !read.has(call)).map((call) => ({ call, entered: false }));
  const seen = new Set<Application>();
  const order: Application[] = [];
  for (let next = pending.pop(); next; next = pending.pop()) {
    const { call, entered } = next;
    if (entered) order.push(call);
    if (entered || seen.has(call)) continue;
    seen.add(call);
    pending.push({ call, entered: true });
    const before = operands(call).filter((one) => !seen.has(one));
    before.sort((a, b) => numbers.get(a)! - numbers.get(b)!);
    for (const one of before) pending.push({ call: one, entered: false });
  }
  return order;
}

/** A stretch of memory, and the calls before which it is taken and after which it is given back. */
export interface PlannedBuffer {
  readonly bytes: number;
  readonly from: number;
  to: number;
}

/** The buffers of everything that is computed on the way to the outputs, which have memory of their own. */
export function planBuffers(order: readonly Application[], outputs: readonly Tensor[]): PlannedBuffer[] {
  const asked = new Set(outputs);
  const uses = countUses(order, outputs);
  const buffers = new Map<Tensor, Shared>();
  const idle: Shared[] = [];
  const plan: PlannedBuffer[] = [];
  order.forEach(({ operator, inputs, outputs: made }, k) => {
    for (const output of made) {
      const count = uses.get(output) ?? 0;
      if (asked.has(output) || (count === 0 && isLeftOut(operator, output, made))) continue;
      const found = VIEWS.has(operator.name) ? buffers.get(inputs[0]!) : takeIdle(idle, output);
      if (VIEWS.has(operator.name) && !found) continue; // of an input, or of an output
      const buffer = found ?? newBuffer(output, k, plan);
      buffer.uses += count;
      buffer.planned.to = Math.max(buffer.planned.to, k);
      buffers.set(output, buffer);
    }
    for (const input of inputs) {
      const buffer = buffers.get(input);
      if (!buffer) continue;
      buffer.planned.to = k;
      buffer.uses--;
      if (buffer.uses === 0) idle.unshift(buffer);
    }
    for (const output of made) {
      const buffer = buffers.get(output);
      if (buffer?.uses === 0 && !idle.includes(buffer)) idle.unshift(buffer);
    }
  });
  return plan;
}

/** A buffer with the reads to come of all tensors that lie in it. */
interface Shared {
  readonly form: string;
  readonly planned: PlannedBuffer;
  uses: number;
}

const formOf = (tensor: Tensor): string => `${tensor.shape} ${bytesOf(tensor) / Math.max(1, tensor.size)}`;

function newBuffer(tensor: Tensor, at: number, plan: PlannedBuffer[]): Shared {
  const planned = { bytes: bytesOf(tensor), from: at, to: at };
  plan.push(planned);
  return { form: formOf(tensor), planned, uses: 0 };
}

/** The buffer that died last among those of the same shape. */
function takeIdle(idle: Shared[], tensor: Tensor): Shared | undefined {
  const form = formOf(tensor);
  const at = idle.findIndex((buffer) => buffer.form === form);
  return at < 0 ? undefined : idle.splice(at, 1)[0];
}

function countUses(order: readonly Application[], outputs: readonly Tensor[]): Map<Tensor, number> {
  const uses = new Map<Tensor, number>();
  const use = (tensor: Tensor) => uses.set(tensor, (uses.get(tensor) ?? 0) + 1);
  for (const { inputs } of order) inputs.forEach(use);
  outputs.forEach(use);
  return uses;
}

/** Whether an output that nothing reads is not even computed. */
const isLeftOut = (operator: Application["operator"], output: Tensor, made: readonly Tensor[]): boolean =>
  "optionalOutputs" in operator && !!operator.optionalOutputs?.includes(made.indexOf(output));

/** The arena rounds sizes up to this. */
const GRAIN = 256;
const FIRST_REGION = 2 ** 20;
const LARGEST_REGION = 2 ** 30;
/** A free stretch is handed out whole, unless it is twice as large, or so much larger. */
const MOST_WASTE = 2 ** 27;

interface Stretch {
  readonly at: number;
  size: number;
  free: boolean;
}

/** Bytes of the arena that were ever touched, when the buffers are taken and given back in turn. */
export function touchedBytes(plan: readonly PlannedBuffer[]): number {
  const arena = new Arena();
  const starts = group(plan, ({ from }) => from);
  const ends = group(plan, ({ to }) => to);
  const held = new Map<PlannedBuffer, () => void>();
  const last = plan.reduce((most, { to }) => Math.max(most, to), -1);
  for (let k = 0; k <= last; k++) {
    for (const buffer of starts.get(k) ?? []) held.set(buffer, arena.take(buffer.bytes));
    for (const buffer of ends.get(k) ?? []) held.get(buffer)!();
  }
  return arena.touched;
}

function group<T>(items: readonly T[], key: (item: T) => number): ReadonlyMap<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const item of items) {
    const known = groups.get(key(item));
    if (known) known.push(item);
    else groups.set(key(item), [item]);
  }
  return groups;
}

interface Region {
  touched: number;
  readonly stretches: Stretch[];
}

class Arena {
  readonly #regions: Region[] = [];
  #next = FIRST_REGION;

  get touched(): number {
    return this.#regions.reduce((sum, { touched }) => sum + touched, 0);
  }

  /** Take a stretch; what is returned gives it back. */
  take(bytes: number): () => void {
    const size = Math.max(GRAIN, Math.ceil(bytes / GRAIN) * GRAIN);
    const { region, stretch } = this.#find(size) ?? this.#grow(size);
    const { stretches } = region;
    if (stretch.size >= 2 * size || stretch.size - size >= MOST_WASTE) {
      const rest = { at: stretch.at + size, size: stretch.size - size, free: true };
      stretches.splice(stretches.indexOf(stretch) + 1, 0, rest);
      stretch.size = size;
    }
    stretch.free = false;
    region.touched = Math.max(region.touched, stretch.at + bytes);
    return () => giveBack(stretches, stretch);
  }

  /** The smallest free stretch that is large enough; the first among equals. */
  #find(size: number): { region: Region; stretch: Stretch } | undefined {
    let best: { region: Region; stretch: Stretch } | undefined;
    for (const region of this.#regions) {
      for (const stretch of region.stretches) {
        if (!stretch.free || size > stretch.size) continue;
        if (!best || best.stretch.size > stretch.size) best = { region, stretch };
      }
    }
    return best;
  }

  #grow(size: number): { region: Region; stretch: Stretch } {
    const before = this.#next;
    while (this.#next < size) this.#next *= 2;
    const stretch = { at: 0, size: this.#next, free: true };
    const region = { touched: 0, stretches: [stretch] };
    this.#regions.push(region);
    if (this.#next === before) this.#next = Math.min(2 * before, LARGEST_REGION);
    return { region, stretch };
  }
}

/** Free stretches side by side become one. */
function giveBack(stretches: Stretch[], stretch: Stretch): void {
  stretch.free = true;
  const at = stretches.indexOf(stretch);
  const [before, after] = [stretches[at - 1], stretches[at + 1]];
  if (after?.free) {
    stretch.size += after.size;
    stretches.splice(at + 1, 1);
  }
  if (before?.free) {
    before.size += stretch.size;
    stretches.splice(at, 1);
  }
}
