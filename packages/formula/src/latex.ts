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
const SPELLING: ReadonlyMap<string, string> = new Map([
  ["lr", "\\eta"],
  ["eps", "\\epsilon"],
  ["epsilon", "\\epsilon"],
  ["epsRoot", "\\epsilon_{\\text{root}}"],
  ["weightDecay", "\\lambda"],
  ["momentum", "\\mu"],
  ["dampening", "\\tau"],
  ["noise", "\\xi"], // standard normal
  ["radius", "\\rho"], // of sharpness-aware minimisation
  ["slowStep", "\\alpha"], // of lookahead
  ["thetaOld", "\\theta_{\\text{old}}"],
]);

/** LaTeX of a name: Greek letters, digits as subscripts, `_hat` as a hat, words upright. */
export function nameToLatex(name: string): string {
  const known = SPELLING.get(name);
  if (known !== undefined) return known;
  const [, stem = name, digits = "", hat] = /^([A-Za-z]+?)(\d*)(_hat)?$/.exec(name) ?? [];
  const letter = GREEK.has(stem)
    ? `\\${stem}`
    : /^[A-Za-z]$/.test(stem)
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

/**
 * How tightly each form binds; what binds less tightly than its place demands gets parentheses. `open` forms have no
 * right edge (`\sum x`, a brace of cases), so they stand alone or in parentheses.
 */
const TIGHTNESS = {
  open: 0,
  or: 1,
  and: 2,
  not: 3,
  comparison: 4,
  negation: 5,
  sum: 6,
  product: 7,
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

interface Written {
  text: string;
  tightness: number;
}

function typeset(tree: SyntaxTree, demanded: number): string {
  const { text, tightness } = write(tree);
  return tightness < demanded ? `\\left(${text}\\right)` : text;
}

function write(tree: SyntaxTree): Written {
  switch (tree.kind) {
    case "number":
      return writeNumber(tree.value);
    case "name":
      return { text: nameToLatex(tree.name), tightness: TIGHTNESS.atom };
    case "call":
      return writeCall(tree.name, tree.operands);
    case "unary":
      return tree.operator === "-"
        ? { text: `-${typeset(tree.operand, TIGHTNESS.product)}`, tightness: TIGHTNESS.negation }
        : { text: `\\lnot ${typeset(tree.operand, TIGHTNESS.atom)}`, tightness: TIGHTNESS.not };
    case "binary":
      return writeBinary(tree);
  }
}

function writeBinary({ operator, left, right }: Extract<SyntaxTree, { kind: "binary" }>): Written {
  const { comparison, negation, sum, product, power, atom } = TIGHTNESS;
  switch (operator) {
    case "+":
    case "-": // −a + b needs no parentheses, b + (−a) does
      return { text: `${typeset(left, negation)} ${operator} ${typeset(right, sum + 1)}`, tightness: sum };
    case "*": {
      const first = write(left);
      const factor = typeset(right, product);
      return first.tightness === negation // (−a) b needs no parentheses where −(a b) needs none
        ? { text: `${first.text} ${times(factor)} ${factor}`, tightness: negation }
        : { text: `${typeset(left, product)} ${times(factor)} ${factor}`, tightness: product };
    }
    case "/":
      return { text: `\\frac{${typeset(left, 0)}}{${typeset(right, 0)}}`, tightness: power };
    case "^":
      return { text: `${typeset(left, atom)}^{${typeset(right, 0)}}`, tightness: power };
    case "and":
    case "or": {
      const own = TIGHTNESS[operator];
      const sign = operator === "and" ? "\\land" : "\\lor";
      return { text: `${typeset(left, own)} ${sign} ${typeset(right, own + 1)}`, tightness: own };
    }
    default:
      return {
        text: `${typeset(left, negation)} ${COMPARISONS[operator]} ${typeset(right, negation)}`,
        tightness: comparison,
      };
  }
}

/** A dot where juxtaposition would read as one number. */
const times = (factor: string) => (/^\d/.test(factor) ? "\\cdot" : "\\,");

function writeNumber(value: number): Written {
  if (value === Number.POSITIVE_INFINITY) return { text: "\\infty", tightness: TIGHTNESS.atom };
  const [mantissa = "", exponent] = String(value).split("e");
  if (exponent === undefined) return { text: mantissa, tightness: TIGHTNESS.atom };
  const power = `10^{${Number(exponent)}}`;
  return mantissa === "1"
    ? { text: power, tightness: TIGHTNESS.power }
    : { text: `${mantissa} \\cdot ${power}`, tightness: TIGHTNESS.product };
}

type Notation = (...operands: string[]) => string;

/** Notation with a right edge of its own. */
const CLOSED: Readonly<Record<string, Notation>> = {
  sqrt: (x) => `\\sqrt{${x}}`,
  abs: (x) => `\\left|${x}\\right|`,
  log: (x) => `\\ln\\left(${x}\\right)`,
  floor: (x) => `\\left\\lfloor ${x} \\right\\rfloor`,
  min: (a, b) => `\\min\\left(${a}, ${b}\\right)`,
  max: (a, b) => `\\max\\left(${a}, ${b}\\right)`,
  dot: (a, b) => `\\left\\langle ${a}, ${b} \\right\\rangle`,
  norm: (x) => `\\left\\| ${x} \\right\\|`,
  norm1: (x) => `\\left\\| ${x} \\right\\|_1`,
  normInf: (x) => `\\left\\| ${x} \\right\\|_\\infty`,
  dotAll: (a, b) => `\\left\\langle ${a}, ${b} \\right\\rangle_{\\text{all}}`,
  normAll: (x) => `\\left\\| ${x} \\right\\|_{\\text{all}}`,
  rowSum: (x) => `\\operatorname{rowsum}\\left(${x}\\right)`,
  rowMean: (x) => `\\operatorname{rowmean}\\left(${x}\\right)`,
  colSum: (x) => `\\operatorname{colsum}\\left(${x}\\right)`,
  colMean: (x) => `\\operatorname{colmean}\\left(${x}\\right)`,
  positionSum: (x) => `\\operatorname{possum}\\left(${x}\\right)`,
  orthogonalize: (x) => `\\operatorname{NS}_5\\left(${x}\\right)`,
  orthogonalizeQuintic: (x) => `\\operatorname{NS}_5^{\\text{quintic}}\\left(${x}\\right)`,
  orthogonalizePolar: (x) => `\\operatorname{NS}_5^{\\text{polar}}\\left(${x}\\right)`,
  eigenvectors: (x) => `\\operatorname{eigvecs}\\left(${x}\\right)`,
  orthonormalBasis: (x) => `\\operatorname{qr}\\left(${x}\\right)`,
  sortingPermutation: (x) => `\\operatorname{sort}\\left(${x}\\right)`,
  diagonal: (x) => `\\operatorname{diag}\\left(${x}\\right)`,
};

/** A^(−1/p), or A^(−1) for p = 1. */
function writeInverseRoot(base: string, root: SyntaxTree): Written {
  const isOne = root.kind === "number" && root.value === 1;
  const exponent = isOne ? "-1" : `-1/${typeset(root, TIGHTNESS.atom)}`;
  return { text: `${base}^{${exponent}}`, tightness: TIGHTNESS.power };
}

function writeCall(name: string, trees: readonly SyntaxTree[]): Written {
  const { open, product, power, atom } = TIGHTNESS;
  const operands = trees.map((tree) => typeset(tree, 0));
  const [first, ...others] = trees;
  const [second] = others;
  if (first !== undefined) {
    switch (name) {
      case "exp":
        return { text: `e^{${operands[0]}}`, tightness: power };
      case "transpose":
        return { text: `${typeset(first, atom)}^{\\top}`, tightness: power };
      case "inverseRoot":
        if (second === undefined) break;
        return writeInverseRoot(typeset(first, atom), second);
      case "identityLike":
        return { text: "I", tightness: atom };
      case "matmul":
        if (second === undefined) break;
        return { text: `${typeset(first, product)} \\, ${typeset(second, product)}`, tightness: product };
      case "sum":
        return { text: `\\textstyle\\sum ${typeset(first, product)}`, tightness: open };
      case "sumAll":
        return { text: `\\textstyle\\sum_{\\text{all}} ${typeset(first, product)}`, tightness: open };
      case "where": {
        const [a, b] = others.map((tree) => typeset(tree, 0));
        const rows = `${a} & \\text{if } ${operands[0]} \\\\ ${b} & \\text{otherwise}`;
        return { text: `\\begin{cases} ${rows} \\end{cases}`, tightness: open };
      }
    }
  }
  const notation = Object.hasOwn(CLOSED, name) ? CLOSED[name] : undefined;
  const upright = `\\operatorname{${name.replaceAll("_", "\\_")}}`;
  return {
    text: notation?.(...operands) ?? `${upright}\\left(${operands.join(", ")}\\right)`,
    tightness: atom,
  };
}
