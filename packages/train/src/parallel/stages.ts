/**
 * A graph cut where processes must talk: what can be computed before the first exchange, what after it, and so on. Each stage is a
 * session of its own; what a later stage reads of an earlier one is carried over in memory.
 *
 *   stage 0 ─ own₀ ⇄ mean₀ ─ stage 1 ─ own₁ ⇄ mean₁ ─ … ─ last stage
 */
import { ancestors, type DType, type Tensor } from "@thalweg/graph";
import { BoundSession, type SessionOptions, type Values } from "../session.ts";

/** Between two stages: what each process gives, and the input of the graph that takes the mean of it. */
export interface Exchange {
  readonly give: Tensor;
  readonly take: Tensor;
}

export interface StagesOptions extends Pick<SessionOptions, "reads" | "writes" | "threads" | "blocks"> {
  /** In order: what one gives may depend on what those before it take, and on no other. */
  readonly exchanges: readonly Exchange[];
  /** What is computed in the end, by the names of `writes`. */
  readonly outputs: Readonly<Record<string, Tensor>>;
}

export interface Stages {
  /** One session after each exchange and one before the first; undefined where nothing is left to compute. */
  readonly sessions: readonly (BoundSession | undefined)[];
  /** What is given, and where its mean belongs; the same memory. */
  readonly exchanged: readonly Float32Array[];
}

const MEMORY: { readonly [K in DType]?: (size: number) => Values } = {
  float32: (size) => new Float32Array(size),
  bool: (size) => new Uint8Array(size),
  int32: (size) => new Int32Array(size),
  int64: (size) => new BigInt64Array(size),
};

function allocate(tensor: Tensor): Values {
  const make = MEMORY[tensor.dtype];
  if (make !== undefined) return make(tensor.size);
  throw new TypeError(
    `Cannot carry ${tensor} from one stage to the next as it must be one of ${Object.keys(MEMORY).join(", ")}: leave batch statistics to each rank`,
  );
}

/** Compile the stages. Raises RangeError as a session does. */
export async function compileStages(options: StagesOptions): Promise<Stages> {
  const { exchanges, outputs, reads, writes, threads = 1, blocks = true } = options;
  const order = ancestors([...exchanges.map(({ give }) => give), ...Object.values(outputs)]);
  const stageOf = stagesOf(order, exchanges);
  const memory = new Map<string, Values>(reads);
  const given = exchanges.map(({ give, take }) => {
    const values = new Float32Array(give.size);
    memory.set(take.name, values);
    return values;
  });
  const sessions: (BoundSession | undefined)[] = [];
  const carried = new Map<Tensor, Tensor>(); // computed in an earlier stage → the input that it is in a later one
  for (let stage = 0; stage <= exchanges.length; stage++) {
    const rebuilt = rebuild(order, stage, stageOf, carried);
    const wanted: Record<string, Tensor> = {};
    const into = new Map<string, Values>();
    const want = (name: string, tensor: Tensor, values: Values) => {
      wanted[name] = rebuilt.get(tensor) ?? tensor;
      into.set(name, values);
    };
    for (const tensor of carriedFrom(order, stage, stageOf)) {
      const input = tensor.graph.input(`carried/${tensor.id}`, tensor.shape, tensor.dtype);
      const values = allocate(tensor);
      carried.set(tensor, input);
      memory.set(input.name, values);
      want(input.name, tensor, values);
    }
    for (const [i, { give }] of exchanges.entries()) {
      if (stageOf.get(give) === stage) want(`given/${i}`, give, given[i]!);
    }
    for (const [name, tensor] of Object.entries(outputs)) {
      if (stageOf.get(tensor) === stage) want(name, tensor, writes.get(name)!);
    }
    const options = { outputs: wanted, reads: memory, writes: into, threads, blocks };
    sessions.push(into.size === 0 ? undefined : await BoundSession.create(options));
  }
  return { sessions, exchanged: given };
}

/** The first stage in which each tensor can be computed. */
function stagesOf(order: readonly Tensor[], exchanges: readonly Exchange[]): Map<Tensor, number> {
  const taken = new Map(exchanges.map(({ take }, i) => [take, i + 1]));
  const stages = new Map<Tensor, number>();
  for (const tensor of order) {
    const { origin } = tensor;
    const inputs = origin.kind === "call" ? origin.call.inputs : [];
    stages.set(tensor, taken.get(tensor) ?? Math.max(0, ...inputs.map((input) => stages.get(input) ?? 0)));
  }
  return stages;
}

/** What a stage computes and a later one reads. */
function carriedFrom(
  order: readonly Tensor[],
  stage: number,
  stageOf: ReadonlyMap<Tensor, number>,
): Set<Tensor> {
  const found = new Set<Tensor>();
  for (const tensor of order) {
    if (tensor.origin.kind !== "call" || stageOf.get(tensor)! <= stage) continue;
    for (const input of tensor.origin.call.inputs) {
      if (input.origin.kind === "call" && stageOf.get(input) === stage) found.add(input);
    }
  }
  return found;
}

/** The tensors of a stage, computed from what was carried to it. What a composition amounts to is kept where all it reads is there. */
function rebuild(
  order: readonly Tensor[],
  stage: number,
  stageOf: ReadonlyMap<Tensor, number>,
  carried: ReadonlyMap<Tensor, Tensor>,
): Map<Tensor, Tensor> {
  const known = new Map<Tensor, Tensor>(carried);
  for (const tensor of order) {
    if (stageOf.get(tensor) !== stage || tensor.origin.kind !== "call") continue;
    const { graph, origin } = tensor;
    const instead = (x: Tensor) => known.get(x) ?? x;
    known.set(tensor, graph.reapply(origin.call, origin.call.inputs.map(instead))[origin.output]!);
    const composite = graph.composites.get(tensor);
    const isThere = (x: Tensor) => known.has(x) || x.origin.kind !== "call";
    if (composite?.inputs.every(isThere)) {
      graph.composites.set(known.get(tensor)!, { ...composite, inputs: composite.inputs.map(instead) });
    }
  }
  return known;
}
