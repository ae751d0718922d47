/**
 * The syntax tree of a formula: what was written, with its places, before it means anything.
 */

/** Where in the text, both counted from 1. */
export interface Place {
  line: number;
  column: number;
}

export type SyntaxTree =
  | { kind: "number"; value: number; at: Place }
  | { kind: "name"; name: string; at: Place }
  | { kind: "call"; name: string; operands: SyntaxTree[]; at: Place }
  | { kind: "unary"; operator: UnaryOperator; operand: SyntaxTree; at: Place }
  | { kind: "binary"; operator: BinaryOperator; left: SyntaxTree; right: SyntaxTree; at: Place };

export type UnaryOperator = "-" | "not";
export type BinaryOperator =
  | "+"
  | "-"
  | "*"
  | "/"
  | "^"
  | "<"
  | "<="
  | ">"
  | ">="
  | "=="
  | "!="
  | "and"
  | "or";

/** One line of a formula: `target = value`. */
export interface Statement {
  target: { name: string; at: Place };
  value: SyntaxTree;
}
