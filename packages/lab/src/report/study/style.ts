/** What the study's page adds to the style of `../style.ts`. */
import { STYLE } from "../style.ts";

export const STUDY_STYLE = `${STYLE}
:root { --band: #e6e4da; --gain: #2f7fb8; --loss: #c4562a; --lost: #a83d12; }
@media (prefers-color-scheme: dark) { :root { --band: #32343a; --gain: #3d8bc7; --loss: #cf6337; --lost: #e58a5f; } }
nav.contents { margin: 1.6rem 0 0; font-size: 0.9rem; display: flex; flex-wrap: wrap; gap: 0.3rem 1.2rem; }
.better { color: var(--link); }
.worse, .diverged { color: var(--lost); }
th small { display: block; font-weight: 400; color: var(--muted); font-size: 0.8rem; }
.main tbody tr:last-child > * { border-bottom: 1px solid var(--ink); }
.panels { grid-template-columns: repeat(auto-fill, minmax(min(20rem, 100%), 1fr)); }
.panels.small { grid-template-columns: repeat(auto-fill, minmax(14rem, 1fr)); gap: 1.2rem 1rem; }
.pair { grid-template-columns: repeat(auto-fill, minmax(min(33rem, 100%), 1fr)); column-gap: 1.8rem; }
.switches tbody th { vertical-align: middle; }
.switches td.cell { text-align: center; vertical-align: middle; padding: 0.4rem 0.5rem; font-size: 0.82rem; border: 1px solid var(--page); }
.switches thead th { text-align: center; padding: 0.4rem 0.5rem; }
.switches thead th:first-child { text-align: left; padding-left: 0; }
.switches .gain { background-color: color-mix(in oklab, var(--gain) var(--share), var(--page)); }
.switches .loss { background-color: color-mix(in oklab, var(--loss) var(--share), var(--page)); }
.switches .hatched { background-image: repeating-linear-gradient(135deg, transparent 0 5px, color-mix(in oklab, var(--muted) 30%, transparent) 5px 6px); }
details > .panels { margin-bottom: 1.4rem; }
.runs td, .runs th { padding: 0.16rem 0 0.16rem 1.1rem; }
@media (min-width: 90rem) { main { max-width: 84rem; } main > p, main > ul { max-width: 46rem; } }
`;
