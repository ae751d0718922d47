/**
 * A drawing as an SVG file of its own. A chart made for a page takes its colours from that page; a file brings them: a
 * light and a dark set, by the reader's preference, on a ground of its own.
 */
import type { Markup } from "../report/html.ts";

const STYLE = `
svg { color-scheme: light dark; background: #fdfdfb; color: #1d1f21; --path: #c9540a; --mark: #0072b2; --ground: #fdfdfb;
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", sans-serif; }
@media (prefers-color-scheme: dark) { svg { background: #15171a; color: #e6e7e4; --path: #f0803c; --mark: #4ea5e6; --ground: #15171a; } }`;

/** XML text of one drawing. Coordinates keep a hundredth of a pixel. */
export function standalone(svg: Markup): string {
  const text = svg.text
    .replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ')
    .replace(/background: none;|color: inherit;/g, "")
    .replace(/<svg [^>]*>/, (tag) => `${tag}<style>${STYLE}</style>`)
    .replaceAll(/(?<= d="[^"]*)-?\d+\.\d{3,}/g, (number) => String(Math.round(Number(number) * 100) / 100));
  return `<?xml version="1.0" encoding="UTF-8"?>\n${text}\n`;
}
