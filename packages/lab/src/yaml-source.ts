/**
 * A YAML text with the place of everything in it, so that whatever is wrong can be said with the file's own line and column. JSON is read by the
 * same parser, since it is YAML.
 */
import { type Document, isMap, isScalar, LineCounter, type Node, parseDocument } from "yaml";

export interface Place {
  line: number;
  column: number;
}

/** Keys and indices from the root. */
export type Path = readonly PropertyKey[];

export interface YamlSource {
  path: string;
  text: string;
  counter: LineCounter;
  document: Document.Parsed;
}

/** What is no YAML, and where. */
export interface YamlMistake {
  place: Place;
  reason: string;
}

/** Parse a text; the mistake is the first one, if there is any. */
export function parseYaml(text: string, path: string): { source: YamlSource; mistake?: YamlMistake } {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false });
  const source: YamlSource = { path, text, counter, document };
  const [wrong] = document.errors;
  if (wrong === undefined) return { source };
  return { source, mistake: { place: placeAt(source, wrong.pos[0]), reason: lower(wrong.message) } };
}

/** The document as plain data. Raises ReferenceError for an alias without an anchor, which is found only here. */
export const plainData = ({ document }: YamlSource): unknown => document.toJS();

export const nodeAt = ({ document }: YamlSource, path: Path): unknown =>
  path.length === 0 ? document.contents : document.getIn(path, true);

/** Where a field's value begins; of one that is not there, where its map does. */
export function placeOf(source: YamlSource, path: Path): Place {
  for (let length = path.length; length >= 0; length--) {
    const node = nodeAt(source, path.slice(0, length)) as Node | null | undefined;
    if (node?.range) return placeAt(source, node.range[0]);
  }
  return { line: 1, column: 1 };
}

/** Where a field's name begins. */
export function keyPlace(source: YamlSource, path: Path): Place {
  const map = nodeAt(source, path.slice(0, -1));
  const pair = isMap(map)
    ? map.items.find(({ key }) => isScalar(key) && key.value === path.at(-1))
    : undefined;
  const key = pair?.key as Node | undefined;
  return key?.range ? placeAt(source, key.range[0]) : placeOf(source, path);
}

export function placeAt({ counter }: YamlSource, offset: number): Place {
  const { line, col } = counter.linePos(offset);
  return { line, column: col };
}

export const lower = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
