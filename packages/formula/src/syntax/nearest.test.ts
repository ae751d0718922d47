import { expect, test } from "vitest";
import { nearest } from "./nearest.ts";

test.each([
  ["beta", ["beta1", "eps", "lr"], "beta1"],
  ["wieghtDecay", ["momentum", "weightDecay"], "weightDecay"],
  ["banana", ["lr", "eps"], undefined],
  ["lr", [], undefined],
])("nearest() to %s among %j is %s", (name, names, expected) => {
  expect(nearest(name, names)).toBe(expected);
});
