/**
 * Compute a graph's convolutions with ONNX Runtime's blocked kernels, and keep what lies between them in blocks.
 *
 * The graph itself stays ONNX: this is a last rewrite, before `serialize`, for the machine at hand. In topological order each
 * tensor gets the form in which it is computed, plain or in blocks (`rules.ts`); the other form is made when first asked for.
 */
import { type Application, ancestors, type Tensor } from "../graph.ts";
import type { Affine } from "./affine.ts";
import { BLOCKED_DOMAIN } from "./conv.ts";
import { fromBlocks, toBlocks } from "./layout.ts";
import { RULES } from "./rules.ts";
import { elementwise, type Forms, type Lowered, type Step } from "./step.ts";

export interface BlockedGraph {
  /** The same outputs, by the same names. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** Blocked convolutions that the outputs depend on. */
  readonly blocked: number;
  /** Convolutions and weight gradients that stay as they are, each with the reason. */
  readonly plain: readonly { readonly tensor: Tensor; readonly reason: string }[];
}

/** Whether the outputs depend on a convolution, so that lowering them can pay. */
export const convolves = (outputs: Readonly<Record<string, Tensor>>): boolean =>
  ancestors(Object.values(outputs)).some(
    ({ origin }) => origin.kind === "call" && origin.call.operator.name === "Conv",
  );

/** `block` is the number of channels that the machine's kernels take at once. */
export function lowerToBlocks(outputs: Readonly<Record<string, Tensor>>, block: number): BlockedGraph {
  if (!(Number.isInteger(block) && block > 1)) {
    throw new RangeError(
      `Cannot lower to blocks as the block size must be a whole number, 2 or more: found ${block}`,
    );
  }
  const order = ancestors(Object.values(outputs));
  const forms = new LoweredForms(block, countReaders(order, Object.values(outputs)));
  const plain: { tensor: Tensor; reason: string }[] = [];
  for (const tensor of order) {
    const lowered = tensor.graph.scope("blocks", () => lower(tensor, forms));
    if ("reason" in lowered && lowered.reason) plain.push({ tensor, reason: lowered.reason });
    forms.set(tensor, "reason" in lowered ? { plain: asItStands(tensor, forms) } : lowered);
  }
  const finals = Object.entries(outputs).map(([name, tensor]) => [name, forms.plain(tensor)] as const);
  const reached = ancestors(finals.map(([, tensor]) => tensor));
  return { outputs: Object.fromEntries(finals), blocked: reached.filter(isBlockedConv).length, plain };
}

/** One that joins channels: `affine.ts` has others. */
const isBlockedConv = ({ origin }: Tensor): boolean =>
  origin.kind === "call" &&
  origin.call.operator.domain === BLOCKED_DOMAIN &&
  origin.call.operator.name === "Conv" &&
  !(origin.call.inputs[1]!.shape[1] === 1 && origin.call.attributes.group !== 1);

/** By the rule for the composite that the tensor ends, else by its operator's. A convolution that stays plain says why. */
function lower(tensor: Tensor, forms: LoweredForms): Lowered {
  const { graph, origin } = tensor;
  if (origin.kind !== "call") return { plain: tensor };
  const { operator, inputs, attributes, outputs } = origin.call;
  if (outputs.length > 1) return { reason: "" };
  const known = graph.composites.get(tensor);
  // of a graph cut in stages, what the composite reads may be computed nowhere in this one
  const composite = known?.inputs.every((input) => forms.isAtHand(input)) ? known : undefined;
  let reason = "";
  for (const part of [composite, { name: operator.name, inputs, attributes }]) {
    const rule = part && (RULES[part.name] ?? (part !== composite && operator.elementwise && elementwise));
    if (!part || !rule) continue;
    const lowered = rule({ ...part, output: tensor } as unknown as Step<never>, forms);
    if (!("reason" in lowered)) return lowered;
    if (part.name.startsWith("Conv")) reason = lowered.reason;
  }
  return { reason };
}

/** The same operator on the plain forms of its operands. */
function asItStands(tensor: Tensor, forms: LoweredForms): Tensor {
  if (tensor.origin.kind !== "call") return tensor;
  const { call, output } = tensor.origin;
  return forms.reapplied(call)[output]!;
}

function countReaders(order: readonly Tensor[], outputs: readonly Tensor[]): Map<Tensor, number> {
  const counts = new Map<Tensor, number>();
  const count = (x: Tensor) => counts.set(x, (counts.get(x) ?? 0) + 1);
  outputs.forEach(count);
  for (const { origin } of order) if (origin.kind === "call") origin.call.inputs.forEach(count);
  return counts;
}

class LoweredForms implements Forms {
  readonly b: number;
  readonly #plain = new Map<Tensor, Tensor>();
  readonly #blocks = new Map<Tensor, Tensor>();
  readonly #native = new Set<Tensor>();
  readonly #affine = new Map<Tensor, Affine>();
  readonly #readers: ReadonlyMap<Tensor, number>;
  readonly #calls = new Map<Application, readonly Tensor[]>();

  constructor(b: number, readers: ReadonlyMap<Tensor, number>) {
    this.b = b;
    this.#readers = readers;
  }

  set(x: Tensor, form: { blocks: Tensor; affine?: Affine } | { plain: Tensor }): void {
    if ("plain" in form) this.#plain.set(x, form.plain);
    else {
      this.#blocks.set(x, form.blocks);
      this.#native.add(x);
      if (form.affine) this.#affine.set(x, form.affine);
    }
  }

  /** Whether a tensor has a form by now, or needs none as nothing computes it. */
  isAtHand(x: Tensor): boolean {
    return this.#plain.has(x) || this.#blocks.has(x) || x.origin.kind !== "call";
  }

  plain(x: Tensor): Tensor {
    return either(this.#plain, x, () => {
      const blocks = this.#blocks.get(x);
      return blocks === undefined ? x : fromBlocks(blocks);
    });
  }

  blocks(x: Tensor): Tensor {
    return either(this.#blocks, x, () => toBlocks(this.plain(x), this.b));
  }

  /** A call's outputs, computed from the plain forms of its operands. */
  reapplied(call: Application): readonly Tensor[] {
    const operands = call.inputs.map((input) => this.plain(input));
    const same = operands.every((operand, k) => operand === call.inputs[k]);
    const outputs =
      this.#calls.get(call) ?? (same ? call.outputs : call.outputs[0]!.graph.reapply(call, operands));
    this.#calls.set(call, outputs);
    return outputs;
  }

  inBlocks(x: Tensor): boolean {
    return this.#native.has(x);
  }

  readOnce(x: Tensor): boolean {
    return this.#readers.get(x) === 1;
  }

  affine(x: Tensor): Affine | undefined {
    return this.readOnce(x) ? this.#affine.get(x) : undefined;
  }
}

function either(forms: Map<Tensor, Tensor>, x: Tensor, convert: () => Tensor): Tensor {
  const known = forms.get(x) ?? convert();
  forms.set(x, known);
  return known;
}
