/**
 * A drawing as PNG, by resvg: light, with the same letters on every machine (DejaVu comes along), and what it is of as text in the file,
 * where image tools find it under Description.
 *
 * resvg knows neither variables of style sheets nor a reader's preference for dark, so both are settled before it sees them.
 */
import { createRequire } from "node:module";
import { crc32 } from "node:zlib";

export interface PngOptions {
  /** Pixels for a unit of the drawing; 2 by default, as dense screens have. */
  readonly scale?: number;
  /** What it is of. */
  readonly description?: string;
}

const SIGNATURE = 8;

/** The bytes of the file. */
export async function pngOf(svg: string, { scale = 2, description }: PngOptions = {}): Promise<Uint8Array> {
  const { Resvg } = await import("@resvg/resvg-js");
  const font = createRequire(import.meta.url).resolve("dejavu-fonts-ttf/ttf/DejaVuSans.ttf");
  const image = new Resvg(settled(svg), {
    fitTo: { mode: "zoom", value: scale },
    font: { fontFiles: [font], loadSystemFonts: false, defaultFontFamily: "DejaVu Sans" },
  });
  const bytes = image.render().asPng();
  if (description === undefined) return bytes;
  const text = chunk("iTXt", Buffer.from(`Description\0\0\0\0\0${description}`, "utf8"));
  const head = SIGNATURE + chunkLength(bytes, SIGNATURE); // text comes after the first chunk, IHDR
  return Buffer.concat([bytes.subarray(0, head), text, bytes.subarray(head)]);
}

/** The style sheet's light colours in the places of its variables, and nothing that depends on the reader. */
export function settled(svg: string): string {
  const variables = new Map(
    [...svg.matchAll(/(--[a-z-]+):\s*([^;}]+)[;}]/g)]
      .reverse()
      .map(([, name, value]) => [name!, value!.trim()]),
  ); // the light set stands first, and so is put in last
  const background = /background:\s*(#[0-9a-f]+)/.exec(svg)?.[1] ?? "white";
  const ink = /[; ]color:\s*(#[0-9a-f]+)/.exec(svg)?.[1] ?? "black";
  return svg
    .replace(/@media \(prefers-color-scheme: dark\) \{ svg \{[^}]*\} \}/, "")
    .replaceAll(/var\((--[a-z-]+)\)/g, (whole, name: string) => variables.get(name) ?? whole)
    .replaceAll("currentColor", ink)
    .replace(/(<svg [^>]*>)/, (tag) => `${tag}<rect width="100%" height="100%" fill="${background}"/>`);
}

/** Length, type, content, check sum: PNG specification, section 5.3. */
function chunk(type: string, content: Uint8Array): Uint8Array {
  const body = Buffer.concat([Buffer.from(type, "latin1"), content]);
  const bytes = Buffer.alloc(body.length + 8);
  bytes.writeUInt32BE(content.length, 0);
  bytes.set(body, 4);
  bytes.writeUInt32BE(crc32(body), body.length + 4);
  return bytes;
}

const chunkLength = (bytes: Uint8Array, at: number): number =>
  new DataView(bytes.buffer, bytes.byteOffset).getUint32(at) + 12;
