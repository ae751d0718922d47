/**
 * The whole of a rule for people, as text and as LaTeX: what it does before its update and with which gradient, the update itself link by
 * link, what is evaluated where that is not theta, and what parameters of too few dimensions get. Headings are comments in the text.
 */
import { toLatex } from "@thalweg/formula";
import type { Link, Rule } from "@thalweg/optim";

export interface ShownRule {
  text: string;
  /** One string per line; a heading is one `\text{…}`. */
  latex: string[];
}

interface Section {
  /** Empty for the update of a rule that has nothing else. */
  heading: string;
  name: string;
  formula: string;
}

const GRADIENTS = {
  batch: "the gradient of the batch",
  "sampled-labels": "the gradient of labels drawn from the predictions",
  full: "the gradient of all data",
} as const;

export function showRule({ links, minimumRank, fallback }: Rule): ShownRule {
  const others = fallback === undefined ? [] : sectionsOf(fallback.links);
  const few = `parameters of fewer than ${minimumRank} dimensions`;
  const sections = [
    ...sectionsOf(links),
    ...others.map((section) => ({ ...section, heading: [few, section.heading].filter(Boolean).join(", ") })),
  ];
  return {
    text: sections
      .map(({ heading, formula }) => `${heading === "" ? "" : `# ${heading}\n`}${plain(formula)}`)
      .join("\n"),
    latex: sections.flatMap(({ heading, name, formula }) => [
      ...(heading === "" ? [] : [String.raw`\text{${heading}}`]),
      ...toLatex(formula, name),
    ]),
  };
}

function sectionsOf(links: readonly Link[]): Section[] {
  const phases = links.flatMap(({ name, before }) =>
    before.map(({ update, gradient = "batch", every = 1 }) => {
      const often = every === 1 ? "" : `, every ${every} steps`;
      return { heading: `first, with ${GRADIENTS[gradient]}${often}`, name, formula: update };
    }),
  );
  const updates = links.map(({ name, update }) => ({ heading: "", name, formula: update }));
  const views = links
    .filter(({ view }) => view !== "")
    .map(({ name, view }) => ({ heading: "to evaluate with", name, formula: `theta = ${view}` }));
  const [first, ...rest] = updates;
  const then = phases.length > 0 ? "then, with the gradient of the batch" : "";
  return [...phases, { ...first!, heading: then }, ...rest, ...views];
}

const plain = (formula: string): string => formula.trim().replaceAll(/^ +/gm, "");
