/** From groups of runs to the lines of a chart: each run faint behind its group's mean, the raw line behind the smoothed one. */
import type { Columns } from "../../columns.ts";
import { aggregate, type Band, type Centre, type Measured, smooth } from "./aggregate.ts";
import { X_AXES, type XName } from "./axes.ts";
import type { Line } from "./curves.ts";
import type { Group } from "./groups.ts";

export interface LinesRequest {
  readonly groups: readonly { readonly group: Group; readonly colour: number }[];
  readonly columns: (key: string) => Columns | undefined;
  readonly measure: string;
  readonly x: XName;
  readonly centre: Centre;
  readonly band: Band;
  /** Weight of a running mean, 0 for none. */
  readonly smoothing: number;
}

const DASHES: readonly (readonly number[])[] = [[], [7, 4], [2, 3], [9, 3, 2, 3]];
const COLOURS = 8;

export function linesOf({ groups, columns, measure, x, centre, band, smoothing }: LinesRequest): Line[] {
  const lines: Line[] = [];
  for (const { group, colour } of groups) {
    const measured = group.runs.flatMap((run): Measured[] => {
      const found = columns(run.key);
      const [step, y] = [found?.get("step"), found?.get(measure)];
      const xs = found && X_AXES[x].of(found, run);
      return step === undefined || y === undefined || xs === undefined ? [] : [{ step, x: xs, y }];
    });
    if (measured.length === 0) continue;
    const common = { id: group.id, label: group.label, colour };
    const dash = DASHES[Math.floor(colour / COLOURS) % DASHES.length]!;
    const together = aggregate(measured, centre, band);
    if (measured.length > 1)
      for (const { x: xs, y } of measured) lines.push({ ...common, x: xs, y, weight: "faint" });
    if (smoothing > 0) lines.push({ ...common, x: together.x, y: together.y, weight: "faint" });
    const shown = { ...together, y: smooth(together.y, smoothing) };
    lines.push({ ...common, ...shown, weight: "normal", dash });
  }
  return lines;
}
