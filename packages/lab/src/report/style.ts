/**
 * The page's style: system type, one column, hairlines, light and dark by the reader's preference.
 *
 * Charts take every colour from here (`currentColor`, `--rule-k`, `--faint`), so one drawing reads in both. The rule colours started
 * from the hues of Okabe & Ito's colour-blind-safe set (jfly.uni-koeln.de/color) and were moved apart by a search, so that any two stay distinct under
 * simulated deuteranopia, protanopia and tritanopia, each with a contrast of at least 3 : 1; `style.test.ts` checks both. Names stand
 * beside the lines all the same, so no reader needs the colours.
 */

/** How many rule colours there are; beyond it they repeat. */
export const COLOURS = 8;

export const ruleColour = (index: number): string => `var(--rule-${index % COLOURS})`;

export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #fdfdfb; --ink: #1d1f21; --muted: #62676d; --faint: #b9bec4; --hair: #e3e5e4; --tint: #f4f5f2; --link: #0b5cad;
  --rule-0: #33363c; --rule-1: #0e4c80; --rule-2: #a83d12; --rule-3: #097969; --rule-4: #ce5bb0; --rule-5: #968d35; --rule-6: #3396e0; --rule-7: #420118;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #15171a; --ink: #e6e7e4; --muted: #9aa1a8; --faint: #5a626a; --hair: #2b2f34; --tint: #1c1f23; --link: #7db8f0;
    --rule-0: #f3f9fd; --rule-1: #4574b1; --rule-2: #cf3e0e; --rule-3: #3cb572; --rule-4: #da88d4; --rule-5: #cbd01e; --rule-6: #a6d4fe; --rule-7: #a9546b;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", sans-serif;
  font-variant-numeric: tabular-nums lining-nums;
}
main { max-width: 73rem; margin: 0 auto; padding: 3.5rem 1.5rem 5rem; }
h1 { font-size: 1.05rem; font-weight: 600; margin: 0; }
h2 { font-size: 1.3rem; line-height: 1.3; font-weight: 620; letter-spacing: -0.01em; margin: 4rem 0 0.4rem; }
h3 { font-size: 1rem; font-weight: 620; margin: 0 0 0.3rem; }
p { margin: 0.5rem 0; max-width: 46rem; text-wrap: pretty; }
a { color: var(--link); text-decoration-thickness: 1px; text-underline-offset: 0.15em; }
code, pre { font: 0.86em/1.55 ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "Liberation Mono", monospace; }
code { overflow-wrap: anywhere; }
.facts, .note, figcaption { color: var(--muted); font-size: 0.9rem; }
.facts { margin: 0.15rem 0 0; }
.answer { font-size: clamp(1.3rem, 1.05rem + 1.2vw, 1.75rem); line-height: 1.3; font-weight: 600; letter-spacing: -0.015em; margin: 1.8rem 0 0.4rem; max-width: 50rem; }
.verdicts { font-size: 1.08rem; margin: 0 0 1.8rem; }
.scroll { overflow-x: auto; overscroll-behavior-x: contain; margin: 1rem -1.5rem; padding: 0 1.5rem; }
.scroll:focus-visible { outline: 2px solid var(--link); outline-offset: -2px; }
table { border-collapse: collapse; font-size: 0.9rem; line-height: 1.4; min-width: 100%; }
th, td { text-align: right; vertical-align: top; padding: 0.55rem 0 0.55rem 1.1rem; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
th.text, td.text { text-align: left; }
.nowrap { white-space: nowrap; }
td.wrap { white-space: normal; min-width: 10.5rem; }
thead th { font-weight: 600; vertical-align: bottom; border-bottom: 1px solid var(--ink); }
thead small { display: block; font-weight: 400; color: var(--muted); font-size: 0.8rem; }
tbody tr + tr > * { border-top: 1px solid var(--hair); }
tbody th { font-weight: 600; }
td small { display: block; white-space: pre; color: var(--muted); font-size: 0.82rem; }
td strong { font-weight: 640; }
.main tbody tr:last-child > * { border-bottom: 1px solid var(--ink); }
.swatch { display: inline-block; width: 0.7em; height: 0.7em; border-radius: 50%; margin-right: 0.5em; background: var(--colour); }
.diverged { color: var(--rule-2); }
figure { margin: 1.6rem 0 0; }
figure svg { display: block; max-width: 100%; height: auto; overflow: visible; --plot-background: var(--page); font-family: inherit; }
figure .narrow { display: none; }
figcaption { margin-top: 0.4rem; max-width: 46rem; }
.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(17.5rem, 1fr)); gap: 1.8rem 1.6rem; margin-top: 1.4rem; }
.panels figure { margin: 0; }
.pair { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(31rem, 100%), 1fr)); column-gap: 1.8rem; }
.formulas { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(21rem, 100%), 1fr)); gap: 2.2rem 2rem; margin-top: 1.4rem; }
.formulas article { min-width: 0; }
.formulas .math { overflow-x: auto; overflow-y: hidden; padding: 0.3rem 0; }
math { font-family: "Latin Modern Math", "STIX Two Math", "Cambria Math", "Libertinus Math", "Noto Sans Math", math, serif; }
.formulas .math math { font-size: 1.1rem; }
math[display="block"] { width: max-content; }
mtable { width: max-content; }
mtd { padding: 0.22em 0; }
mtd:nth-child(odd) { text-align: right; }
mtd:nth-child(even) { text-align: left; }
details > summary { cursor: pointer; padding: 0.5rem 0; border-top: 1px solid var(--hair); }
details td, details tbody th { padding-top: 0.3rem; padding-bottom: 0.3rem; }
details > summary b { font-weight: 620; }
details > summary span { color: var(--muted); font-size: 0.9rem; margin-left: 0.6em; }
details pre { margin: 0.3rem 0 0; padding: 0.7rem 0.9rem; background: var(--tint); border-radius: 4px; overflow-x: auto; }
.formulas details > summary { border: 0; padding: 0.2rem 0; color: var(--muted); font-size: 0.9rem; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 0.35rem 1.6rem; font-size: 0.92rem; margin: 1rem 0; }
dt { color: var(--muted); }
dd { margin: 0; overflow-wrap: anywhere; }
ul { padding-left: 1.1rem; max-width: 46rem; margin: 0.5rem 0; }
li { margin: 0.35rem 0; }
@media (max-width: 44rem) {
  main { padding: 2rem 1.1rem 4rem; }
  .scroll { margin: 1rem -1.1rem; padding: 0 1.1rem; }
  .main tbody th, .main thead th:first-child { position: sticky; left: 0; background: var(--page); box-shadow: -1.1rem 0 0 var(--page); z-index: 1; }
  figure .wide { display: none; }
  figure .narrow { display: block; }
  figure .narrow svg { width: 100%; }
  td.wrap { white-space: nowrap; }
  h2 { margin-top: 3rem; }
  dl { grid-template-columns: minmax(0, 1fr); gap: 0; }
  dd { margin-bottom: 0.6rem; }
}
@media print {
  main { max-width: none; padding: 0; }
  .scroll { overflow: visible; }
  figure, article { break-inside: avoid; }
}
`;
