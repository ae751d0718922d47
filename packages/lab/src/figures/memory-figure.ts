/**
 * Memory as stacked bars: a bar for each way to train, its parts in the order in which they last, what stays first. Colours are Okabe
 * and Ito's, which are told apart by all eyes; each part is also named in a key with its share of the last bar.
 */
import * as Plot from "@observablehq/plot";
import { MEMORY_PARTS, type MemoryPart } from "@thalweg/train";
import { draw } from "../report/chart.ts";
import { standalone } from "./standalone.ts";

export interface MemoryBar {
  readonly label: string;
  readonly bytes: Readonly<Record<MemoryPart, number>>;
}

export interface MemoryDrawing {
  readonly title: string;
  readonly subtitle: string;
  /** From top to bottom; the last is what was asked for. */
  readonly bars: readonly MemoryBar[];
}

const STYLES: Readonly<Record<MemoryPart, readonly [name: string, colour: string]>> = {
  parameters: ["parameters", "#0072b2"],
  masters: ["master copies", "#56b4e9"],
  gradients: ["gradients", "#009e73"],
  state: ["optimizer state", "#e69f00"],
  buffers: ["buffers", "#999999"],
  inputs: ["batch, noise, constants", "#f0e442"],
  activations: ["activations", "#d55e00"],
  workspace: ["backward's workspace", "#cc79a7"],
};

const WIDTH = 640;
const MARGIN = { marginLeft: 92, marginRight: 24, marginTop: 66 };
const BAR = 40;
const KEY_LINE = 20;

/** SVG text of the bars. */
export function memoryFigure({ title, subtitle, bars }: MemoryDrawing): string {
  const most = Math.max(...bars.map(totalOf));
  const [unit, factor] = most >= 1e9 ? ["GB", 1e9] : most >= 1e6 ? ["MB", 1e6] : ["kB", 1e3];
  const shown = MEMORY_PARTS.filter((part) => bars.some(({ bytes }) => bytes[part] > 0));
  const pieces = bars.flatMap(({ label, bytes }) =>
    shown.map((part) => ({ label, value: bytes[part] / (factor as number), colour: STYLES[part][1] })),
  );
  const last = bars.at(-1)!;
  const key = shown.map((part, k) => ({
    text: `${STYLES[part][0]}  ${(last.bytes[part] / (factor as number)).toPrecision(3)} ${unit}`,
    colour: STYLES[part][1],
    column: k % 2,
    row: Math.floor(k / 2),
  }));
  const keyHeight = KEY_LINE * Math.ceil(shown.length / 2);
  const marginBottom = 58 + keyHeight;
  const inner = BAR * bars.length;
  const keyAt = (row: number) => inner + 56 + row * KEY_LINE;
  const options: Plot.PlotOptions = {
    width: WIDTH,
    height: MARGIN.marginTop + inner + marginBottom,
    ...MARGIN,
    marginBottom,
    x: {
      label: unit as string,
      labelAnchor: "center",
      labelArrow: "none",
      labelOffset: 34,
      grid: true,
      domain: [0, 1.08 * (most / (factor as number))],
    },
    y: { label: null, domain: bars.map(({ label }) => label), padding: 0.25 },
    marks: [
      Plot.barX(pieces, Plot.stackX({ x: "value", y: "label", fill: "colour", order: null })),
      Plot.text(bars, {
        x: (bar: MemoryBar) => totalOf(bar) / (factor as number),
        y: "label",
        text: (bar: MemoryBar) => (totalOf(bar) / (factor as number)).toPrecision(3),
        textAnchor: "start",
        dx: 5,
      }),
      ...key.flatMap(({ text, colour, column, row }) => {
        const place = {
          frameAnchor: "top-left",
          dx: column * 260,
          dy: keyAt(row),
          lineAnchor: "middle",
        } as const;
        return [
          Plot.text(["■"], { ...place, fill: colour, fontSize: 16 }),
          Plot.text([text], { ...place, dx: place.dx + 18 }),
        ];
      }),
      Plot.text([title], { frameAnchor: "top-left", dx: -80, dy: -54, fontSize: 15, fontWeight: 600 }),
      Plot.text([subtitle], { frameAnchor: "top-left", dx: -80, dy: -32, fillOpacity: 0.75 }),
    ],
  };
  const said = bars.map(
    (bar) => `${bar.label} ${(totalOf(bar) / (factor as number)).toPrecision(3)} ${unit}`,
  );
  return standalone(draw(options, `${title}. ${said.join(", ")}`));
}

const totalOf = ({ bytes }: MemoryBar): number => MEMORY_PARTS.reduce((sum, part) => sum + bytes[part], 0);
