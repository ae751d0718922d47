import { inflateSync } from "node:zlib";
import { expect, test } from "vitest";
import { pngOf, settled } from "./png.ts";

const SVG = `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" width="20" height="10"><style>
svg { color-scheme: light dark; background: #fdfdfb; color: #1d1f21; --path: #c9540a; }
@media (prefers-color-scheme: dark) { svg { background: #15171a; color: #e6e7e4; --path: #f0803c; } }</style>
<rect x="0" y="0" width="10" height="10" style="fill: var(--path)"/></svg>`;

/** The chunks of a PNG, by the specification's section 5.3. */
function chunksOf(bytes: Uint8Array): [type: string, content: Buffer][] {
  const file = Buffer.from(bytes);
  const chunks: [string, Buffer][] = [];
  for (let at = 8; at < file.length; ) {
    const length = file.readUInt32BE(at);
    chunks.push([file.toString("latin1", at + 4, at + 8), file.subarray(at + 8, at + 8 + length)]);
    at += length + 12;
  }
  return chunks;
}

test("pngOf() draws in the light colours, twice as large, and says what it is of", async () => {
  const chunks = chunksOf(await pngOf(SVG, { description: "digits · 300 examples" }));
  const [[first, head]] = chunks as [[string, Buffer]];
  expect([first, head.readUInt32BE(0), head.readUInt32BE(4)]).toEqual(["IHDR", 40, 20]);
  expect(chunks[1]![0]).toBe("iTXt");
  expect(chunks[1]![1].toString("utf8")).toBe("Description\0\0\0\0\0digits · 300 examples");
  const channels = head[9] === 6 ? 4 : 3;
  const rows = inflateSync(Buffer.concat(chunks.filter(([type]) => type === "IDAT").map(([, data]) => data)));
  const filter = rows[0]!;
  expect([0, 1]).toContain(filter); // none, or the difference to the pixel before: the first pixel is plain in both
  expect([...rows.subarray(1, 4)]).toEqual([0xc9, 0x54, 0x0a]);
  expect(channels).toBeGreaterThan(2);
});

test("settled() leaves nothing that depends on the reader", () => {
  const text = settled(SVG);
  expect(text).not.toMatch(/var\(|@media/);
  expect(text).toContain("fill: #c9540a");
  expect(text).toContain('<rect width="100%" height="100%" fill="#fdfdfb"/>');
});
