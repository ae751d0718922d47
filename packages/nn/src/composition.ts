/**
 * Modules made of modules. A network names its children and says in a plain function how they act on its input; the
 * children's parameters appear under their names, as torch's: `layers.2.attention.weight`. Sequences and residual branches are such networks.
 * An error that arises while a child is built is raised again with the child's place and the line that called the model.
 */
import { add, checkpoint, type Tensor } from "@thalweg/graph";
import { callSite } from "./call-site.ts";
import { type Context, type Declared, type Module, within } from "./module.ts";

type Children = Readonly<Record<string, Module<never, unknown>>>;

/** Each child as a function, to be called where the network uses it. */
export type Applied<C extends Children> = {
  readonly [K in keyof C]: C[K] extends Module<infer Input, infer Output> ? (x: Input) => Output : never;
};

/**
 * A module of named children. Parameters come in torch's order: the network's own, then its children's as they are listed.
 *
 * @example network({ up: linear(8, 32), down: linear(32, 8) }, (x, { up, down }) => add(x, down(relu(up(x)))))
 */
export function network<C extends Children, Input = Tensor, Output = Tensor>(
  children: C,
  forward: (x: Input, children: Applied<C>, context: Context) => Output,
  own: Partial<Declared> = {},
): Module<Input, Output> {
  const entries = Object.entries<Module<never, unknown>>(children);
  const alsoStored = [
    ...(own.alsoStored ?? []),
    ...entries.flatMap(([prefix, child]) =>
      (child.alsoStored ?? []).map(({ name, repeats }) => ({
        name: `${prefix}.${name}`,
        ...(repeats !== undefined && { repeats: `${prefix}.${repeats}` }),
      })),
    ),
  ];
  return {
    parameters: [...(own.parameters ?? []), ...prefixed(entries, (child) => child.parameters)],
    buffers: [...(own.buffers ?? []), ...prefixed(entries, (child) => child.buffers)],
    ...(alsoStored.length > 0 && { alsoStored }),
    forward(x, context) {
      const applied = entries.map(([name, child]) => [
        name,
        (input: never) => applyChild(name, child, input, context),
      ]);
      return locating(context.path, () => forward(x, Object.fromEntries(applied) as Applied<C>, context));
    },
  };
}

const prefixed = <S extends { name: string }>(
  entries: readonly (readonly [string, Module<never, unknown>])[],
  of: (child: Declared) => readonly S[],
): S[] =>
  entries.flatMap(([prefix, child]) =>
    of(child).map((spec) => ({ ...spec, name: `${prefix}.${spec.name}` })),
  );

function applyChild<Input, Output>(
  name: string,
  child: Module<Input, Output>,
  x: Input,
  context: Context,
): Output {
  const inner = within(context, name);
  return context.graph.scope(name, () => locating(inner.path, () => child.forward(x, inner)));
}

/** Modules one after another; the k-th one's names are prefixed with `k.`. */
export const sequential = (...modules: readonly Module[]): Module =>
  named(Object.fromEntries(modules.entries()));

/** Modules one after another, under names of their own, as torch's Sequential of an OrderedDict. Names must not be numbers. */
export const named = (modules: Readonly<Record<string, Module>>): Module =>
  network(modules, (x: Tensor, children) =>
    Object.values<(x: Tensor) => Tensor>(children).reduce((input, child) => child(input), x),
  );

/** y = x + branch(x), names unchanged. Source: He et al., arXiv:1512.03385, eq. 1. */
export const residual = (branch: Module): Module => ({
  ...branch,
  forward: (x, context) => add(x, branch.forward(x, context)),
});

/**
 * The same module, marked: what it computes on the way is not kept for the backward pass but computed again there. It costs a second
 * forward pass of the module, and saves the memory of all it holds but its input and output. Dropout drops the same values again.
 * Source: Chen et al., arXiv:1604.06174.
 */
export const checkpointed = <Output>(module: Module<Tensor, Output>): Module<Tensor, Output> => ({
  ...module,
  forward: (x, context) => checkpoint((input) => module.forward(input!, context), x),
});

/** Errors that already say where they arose. */
const located = new WeakSet<Error>();

/** Run `build`; a complaint of its operators is raised again with the layer's place and the line that called the model. */
function locating<T>(path: string, build: () => T): T {
  try {
    return build();
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof TypeError) || located.has(error)) throw error;
    const layer = path === "" ? "the model" : `layer ${path}`;
    const site = callSite(error);
    const message = `In ${layer}${site === undefined ? "" : `, called at ${site}`}: ${error.message}`;
    const raised =
      error instanceof TypeError
        ? new TypeError(message, { cause: error })
        : new RangeError(message, { cause: error });
    located.add(raised);
    throw raised;
  }
}
