import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { Columns } from "./runs-columns.ts";
import { decodeColumns } from "./testing.ts";

describe("Columns", () => {
  test("hands the page every number, and NaN where a line has none", () => {
    const value = fc.oneof(fc.double(), fc.integer());
    const line = fc.dictionary(fc.constantFrom("step", "trainLoss", "testLoss", "é"), value);
    fc.assert(
      fc.property(fc.array(line, { maxLength: 200 }), (lines) => {
        const columns = new Columns();
        for (const one of lines) columns.push(one);
        const decoded = decodeColumns(columns.encode().buffer);
        const names = [...new Set(lines.flatMap(Object.keys))];
        expect([...decoded.keys()].sort()).toEqual(names.sort());
        for (const name of names) {
          expect([...decoded.get(name)!]).toEqual(lines.map((one) => one[name] ?? Number.NaN));
        }
      }),
    );
  });

  test("reads what JSON has no numbers for, and the last factor that was scheduled", () => {
    const columns = new Columns();
    columns.push({ step: 0, trainLoss: "NaN", testLoss: "Infinity", note: "text" });
    columns.push({ step: 2, trainLoss: 0.5, scheduled: { lr: [0.5, 0.25] } });
    expect(columns.names).toEqual(["step", "trainLoss", "testLoss", "scheduled.lr"]);
    expect([...columns.column("testLoss")!]).toEqual([Number.POSITIVE_INFINITY, Number.NaN]);
    expect([...columns.column("scheduled.lr")!]).toEqual([Number.NaN, 0.25]);
    expect(columns.last).toEqual({ step: 2, trainLoss: 0.5, "scheduled.lr": 0.25 });
  });

  test("gives only what is asked for", () => {
    const columns = new Columns();
    columns.push({ step: 1, testLoss: 2, testAccuracy: 3 });
    expect([...decodeColumns(columns.encode(["step", "testLoss", "none"]).buffer).keys()]).toEqual([
      "step",
      "testLoss",
    ]);
  });
});
