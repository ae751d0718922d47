/**
 * An order of computation found greedily for its memory alone. It is good where a graph was built without thought of memory, and
 * can be worse than the order built, which looks further ahead than one step: `order.ts` compares the two.
 */
import type { Application, Tensor } from "../graph.ts";
import { bytesOf } from "./memory.ts";

interface Node {
  readonly call: Application;
  readonly number: number;
  /** Distinct operands that are computed, and how many of them are still to come. */
  readonly operands: readonly Tensor[];
  waits: number;
  /** What it adds to memory, what it lets go counted, when it was put into the queue last. */
  cost: number;
}

/**
 * List scheduling: of all calls whose operands are there, the next is the one that adds least to memory, what it lets go
 * counted; the first built among equals.
 */
export function thriftyOrder(built: readonly Tensor[], outputs: readonly Tensor[]): Tensor[] {
  const nodes = new Map<Application, Node>();
  const readersOf = new Map<Tensor, Node[]>();
  const readsLeft = new Map<Tensor, number>(outputs.map((output) => [output, Number.POSITIVE_INFINITY]));
  const order: Tensor[] = [];
  for (const tensor of built) {
    if (tensor.origin.kind !== "call") order.push(tensor);
    else if (!nodes.has(tensor.origin.call)) {
      const { call } = tensor.origin;
      const operands = [...new Set(call.inputs)].filter(({ origin }) => origin.kind === "call");
      const node = { call, number: tensor.id, operands, waits: operands.length, cost: 0 };
      nodes.set(call, node);
      for (const x of operands) {
        readersOf.set(x, [...(readersOf.get(x) ?? []), node]);
        readsLeft.set(x, (readsLeft.get(x) ?? 0) + 1);
      }
    }
  }
  const costOf = ({ call, operands }: Node): number =>
    call.outputs.reduce((sum, x) => sum + (readsLeft.has(x) ? bytesOf(x) : 0), 0) -
    operands.reduce((sum, x) => sum + (readsLeft.get(x) === 1 ? bytesOf(x) : 0), 0);
  const queue = new Queue();
  const enqueue = (node: Node) => {
    node.cost = costOf(node);
    queue.push(node, node.cost);
  };
  for (const node of nodes.values()) if (node.waits === 0) enqueue(node);
  const wanted = new Set(built);
  for (let node = queue.pop(); node; node = queue.pop()) {
    order.push(...node.call.outputs.filter((output) => wanted.has(output)));
    node.cost = Number.NaN; // done: equal to no cost that an old entry of the queue has
    for (const x of node.operands) {
      readsLeft.set(x, readsLeft.get(x)! - 1);
      if (readsLeft.get(x) !== 1) continue;
      const last = readersOf.get(x)!.find(({ waits, cost }) => waits === 0 && !Number.isNaN(cost));
      if (last) enqueue(last); // it lets x go now
    }
    for (const output of node.call.outputs)
      for (const reader of readersOf.get(output) ?? []) if (--reader.waits === 0) enqueue(reader);
  }
  return order;
}

/** A binary heap of nodes, the cheapest first. A node may be in it again with another cost; the old entry is passed over. */
class Queue {
  readonly #heap: { readonly node: Node; readonly cost: number }[] = [];

  push(node: Node, cost: number): void {
    const heap = this.#heap;
    let at = heap.push({ node, cost }) - 1;
    while (at > 0 && this.#before(at, (at - 1) >> 1)) at = this.#swap(at, (at - 1) >> 1);
  }

  pop(): Node | undefined {
    for (;;) {
      const top = this.#take();
      if (!top || top.cost === top.node.cost) return top?.node;
    }
  }

  #take() {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (!last || heap.length === 0) return top;
    heap[0] = last;
    let at = 0;
    for (;;) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2])
        if (child < heap.length && this.#before(child, least)) least = child;
      if (least === at) return top;
      at = this.#swap(at, least);
    }
  }

  #before(a: number, b: number): boolean {
    const [x, y] = [this.#heap[a]!, this.#heap[b]!];
    return x.cost < y.cost || (x.cost === y.cost && x.node.number < y.node.number);
  }

  #swap(a: number, b: number): number {
    const heap = this.#heap;
    [heap[a], heap[b]] = [heap[b]!, heap[a]!];
    return b;
  }
}
