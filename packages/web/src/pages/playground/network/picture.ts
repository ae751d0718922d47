/** What a learner believes about the plane, as a picture: each pixel in the colours of the classes by their probabilities; examples on it. */
import { styleColour } from "../../../charts/colours.ts";
import type { Examples, Split } from "../../../network/examples.ts";
import { GRID } from "../../../network/programs.ts";

export interface ClassColours {
  readonly ground: readonly (readonly [number, number, number])[];
  readonly text: readonly string[];
  readonly page: string;
}

/** Of the classes, as the theme has them now. */
export function classColours(): ClassColours {
  const names = ["--rule-2", "--rule-1", "--rule-3"];
  const text = names.map(styleColour);
  const ground = text.map((colour) => {
    const [r = 0, g = 0, b = 0] = (colour.match(/[\d.]+/g) ?? []).map(Number);
    return [r, g, b] as const;
  });
  return { ground, text, page: styleColour("--page") };
}

/** The points of the grid, row by row from the top: what is classified. */
export function gridPoints(reach: number): Float32Array {
  const x = new Float32Array(2 * GRID * GRID);
  for (let j = 0; j < GRID; j++) {
    for (let i = 0; i < GRID; i++) {
      x[2 * (j * GRID + i)] = (((i + 0.5) / GRID) * 2 - 1) * reach;
      x[2 * (j * GRID + i) + 1] = (1 - ((j + 0.5) / GRID) * 2) * reach;
    }
  }
  return x;
}

export function drawBelief(
  canvas: HTMLCanvasElement,
  probabilities: Float32Array,
  classes: number,
  { ground }: ClassColours,
): void {
  if (canvas.width !== GRID) [canvas.width, canvas.height] = [GRID, GRID];
  const context = canvas.getContext("2d")!;
  const image = context.createImageData(GRID, GRID);
  for (let k = 0; k < GRID * GRID; k++) {
    let [r, g, b] = [0, 0, 0];
    for (let c = 0; c < classes; c++) {
      const p = probabilities[k * classes + c]!;
      const [cr, cg, cb] = ground[c % ground.length]!;
      r += p * cr;
      g += p * cg;
      b += p * cb;
    }
    image.data.set([r, g, b, 150], 4 * k);
  }
  context.putImageData(image, 0, 0);
}

export function drawExamples(
  canvas: HTMLCanvasElement,
  { reach }: Examples,
  { x, labels, count }: Split,
  colours: ClassColours,
): void {
  const size = Math.max(1, canvas.clientWidth) * devicePixelRatio;
  if (canvas.width !== Math.round(size)) [canvas.width, canvas.height] = [Math.round(size), Math.round(size)];
  const context = canvas.getContext("2d")!;
  context.clearRect(0, 0, size, size);
  const radius = Math.max(1.6, size / 130);
  context.lineWidth = 0.8 * devicePixelRatio;
  context.strokeStyle = colours.page;
  for (let i = 0; i < count; i++) {
    context.fillStyle = colours.text[labels[i]! % colours.text.length]!;
    context.beginPath();
    context.arc(
      ((x[2 * i]! / reach + 1) / 2) * size,
      ((1 - x[2 * i + 1]! / reach) / 2) * size,
      radius,
      0,
      2 * Math.PI,
    );
    context.fill();
    context.stroke();
  }
}

/** The first layer's weights as images of `side` × `side`: what each unit looks for. White is zero, the two class colours are signs. */
export function drawWeights(
  canvas: HTMLCanvasElement,
  weights: Float32Array,
  side: number,
  units: number,
  { ground }: ClassColours,
): void {
  const across = Math.ceil(Math.sqrt(units));
  const cell = side + 1;
  [canvas.width, canvas.height] = [across * cell - 1, Math.ceil(units / across) * cell - 1];
  const context = canvas.getContext("2d")!;
  const most = weights.reduce((a, w) => Math.max(a, Math.abs(w)), 0) || 1;
  const image = context.createImageData(canvas.width, canvas.height);
  for (let unit = 0; unit < units; unit++) {
    const [ox, oy] = [(unit % across) * cell, Math.floor(unit / across) * cell];
    for (let p = 0; p < side * side; p++) {
      const w = weights[unit * side * side + p]! / most;
      const at = 4 * ((oy + Math.floor(p / side)) * canvas.width + ox + (p % side));
      image.data.set([...ground[w < 0 ? 0 : 1]!, 255 * Math.min(1, Math.abs(w) * 1.4)], at);
    }
  }
  context.putImageData(image, 0, 0);
}
