/**
 * HTML from templates that escape by default: whatever comes from data is text unless it is already `Markup`.
 *
 *   html`<td title="${reason}">${name}</td>`     // both escaped
 *   html`<tr>${cells}</tr>`                       // an array of Markup is joined
 */

/** A piece of HTML that is safe to insert as it stands. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  toString(): string {
    return this.text;
  }
}

export type Insertable = string | number | Markup | readonly Insertable[];

/** Tagged template: literals stand, insertions are escaped, Markup and lists of it are inserted. */
export function html(literals: TemplateStringsArray, ...insertions: Insertable[]): Markup {
  return new Markup(
    literals.reduce((text, literal, index) => text + insert(insertions[index - 1] ?? "") + literal),
  );
}

/** Mark a string as HTML: only for output of libraries that escape (KaTeX, Plot under jsdom) and for this package's own constants. */
export const trusted = (text: string): Markup => new Markup(text);

const ENTITIES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");

function insert(value: Insertable): string {
  if (value instanceof Markup) return value.text;
  if (typeof value === "object") return value.map(insert).join("");
  return escapeHtml(String(value));
}
