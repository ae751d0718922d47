/**
 * A function of x and y as a person types it: `sin(x)^2 + (y - x^2)^2 / 10`. mathjs reads the text; what may stand in it is the tables below, and nothing else is
 * ever run. Values and exact derivatives come from one pass over the tree (forward mode: each part is its value and its two slopes).
 */
import { all, create, type MathNode } from "mathjs/number";
import type { Pair, Surface } from "./surface.ts";

/** A value, and its slopes in x and in y. */
type Dual = readonly [value: number, dx: number, dy: number];

type Unary = readonly [f: (u: number) => number, slope: (u: number, f: number) => number];

/** f(u), and df/du by u and f. */
const FUNCTIONS: Readonly<Record<string, Unary>> = {
  abs: [Math.abs, (u) => Math.sign(u)],
  acos: [Math.acos, (u) => -1 / Math.sqrt(1 - u * u)],
  asin: [Math.asin, (u) => 1 / Math.sqrt(1 - u * u)],
  atan: [Math.atan, (u) => 1 / (1 + u * u)],
  cbrt: [Math.cbrt, (_, f) => 1 / (3 * f * f)],
  cos: [Math.cos, (u) => -Math.sin(u)],
  cosh: [Math.cosh, Math.sinh],
  exp: [Math.exp, (_, f) => f],
  log: [Math.log, (u) => 1 / u],
  log10: [Math.log10, (u) => 1 / (u * Math.LN10)],
  log2: [Math.log2, (u) => 1 / (u * Math.LN2)],
  sign: [Math.sign, () => 0],
  sin: [Math.sin, Math.cos],
  sinh: [Math.sinh, Math.cosh],
  sqrt: [Math.sqrt, (_, f) => 1 / (2 * f)],
  square: [(u) => u * u, (u) => 2 * u],
  tan: [Math.tan, (_, f) => 1 + f * f],
  tanh: [Math.tanh, (_, f) => 1 - f * f],
};

type Binary = (a: Dual, b: Dual) => Dual;

const OPERATORS: Readonly<Record<string, Binary>> = {
  "+": ([a, ax, ay], [b, bx, by]) => [a + b, ax + bx, ay + by],
  "-": ([a, ax, ay], [b, bx, by]) => [a - b, ax - bx, ay - by],
  "*": ([a, ax, ay], [b, bx, by]) => [a * b, ax * b + a * bx, ay * b + a * by],
  "/": ([a, ax, ay], [b, bx, by]) => [a / b, (ax * b - a * bx) / (b * b), (ay * b - a * by) / (b * b)],
  // d(aᵇ) = b aᵇ⁻¹ da + aᵇ ln a db; the second only where b moves, as ln a need not exist
  "^": ([a, ax, ay], [b, bx, by]) => {
    const value = a ** b;
    const outer = b === 0 ? 0 : b * a ** (b - 1);
    const inner = bx === 0 && by === 0 ? 0 : value * Math.log(a);
    return [value, outer * ax + inner * bx, outer * ay + inner * by];
  },
};

const TWO: Readonly<Record<string, Binary>> = {
  max: (a, b) => (a[0] >= b[0] ? a : b),
  min: (a, b) => (a[0] <= b[0] ? a : b),
  pow: OPERATORS["^"]!,
};

const CONSTANTS: Readonly<Record<string, number>> = { pi: Math.PI, e: Math.E, tau: 2 * Math.PI };

type Part = (x: number, y: number) => Dual;

/** What cannot be read, and where, counted from 1. */
export class ExpressionError extends SyntaxError {
  override readonly name = "ExpressionError";
  readonly column: number;
  constructor(column: number, message: string) {
    super(message);
    this.column = column;
  }
}

const math = create(all!);

const KNOWN = `x, y, ${Object.keys(CONSTANTS).join(", ")}, ${[...Object.keys(FUNCTIONS), ...Object.keys(TWO)].join(", ")}`;

