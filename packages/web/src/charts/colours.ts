/** The colours of rules and runs, as the style sheet names them. Canvases need the values behind the names. */

/** How many there are; beyond it they repeat. */
export const COLOURS = 8;

export const ruleColour = (index: number): string => `var(--rule-${index % COLOURS})`;

/** The colour behind a name such as `--ink`, as it is now, for drawing on a canvas. Ask again when the theme changes. */
export function styleColour(name: string): string {
  const probe = document.createElement("i");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
