/**
 * The final table on a terminal: the page's numbers in aligned columns, in two blocks of at most 120 characters.
 *
 * First what came out, then what it took. When the terminal is narrower than the first block, its least needed columns are left out, one by one;
 * the page has them all.
 */
import picocolors from "picocolors";
import type { Comparison } from "./comparison.ts";
import { type Cell, columnHeads, type Row, rows } from "./table.ts";

export interface TableOptions {
  color: boolean;
  /** Width of the terminal in characters. */
  columns: number;
}

type Name = keyof Row;

const RESULTS: readonly Name[] = ["rule", "accuracy", "accuracyDifference", "verdict", "loss"];
const COSTS: readonly Name[] = ["rule", "tuned", "toTarget", "cost", "time"];
/** Left out in this order when the terminal is narrow. */
const DISPENSABLE: readonly Name[] = ["loss", "verdict", "time", "cost", "accuracyDifference"];
const ALIGNED_LEFT: ReadonlySet<Name> = new Set(["rule", "tuned", "verdict"]);
const GAP = "   ";

/** The table as text with a final newline. */
export function renderTable(comparison: Comparison, { color, columns }: TableOptions): string {
  return [RESULTS, COSTS].map((names) => block(comparison, names, { color, columns })).join("\n");
}

function block(comparison: Comparison, names: readonly Name[], { color, columns }: TableOptions): string {
  const heads = columnHeads(comparison);
  const built = names.map((name) => {
    const { title, unit } = heads[name];
    const cells = rows(comparison).map((row) => inOneLine(row[name], name));
    const lines = [title, name === "verdict" ? "" : unit, ...cells];
    return { name, lines, width: Math.max(...lines.map((line) => line.length)) };
  });
  const total = () => built.reduce((sum, { width }) => sum + width, GAP.length * (built.length - 1));
  for (const name of DISPENSABLE) {
    if (total() <= columns) break;
    const index = built.findIndex((column) => column.name === name);
    if (index >= 0) built.splice(index, 1);
  }
  const paint = picocolors.createColors(color);
  const count = built[0]?.lines.length ?? 0;
  return Array.from({ length: count }, (_, k) => {
    const line = built
      .map(({ name, lines, width }) => {
        const text = lines[k] ?? "";
        const padded = ALIGNED_LEFT.has(name) ? text.padEnd(width) : text.padStart(width);
        if (k === 0) return paint.bold(padded);
        if (k === 1) return paint.dim(padded);
        if (name === "rule") return paint.bold(padded);
        if (name === "verdict" && text.startsWith("distinguishable")) return paint.green(padded);
        return text.includes("diverged") ? paint.yellow(padded) : padded;
      })
      .join(GAP);
    return `${color ? line : line.trimEnd()}\n`;
  }).join("");
}

/** Value and the first line of its detail side by side; the rest stays on the page. */
function inOneLine(cell: Cell | string, name: Name): string {
  if (typeof cell === "string") return cell;
  const [detail = ""] = cell.detail.split(name === "verdict" ? "," : "\n");
  if (detail === "" || name === "cost") return cell.value;
  return name === "verdict" || name === "toTarget" ? `${cell.value} (${detail})` : `${cell.value} ${detail}`;
}
