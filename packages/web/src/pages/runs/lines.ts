/** From groups of runs to the lines of a chart: each run faint behind its group's mean, the raw line behind the smoothed one. */
import type { Columns } from "../../columns.ts";
import { type Aggregate, aggregate, type Band, type Centre, type Measured, smooth } from "./aggregate.ts";
import { X_AXES, type XName } from "./axes.ts";
import type { Line } from "./curves.ts";
import type { Group } from "./groups.ts";
import type { RunSummary } from "./types.ts";

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
    const found = group.runs.flatMap((run) => {
      const own = columns(run.key);
      const curve = own && measuredOf(own, run, measure, x);
      return own === undefined || curve === undefined ? [] : [{ own, curve }];
    });
    if (found.length === 0) continue;
    const common = { id: group.id, label: group.label, colour };
    const dash = DASHES[Math.floor(colour / COLOURS) % DASHES.length]!;
    const sources = found.map(({ own }) => own);
    const together = remembered(`${group.id} ${measure} ${x} ${centre} ${band}`, sources, () =>
      aggregate(
        found.map(({ curve }) => curve),
        centre,
        band,
      ),
    );
    if (found.length > 1) {
      for (const { curve } of found) lines.push({ ...common, x: curve.x, y: curve.y, weight: "faint" });
    }
    if (smoothing > 0) lines.push({ ...common, x: together.x, y: together.y, weight: "faint" });
    const shown = { ...together, y: smooth(together.y, smoothing) };
    lines.push({ ...common, ...shown, weight: "normal", dash });
  }
  return lines;
}

function measuredOf(columns: Columns, run: RunSummary, measure: string, x: XName): Measured | undefined {
  const [step, y] = [columns.get("step"), columns.get(measure)];
  const xs = X_AXES[x].of(columns, run);
  return step === undefined || y === undefined || xs === undefined ? undefined : { step, x: xs, y };
}

/** While runs come in one by one, the groups that are complete are not computed again; columns that change are other columns. */
function remembered(key: string, sources: readonly Columns[], compute: () => Aggregate): Aggregate {
  const known = memory.get(key);
  if (known?.sources.length === sources.length && known.sources.every((one, i) => one === sources[i])) {
    return known.result;
  }
  const result = compute();
  if (memory.size > MOST_REMEMBERED) memory.clear();
  memory.set(key, { sources, result });
  return result;
}
const memory = new Map<string, { sources: readonly Columns[]; result: Aggregate }>();
const MOST_REMEMBERED = 1_000;
