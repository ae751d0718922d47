/** The diagnostics of a run as one picture: panels in three columns, above them what fired, below what it is of. */
import * as Plot from "@observablehq/plot";
import type { RunDiagnostics } from "../diagnostics/read.ts";
import { draw } from "../report/chart.ts";
import { escapeHtml, trusted } from "../report/html.ts";
import { type Panel, panels } from "./diagnostics-panels.ts";
import { standalone } from "./standalone.ts";

export interface DiagnosticsDrawing {
  readonly run: RunDiagnostics;
  readonly title: string;
  /** What it is of. */
  readonly provenance: string;
}

const COLUMNS = 3;
const [WIDTH, HEIGHT] = [340, 230];
const HEAD = 74;
const LINE = 18;

/** SVG text. Raises RangeError for a run without a line. */
export function diagnosticsFigure({ run, title, provenance }: DiagnosticsDrawing): string {
  const { lines, alerts } = run;
  if (lines.length === 0) {
    throw new RangeError(`Cannot draw ${title} as it needs a line of diagnostics: there is none yet`);
  }
  const span = [lines[0]!.step, Math.max(lines.at(-1)!.step, lines[0]!.step + 1)] as const;
  const drawn = panels.flatMap((panel) => {
    const marks = panel.marks(run);
    return marks === undefined ? [] : [panelSvg(panel, marks, span)];
  });
  const head = HEAD + LINE * Math.max(1, alerts.length);
  const height = head + HEIGHT * Math.ceil(drawn.length / COLUMNS) + 30;
  const place = (svg: string, k: number) =>
    svg.replace("<svg ", `<svg x="${(k % COLUMNS) * WIDTH}" y="${head + Math.floor(k / COLUMNS) * HEIGHT}" `);
  const total = COLUMNS * WIDTH;
  const text = (x: number, y: number, content: string, style = "") =>
    `<text x="${x}" y="${y}" fill="currentColor" ${style}>${escapeHtml(content)}</text>`;
  const said =
    alerts.length === 0
      ? [text(14, HEAD, "No alert fired.", 'fill-opacity="0.75"')]
      : alerts.map(({ name, text: what }, k) =>
          text(14, HEAD + k * LINE, `▲ ${name}: ${what}`, 'style="fill: var(--path)"'),
        );
  return standalone(
    trusted(
      `<svg width="${total}" height="${height}" viewBox="0 0 ${total} ${height}" font-size="12" role="img">` +
        text(14, 26, title, 'font-size="16" font-weight="600"') +
        text(14, 47, subtitleOf(run), 'fill-opacity="0.75"') +
        said.join("") +
        drawn.map(place).join("") +
        text(14, height - 10, provenance, 'font-size="10" fill-opacity="0.65"') +
        "</svg>",
    ),
  );
}

function panelSvg(
  { title, note, x, y }: Panel,
  marks: Plot.Markish[],
  domain: readonly [number, number],
): string {
  const heading = { frameAnchor: "top-left", dx: -44 } as const;
  return draw(
    {
      ...{ width: WIDTH, height: HEIGHT, marginLeft: 58, marginRight: 16, marginTop: 44, marginBottom: 36 },
      x: {
        ...(x ?? { domain: [...domain], label: "step" }),
        ...{ ticks: 5, labelAnchor: "center", labelArrow: "none" },
      },
      y: {
        ...{ label: null, ticks: 5, labelArrow: "none", tickFormat: brief },
        ...y,
      },
      marks: [
        Plot.gridY({ strokeOpacity: 0.1, ticks: 5 }),
        ...marks,
        Plot.text([title], { ...heading, dy: -30, fontWeight: 600 }),
        Plot.text([note], { ...heading, dy: -14, fontSize: 10.5, fillOpacity: 0.7 }),
      ],
    },
    `${title}: ${note}`,
  ).text;
}

const brief = (value: number): string =>
  value !== 0 && (Math.abs(value) < 1e-2 || Math.abs(value) >= 1e5)
    ? value.toExponential(0)
    : String(Number(value.toPrecision(3)));

/** How far it moved in its last half, in words of numbers. */
function subtitleOf({ nonStationarity: panel }: RunDiagnostics): string {
  if (panel === undefined) return "";
  const parts = [
    `steps ${panel.from} to ${panel.to}: the loss changes by ${panel.lossSlope.toExponential(1)} a step`,
    ...(panel.squaredGradient === undefined ? [] : [`‖G‖² ≈ ${brief(panel.squaredGradient)}`]),
    ...(panel.autocorrelation === undefined ? [] : [`cosine of updates ${panel.autocorrelation.toFixed(2)}`]),
    ...(panel.diffusion === undefined ? [] : [`moves as steps to the power ${panel.diffusion.toFixed(2)}`]),
  ];
  return parts.join(" · ");
}
