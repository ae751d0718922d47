/**
 * A chart of Observable Plot inside an element: a function of data that returns a handle. It is as wide as its element and drawn again when that
 * changes. Colours come from the style sheet (`currentColor`, `var(--rule-0)`), so light and dark need no new drawing.
 *
 *   const figure = plotFigure(element, (width) => ({ width, height: 240, marks: [...] }), "training loss by step");
 *   figure.update((width) => ...);
 *   figure.dispose();
 */
import * as Plot from "@observablehq/plot";

export type PlotAtWidth = (width: number) => Plot.PlotOptions;

export interface PlotFigure {
  update(options: PlotAtWidth, label?: string): void;
  dispose(): void;
}

export function plotFigure(host: HTMLElement, options: PlotAtWidth, label: string): PlotFigure {
  let current = options;
  let named = label;
  let width = 0;
  const draw = () => {
    if (width <= 0) return;
    const chart = Plot.plot({ ...current(width), ariaLabel: named } as Plot.PlotOptions);
    const drawing = chart instanceof SVGSVGElement ? chart : chart.querySelector("svg");
    drawing?.setAttribute("role", "img");
    for (const part of drawing?.querySelectorAll("g[aria-label]") ?? []) part.removeAttribute("aria-label"); // the image has one
    host.replaceChildren(chart);
  };
  const observer = new ResizeObserver(([entry]) => {
    const measured = Math.floor(entry?.contentRect.width ?? 0);
    if (measured === width) return;
    width = measured;
    draw();
  });
  host.classList.add("chart");
  observer.observe(host);
  width = Math.floor(host.clientWidth);
  draw();
  return {
    update: (next, nextLabel = named) => {
      current = next;
      named = nextLabel;
      draw();
    },
    dispose: () => {
      observer.disconnect();
      host.replaceChildren();
    },
  };
}
