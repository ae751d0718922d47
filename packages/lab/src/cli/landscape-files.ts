/** Landscapes in files, by their extension: written in the forms of other tools, read from them, and drawn anew. */
import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import {
  fieldOf,
  type HeightField,
  parseCsv,
  parseHdf5,
  parseSurface,
  writeCsv,
  writeGlb,
  writeHdf5,
  writeStl,
  writeVtp,
} from "@thalweg/landscape";
import type { LandscapeDrawing } from "../figures/landscape-figure.ts";
import { provenance } from "../landscape/provenance.ts";
import { fromUser, fromUserLater, UsageError } from "./errors.ts";
import { readWith, writeBytes, writeText } from "./files.ts";
import type { Io } from "./io.ts";
import { printJson } from "./print.ts";

/** Pictures, by the file's extension. */
export const PICTURES: readonly string[] = [".svg", ".png"];

/** What is wanted of a surface that is in a file already. */
export interface RedrawOptions {
  field?: string;
  set: "train" | "test";
  plot?: string[];
  export?: string[];
  json?: boolean;
}

type Content = string | Uint8Array;
export interface Written {
  readonly landscape: HeightField;
  readonly field: string;
  readonly set: "train" | "test";
  /** What it is of: in the file, where its form has a place for it. */
  readonly provenance: string;
}
type Writer = (written: Written) => Content | Promise<Content>;

/** What writes a landscape, by the file's extension. */
export const WRITERS: Readonly<Record<string, Writer>> = {
  ".csv": ({ landscape }) => writeCsv(landscape),
  ".h5": ({ landscape, ...options }) => writeHdf5(landscape, options),
  ".vtp": ({ landscape, ...options }) => writeVtp(landscape, options),
  ".stl": ({ landscape, ...options }) => writeStl(landscape, options),
  ".glb": ({ landscape, ...options }) => writeGlb(landscape, options),
};

/** What reads a surface, by the file's extension. */
export const READERS: Readonly<
  Record<string, (bytes: Uint8Array, name: string) => HeightField | Promise<HeightField>>
> = {
  ".npz": parseSurface,
  ".h5": parseHdf5,
  ".csv": (bytes, name) => parseCsv(new TextDecoder().decode(bytes), name),
};

/** A surface from a file, ours or another tool's: drawn, or written in another form. */
export async function redraw(path: string, options: RedrawOptions, io: Io): Promise<void> {
  const { field = "loss", plot = [], export: files = [], set } = options;
  const bytes = await readWith(path, (file) => readFile(file));
  const landscape = await fromUserLater(async () => READERS[extname(path)]!(bytes, path));
  fromUser(() => fieldOf(landscape, field));
  const beside = factsBeside(path);
  const written = { landscape, field, set, provenance: beside.provenance };
  for (const file of files) {
    const writer = WRITERS[extname(file)];
    if (writer === undefined) {
      throw new UsageError(
        `Cannot export ${file} as ${path} has no directions: choose ${Object.keys(WRITERS).join(", ")}`,
      );
    }
    await writeContent(file, await fromUserLater(async () => writer(written)), io);
  }
  if (plot.length > 0) {
    const { landscapeFigure } = await import("../figures/landscape-figure.ts");
    const facts = { title: `${field} in ${basename(path)}`, subtitle: "", ...beside };
    const svg = landscapeFigure({ ...facts, landscape, field });
    for (const file of plot) await writePicture(file, svg, facts.provenance, io);
  }
  if (options.json) {
    const { x, y, fields } = landscape;
    const all = [...fields].map(([name, values]) => [name, [...values]] as const);
    printJson(io.stdout, { x: [...x], y: [...y], fields: Object.fromEntries(all) });
    return;
  }
  const { landscapeText } = await import("../figures/landscape-text.ts");
  io.stdout.write(landscapeText(landscape, field));
}

/** What a surface is of: by the files of its folder where it is one of ours, else by its name alone. */
function factsBeside(
  path: string,
): Pick<LandscapeDrawing, "provenance" | "labels" | "markers" | "isEuclidean"> {
  const read = (name: string) => {
    const file = join(dirname(path), name);
    return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
  };
  const unknown = { provenance: `read from ${path}`, labels: ["x", "y"], markers: [] };
  const meta = basename(path) === "surface.npz" ? read("meta.json") : undefined;
  if (meta?.format !== "thalweg landscape") return unknown;
  const { markers = [], isEuclidean = false } = read("overlay.json") ?? {};
  return { provenance: provenance(meta), labels: meta.axes, markers, isEuclidean };
}

export const writeContent = (file: string, content: Content, io: Io): Promise<void> =>
  typeof content === "string" ? writeText(file, content, io) : writeBytes(file, content, io);

/** Before any work: whether a picture can be of the kind that its file's extension says. Raises UsageError. */
export function checkPicture(file: string): void {
  if (PICTURES.includes(extname(file))) return;
  throw new UsageError(
    `Cannot draw ${file} as pictures are ${PICTURES.join(" or ")}: it is ${extname(file) || "without extension"}`,
  );
}

/** A drawing as its file's extension says. Raises Failure when it cannot be written. */
export async function writePicture(file: string, svg: string, provenance: string, io: Io): Promise<void> {
  if (extname(file) !== ".png") return writeText(file, svg, io);
  const { pngOf } = await import("../figures/png.ts");
  return writeBytes(file, await pngOf(svg, { description: provenance }), io);
}
