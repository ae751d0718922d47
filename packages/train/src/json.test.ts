import { describe, expect, test } from "vitest";
import { canonicalJson } from "./json.ts";

describe("canonicalJson()", () => {
  test("sorts keys by code units, keys that look like numbers too, and writes numbers shortest", () => {
    expect(canonicalJson({ b: 1, a: { "10": 1e21, "9": 0.1 }, "€": [true, null], é: undefined })).toBe(
      '{"a":{"10":1e+21,"9":0.1},"b":1,"€":[true,null]}',
    );
    expect(() => canonicalJson({ lr: Number.NaN })).toThrow("numbers must be finite: current value is NaN");
  });
});
