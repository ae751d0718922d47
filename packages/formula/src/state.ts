/**
 * State slots: what a rule remembers from one step to the next. Most have the shape of the parameter and start at zero; some
 * are one number per tensor, or one for all tensors together, and some start from the parameter or a hyperparameter.
 */
import type { Extent } from "./expression.ts";

const EXTENTS = {
  tensor: ["R", "C"],
  scalar: ["1", "1"],
  shared: ["1", "1"],
  rows: ["R", "1"],
  cols: ["1", "C"],
  "rows×rows": ["R", "R"],
  "cols×cols": ["C", "C"],
} as const satisfies Record<string, Extent>;

/** Every shape that a state slot can have. */
export const STATE_SHAPES = Object.keys(EXTENTS) as readonly (keyof typeof EXTENTS)[];

export const slotExtent = (shape: keyof typeof EXTENTS): Extent => EXTENTS[shape];

/** How a slot is declared. */
export interface StateSlot {
  /**
   * "tensor": one number per element (the default). "scalar": one number per parameter tensor. "shared": one number for
   * all tensors that the rule governs. Scalars are kept in float64. The others are matrices, where a parameter is seen
   * as rows × cols: its first dimension by all others together.
   */
  shape?: keyof typeof EXTENTS;
  /** A formula of theta, g and hyperparameters, evaluated before the first step: "theta", "lr". Zero by default. */
  initial?: string;
}

/** Names of plain slots, or names with what is special about them. */
export type StateDeclaration = readonly string[] | Readonly<Record<string, StateSlot>>;

export interface NamedStateSlot extends Required<StateSlot> {
  name: string;
}

/** A declaration with every default filled in. */
export function stateSlots(declaration: StateDeclaration): NamedStateSlot[] {
  const entries: [string, StateSlot][] = isNames(declaration)
    ? declaration.map((name) => [name, {}])
    : Object.entries(declaration);
  return entries.map(([name, { shape = "tensor", initial = "0" }]) => ({ name, shape, initial }));
}

const isNames = (declaration: StateDeclaration): declaration is readonly string[] =>
  Array.isArray(declaration);
