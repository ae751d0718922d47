/**
 * The formula for people: LaTeX, line by line, in the letters of the papers (`beta1` is β₁, `v_hat` is v̂). Assignments
 * are arrows; quotients are fractions.
 */
import { parseFormula } from "./syntax/parse.ts";
import type { SyntaxTree } from "./syntax/tree.ts";

const GREEK = new Set(
  "alpha beta gamma delta epsilon zeta eta theta kappa lambda mu nu xi pi rho sigma tau phi chi psi omega".split(
    " ",
  ),
);

/** Names that the literature writes differently from how a program must. */
const SPELLING: Record<string, string> = {
  lr: "\\eta",
  eps: "\\epsilon",
  epsilon: "\\epsilon",
  epsRoot: "\\epsilon_{\\text{root}}",
  weightDecay: "\\lambda",
  momentum: "\\mu",
  dampening: "\\tau",
};

/** LaTeX of a name: Greek letters, digits as subscripts, `_hat` as a hat, words upright. */
export function nameToLatex(name: string): string {
  const known = SPELLING[name];
  if (known !== undefined) return known;
  const [, stem = name, digits = "", hat] = /^([A-Za-z]+?)(\d*)(_hat)?$/.exec(name) ?? [];
  const letter = GREEK.has(stem)
    ? `\\${stem}`
    : stem.length === 1
      ? stem
      : `\\mathrm{${stem.replaceAll("_", "\\_")}}`;
  const hatted = hat === undefined ? letter : `\\hat{${letter}}`;
  return digits === "" ? hatted : `${hatted}_{${digits}}`;
}

/** One LaTeX line per assignment. Raises FormulaError when the text is not a formula. */
export function toLatex(text: string, rule = "formula"): string[] {
  return parseFormula(text, rule).map(
    ({ target, value }) => `${nameToLatex(target.name)} \\leftarrow ${typeset(value, 0)}`,
  );
}

/** How tightly each operator binds; a child that binds less tightly than its place demands gets parentheses. */
const TIGHTNESS = {
  or: 1,
  and: 2,
  not: 3,
  comparison: 4,
  sum: 5,
  product: 6,
  negation: 7,
  power: 8,
  atom: 9,
};

const COMPARISONS: Record<string, string> = {
  "<": "<",
  "<=": "\\le",
  ">": ">",
  ">=": "\\ge",
  "==": "=",
  "!=": "\\ne",
};

function typeset(tree: SyntaxTree, demanded: number): string {
  const { text, tightness } = write(tree);
  return tightness < demanded ? `\\left(${text}\\right)` : text;
}

function write(tree: SyntaxTree): { text: string; tightness: number } {
  const { atom, comparison, sum, product, negation, power } = TIGHTNESS;
  switch (tree.kind) {
    case "number":
      return { text: numberToLatex(tree.value), tightness: atom };
    case "name":
      return { text: tree.name === "t" ? "t" : nameToLatex(tree.name), tightness: atom };
    case "call":
      return { text: call(tree.name, tree.operands), tightness: atom };
    case "unary":
      return tree.operator === "-"
        ? { text: `-${typeset(tree.operand, product)}`, tightness: negation }
        : { text: `\\lnot ${typeset(tree.operand, TIGHTNESS.not)}`, tightness: TIGHTNESS.not };
    case "binary":
      break;
  }
  const { operator, left, right } = tree;
  switch (operator) {
    case "+":
    case "-":
      return { text: `${typeset(left, sum)} ${operator} ${typeset(right, sum + 1)}`, tightness: sum };
    case "*":
      return {
        text: `${typeset(left, product)} ${times(left, right)} ${typeset(right, product)}`,
        tightness: product,
      };
    case "/":
      return { text: `\\frac{${typeset(left, 0)}}{${typeset(right, 0)}}`, tightness: power };
    case "^": {
      const base = left.kind === "binary" && left.operator === "/" ? atom : power + 1;
      return { text: `${typeset(left, base)}^{${typeset(right, 0)}}`, tightness: power };
    }
    case "and":
    case "or": {
      const own = TIGHTNESS[operator];
      const sign = operator === "and" ? "\\land" : "\\lor";
      return { text: `${typeset(left, own)} ${sign} ${typeset(right, own + 1)}`, tightness: own };
    }
    default:
      return {
        text: `${typeset(left, comparison + 1)} ${COMPARISONS[operator]} ${typeset(right, comparison + 1)}`,
        tightness: comparison,
      };
  }
}

/** A dot where juxtaposition would read as one number. */
const times = (_left: SyntaxTree, right: SyntaxTree) => (right.kind === "number" ? "\\cdot" : "\\,");

function numberToLatex(value: number): string {
  const [mantissa, exponent] = String(value).split("e");
  if (exponent === undefined) return mantissa!;
  const power = `10^{${Number(exponent)}}`;
  return mantissa === "1" ? power : `${mantissa} \\cdot ${power}`;
}

const CALLS: Record<string, (...operands: string[]) => string> = {
  sqrt: (x) => `\\sqrt{${x}}`,
  abs: (x) => `\\left|${x}\\right|`,
  sign: (x) => `\\operatorname{sign}\\left(${x}\\right)`,
  exp: (x) => `e^{${x}}`,
  log: (x) => `\\ln\\left(${x}\\right)`,
  floor: (x) => `\\left\\lfloor ${x} \\right\\rfloor`,
  min: (a, b) => `\\min\\left(${a}, ${b}\\right)`,
  max: (a, b) => `\\max\\left(${a}, ${b}\\right)`,
  where: (condition, a, b) =>
    `\\begin{cases} ${a} & \\text{if } ${condition} \\\\ ${b} & \\text{otherwise} \\end{cases}`,
  sum: (x) => `\\textstyle\\sum ${x}`,
  dot: (a, b) => `\\left\\langle ${a}, ${b} \\right\\rangle`,
  norm: (x) => `\\left\\| ${x} \\right\\|`,
  norm1: (x) => `\\left\\| ${x} \\right\\|_1`,
  normInf: (x) => `\\left\\| ${x} \\right\\|_\\infty`,
  sumAll: (x) => `\\textstyle\\sum_{\\text{all}} ${x}`,
  dotAll: (a, b) => `\\left\\langle ${a}, ${b} \\right\\rangle_{\\text{all}}`,
  normAll: (x) => `\\left\\| ${x} \\right\\|_{\\text{all}}`,
};

function call(name: string, trees: readonly SyntaxTree[]): string {
  const operands = trees.map((tree) => typeset(tree, 0));
  return CALLS[name]?.(...operands) ?? `\\operatorname{${name}}\\left(${operands.join(", ")}\\right)`;
}
