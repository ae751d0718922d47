/**
 * A schedule's text as blocks that can be dragged: the parts of its sequence, each with its length and its settings as they are written. Text and blocks say the
 * same: whatever is done to blocks is written as text, and any text is read as blocks; a part that is no plain call is a block that is moved as a whole.
 *
 *   warmup(10%) > cosine(floor=0.01)   ↔   [warmup, 10%, {}] [cosine, –, { floor: 0.01 }]
 */
import {
  type CallSyntax,
  type Curve,
  curveSteps,
  parseSchedule,
  readSyntax,
  type ScheduleSyntax,
  schedules,
} from "@thalweg/optim";

export interface Block {
  /** The kind of a plain call; empty for anything else. */
  readonly name: string;
  /** As written, `10%` or `300`; empty where it takes what remains. */
  readonly length: string;
  /** As written, by name. */
  readonly settings: Readonly<Record<string, string>>;
  /** The whole text of what is no plain call. */
  readonly text: string;
}

/** The blocks of a text. Raises ScheduleError. */
export function readBlocks(spec: string): Block[] {
  const syntax = readSyntax(spec);
  const parts = syntax.type === "sequence" ? syntax.parts : [syntax];
  return parts.map((part, i) => {
    const plain = plainCall(part);
    if (plain !== undefined) return plain;
    const end = parts[i + 1]?.column ?? spec.length + 1;
    const text = spec
      .slice(part.column - 1, end - 1)
      .trim()
      .replace(/>$/, "")
      .trim();
    return { name: "", length: "", settings: {}, text: balanced(text) };
  });
}

/** A part's column can lie behind the parentheses around it. */
const balanced = (text: string): string => {
  const open = [...text].filter((c) => c === "(").length - [...text].filter((c) => c === ")").length;
  return open < 0 ? `${"(".repeat(-open)}${text}` : text;
};

function plainCall(part: ScheduleSyntax): Block | undefined {
  if (part.type !== "call" || !Object.hasOwn(schedules, part.name)) return undefined;
  const { name, settings }: CallSyntax = part;
  let length = "";
  const named: Record<string, string> = {};
  for (const setting of settings) {
    if ("schedule" in setting) return undefined;
    if (setting.key === null || setting.key === "steps") length = setting.value.text;
    else named[setting.key] = setting.value.text;
  }
  return { name, length, settings: named, text: "" };
}

export const showBlocks = (blocks: readonly Block[]): string =>
  blocks
    .map(({ name, length, settings, text }) => {
      if (name === "") return text;
      const given = [length, ...Object.entries(settings).map(([key, value]) => `${key}=${value}`)].filter(
        (one) => one !== "",
      );
      return given.length === 0 ? name : `${name}(${given.join(", ")})`;
    })
    .join(" > ");

/** How many steps each block takes in a run of so many. Raises ScheduleError. */
export function layOutBlocks(spec: string, steps: number): number[] {
  const { curve } = parseSchedule(spec, steps);
  const parts: readonly Curve[] = curve.kind === "sequence" ? curve.parts : [curve];
  return parts.map(curveSteps);
}

/**
 * The text after the border behind block `index` was moved to a step. Lengths become shares of the run, to a tenth of a percent; the last block takes what remains.
 */
export function moveBorder(
  blocks: readonly Block[],
  lengths: readonly number[],
  index: number,
  to: number,
  steps: number,
): string {
  const starts = lengths.map((_, i) => lengths.slice(0, i).reduce((sum, one) => sum + one, 0));
  const least = Math.max(1, Math.ceil(steps / 200));
  const end = index + 2 < blocks.length ? starts[index + 2]! : steps;
  const border = Math.min(end - least, Math.max(starts[index]! + least, Math.round(to)));
  const borders = [...starts.slice(1), steps].map((one, i) => (i === index ? border : one));
  const moved = blocks.map((block, i) => {
    if (block.name === "" || i === blocks.length - 1)
      return i === blocks.length - 1 ? { ...block, length: "" } : block;
    const from = i === 0 ? 0 : borders[i - 1]!;
    return { ...block, length: `${Number(((100 * (borders[i]! - from)) / steps).toFixed(1))}%` };
  });
  return showBlocks(moved);
}

/** The blocks with one taken from its place and put before another; lengths go with their blocks, and the last takes what remains. */
export function moveBlock(
  blocks: readonly Block[],
  lengths: readonly number[],
  from: number,
  to: number,
  steps: number,
): string {
  const withLengths = blocks.map((block, i) =>
    block.name === ""
      ? block
      : { ...block, length: block.length || `${Number(((100 * lengths[i]!) / steps).toFixed(1))}%` },
  );
  const [taken] = withLengths.splice(from, 1);
  withLengths.splice(to, 0, taken!);
  const last = withLengths.length - 1;
  return showBlocks(
    withLengths.map((block, i) => (i === last && block.name !== "" ? { ...block, length: "" } : block)),
  );
}

/** A block put behind the others: each keeps the share that it had of what is left when the new one takes a fifth. */
export function addBlock(
  blocks: readonly Block[],
  lengths: readonly number[],
  name: string,
  settings: Block["settings"],
  steps: number,
): string {
  const share = blocks.length === 0 ? 0 : 0.8;
  const shorter = blocks.map((block, i) =>
    block.name === ""
      ? block
      : { ...block, length: `${Number(((100 * share * lengths[i]!) / steps).toFixed(1))}%` },
  );
  return showBlocks([...shorter, { name, length: "", settings, text: "" }]);
}

/** What a kind cannot do without, at values that show what it does. */
export const REQUIRED: Readonly<Record<string, Block["settings"]>> = {
  "cosine-restarts": { first: "25%" },
  cyclic: { low: "0.1", up: "10%" },
  "cyclic-momentum": { low: "0.85", high: "0.95", up: "10%" },
  "warmup-cosine": { warmup: "10%" },
  "inverse-time": { rate: "0.02" },
  multistep: { milestones: "[40%, 70%]", gamma: "0.3" },
  piecewise: { boundaries: "[40%, 70%]", values: "[1, 0.5, 0.2]" },
  step: { every: "25%", gamma: "0.5" },
  exponential: { gamma: "0.99" },
};