/** The surface of a text. Raises ExpressionError. */
export function expressionSurface(text: string): Surface {
  const tree = parse(text);
  const part = compile(tree, text);
  const view = { x: [-3, 3], y: [-3, 3] } as const;
  const start: Pair = [-2, 2];
  return {
    name: "typed",
    formula: text,
    latex: tree.toTex({ parenthesis: "auto" }),
    summary: "",
    value: (x, y) => part(x, y)[0],
    gradient: (x, y, into) => {
      const [, dx, dy] = part(x, y);
      into[0] = dx;
      into[1] = dy;
    },
    minima: [],
    least: undefined,
    view,
    start,
    source: "",
  };
}

function parse(text: string): MathNode {
  if (text.trim() === "")
    throw new ExpressionError(1, `Cannot read the function as it is empty: type one of x and y`);
  try {
    return math.parse(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const [, at] = /\(char (\d+)\)/.exec(message) ?? [];
    throw new ExpressionError(
      Number(at ?? 1),
      `Cannot read the function: ${message.replace(/\s*\(char \d+\)/, ` at column ${at}`)}`,
    );
  }
}

/** Where a word stands, counted from 1; the tree does not remember. */
const columnOf = (text: string, word: string): number =>
  Math.max(0, text.search(new RegExp(`(?<![\\w.])${word.replace(/\W/g, "\\$&")}(?!\\w)`))) + 1;

interface Shaped {
  readonly type: string;
  readonly name?: string;
  readonly value?: unknown;
  readonly op?: string;
  readonly content?: MathNode;
  readonly args?: readonly MathNode[];
  readonly fn?: { readonly name?: string };
}

function compile(node: MathNode, text: string): Part {
  const { type, name = "", value, op = "", content, args = [], fn } = node as unknown as Shaped;
  if (type === "ParenthesisNode" && content !== undefined) return compile(content, text);
  if (type === "ConstantNode" && typeof value === "number") {
    const dual: Dual = [value, 0, 0];
    return () => dual;
  }
  if (type === "SymbolNode") return symbol(name, text);
  if (type === "OperatorNode") {
    const [a, b] = args.map((one) => compile(one, text));
    if (b === undefined && a !== undefined && op === "-") return (x, y) => negate(a(x, y));
    if (b === undefined && a !== undefined && op === "+") return a;
    const operator = Object.hasOwn(OPERATORS, op) ? OPERATORS[op] : undefined;
    if (a !== undefined && b !== undefined && operator !== undefined)
      return (x, y) => operator(a(x, y), b(x, y));
    throw new ExpressionError(columnOf(text, op), `Cannot use "${op}" here: there are + - * / ^`);
  }
  if (type === "FunctionNode") return call(fn?.name ?? "", args, text);
  throw new ExpressionError(
    1,
    `Cannot read the function as it must be one expression of x and y: found ${node.toString()}`,
  );
}

const negate = ([value, dx, dy]: Dual): Dual => [-value, -dx, -dy];

function symbol(name: string, text: string): Part {
  if (name === "x") return (x) => [x, 1, 0];
  if (name === "y") return (_, y) => [y, 0, 1];
  if (Object.hasOwn(CONSTANTS, name)) {
    const dual: Dual = [CONSTANTS[name]!, 0, 0];
    return () => dual;
  }
  throw new ExpressionError(columnOf(text, name), `There is no "${name}" here: there are ${KNOWN}`);
}

function call(name: string, args: readonly MathNode[], text: string): Part {
  const [a, b, ...more] = args.map((one) => compile(one, text));
  const one = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  const two = Object.hasOwn(TWO, name) ? TWO[name] : undefined;
  if (one === undefined && two === undefined) {
    throw new ExpressionError(columnOf(text, name), `There is no function "${name}": there are ${KNOWN}`);
  }
  if (one !== undefined && a !== undefined && b === undefined) {
    const [f, slope] = one;
    return (x, y) => {
      const [u, dx, dy] = a(x, y);
      const value = f(u);
      const factor = slope(u, value);
      return [value, factor * dx, factor * dy];
    };
  }
  if (two !== undefined && a !== undefined && b !== undefined && more.length === 0)
    return (x, y) => two(a(x, y), b(x, y));
  throw new ExpressionError(
    columnOf(text, name),
    `Cannot call ${name} as it takes ${one !== undefined ? "one value" : "two values"}: found ${args.length}`,
  );
}
