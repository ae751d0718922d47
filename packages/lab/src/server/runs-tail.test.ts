import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { LineTail } from "./runs-tail.ts";

const folder = mkdtempSync(join(tmpdir(), "thalweg-tail-"));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const fresh = () => join(folder, `${files++}.jsonl`);

describe("LineTail", () => {
  test("gives each line once, however the writer's bytes come", async () => {
    const line = fc.record({ step: fc.nat(), text: fc.string({ unit: "binary" }) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { maxLength: 12 }),
        fc.array(fc.nat(200), { maxLength: 12 }),
        async (lines, cuts) => {
          const path = fresh();
          const bytes = Buffer.from(lines.map((one) => `${JSON.stringify(one)}\n`).join(""));
          const places = [...new Set(cuts.map((cut) => Math.min(cut, bytes.length)))].sort((a, b) => a - b);
          const tail = new LineTail(path);
          const got: unknown[] = [];
          let from = 0;
          for (const to of [...places, bytes.length]) {
            appendFileSync(path, bytes.subarray(from, to));
            got.push(...(await tail.read()).lines);
            from = to;
          }
          expect(got).toEqual(lines);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("begins anew where the file got shorter, as that of a run which is resumed", async () => {
    const path = fresh();
    writeFileSync(path, '{"step":0}\n{"step":10}\n{"step":20}\n');
    const tail = new LineTail(path);
    expect(await tail.read()).toEqual({ lines: [{ step: 0 }, { step: 10 }, { step: 20 }], anew: true });
    truncateSync(path, '{"step":0}\n'.length);
    expect(await tail.read()).toEqual({ lines: [{ step: 0 }], anew: true });
    appendFileSync(path, '{"step":10}\n');
    expect(await tail.read()).toEqual({ lines: [{ step: 10 }], anew: false });
  });

  test("begins anew where another text of more bytes stands in its place", async () => {
    const path = fresh();
    writeFileSync(path, '{"step":0}\n{"step":10}\n');
    const tail = new LineTail(path);
    await tail.read();
    writeFileSync(path, '{"step":0,"loss":2.5}\n{"step":10,"loss":1.5}\n');
    expect(await tail.read()).toEqual({
      lines: [
        { step: 0, loss: 2.5 },
        { step: 10, loss: 1.5 },
      ],
      anew: true,
    });
  });

  test("has no lines of a file that is not there, and then those of one that comes", async () => {
    const path = fresh();
    const tail = new LineTail(path);
    expect(await tail.read()).toEqual({ lines: [], anew: true });
    writeFileSync(path, '{"step":1}\n');
    expect((await tail.read()).lines).toEqual([{ step: 1 }]);
  });
});
