/** The table of readers as a whole. */
import { expect, test } from "vitest";
import { FAMILIES, READERS } from "./index.ts";

test("READERS: each operator belongs to one family, and what every object has is no operator", () => {
  const names = FAMILIES.flatMap((family) => Object.keys(family));
  expect(names.toSorted()).toEqual(Object.keys(READERS).toSorted());
  expect("constructor" in READERS).toBe(false);
});
