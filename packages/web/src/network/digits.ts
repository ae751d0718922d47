/** The digits that ship with Thalweg, as the page's own assets: fetched when they are asked for, unpacked by the browser. */
import { stream } from "@thalweg/random";
import type { Examples, Split } from "./examples.ts";

const imagesUrl = new URL("../../../data/assets/digits-images-idx3-ubyte.gz", import.meta.url).href;
const labelsUrl = new URL("../../../data/assets/digits-labels-idx1-ubyte.gz", import.meta.url).href;

const PIXELS = 64;
const TEST = 360;
/** Pixels go from 0 to 16. */
const WHITE = 16;

export async function digits(seed: number): Promise<Examples> {
  const [images, labels] = await Promise.all([unpack(imagesUrl, 16), unpack(labelsUrl, 8)]);
  const order = stream(seed, "examples digits").permutation(labels.length);
  const split = (rows: ArrayLike<number> & Iterable<number>): Split => {
    const x = new Float32Array(PIXELS * rows.length);
    [...rows].forEach((row, i) => {
      for (let p = 0; p < PIXELS; p++) x[PIXELS * i + p] = images[PIXELS * row + p]! / WHITE;
    });
    return { x, labels: Int32Array.from(rows, (row) => labels[row]!), count: rows.length };
  };
  return {
    name: "digits",
    dimension: PIXELS,
    classes: 10,
    train: split(order.slice(TEST)),
    test: split(order.slice(0, TEST)),
    reach: 0,
  };
}

/** The elements of a gzipped IDX file, after a header of so many bytes. */
async function unpack(url: string, header: number): Promise<Uint8Array> {
  const response = await fetch(url);
  if (!response.ok || response.body === null)
    throw new Error(`Cannot fetch the digits: the server answered ${response.status}`);
  const bytes = await new Response(response.body.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
  return new Uint8Array(bytes, header);
}
