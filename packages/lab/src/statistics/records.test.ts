import { expect, test } from "vitest";
import { acceptsRecord, beatsRecord, recordMargin } from "./records.ts";

test("acceptsRecord() decides as the track's README does, also on the edge", () => {
  expect(acceptsRecord(3.2759, 1)).toBe(true);
  expect(acceptsRecord(3.2779, 4)).toBe(true);
  expect(acceptsRecord(3.2785, 4)).toBe(false);
  expect((3.28 - 3.278) * 2).toBeLessThan(0.004); // the trap
  expect(acceptsRecord(3.278, 4)).toBe(true);
});

test("beatsRecord() tells record 12 from 6, and not 13 from 11", () => {
  expect(recordMargin(0 + 0.000675, 16, 10)).toBeCloseTo(0.00167, 5);
  expect(beatsRecord(0 + 0.000675, 16, 10)).toBe(false);
  expect(recordMargin(-0.0002 + 0.00225, 20, 20)).toBeCloseTo(0.00648, 5);
  expect(beatsRecord(-0.0002 + 0.00225, 20, 20)).toBe(true);
});
