/**
 * Gradient descent is sgd fed with the gradient of the whole data: the update is the same, so this is the same rule under
 * the name that the course gives it, not a copy.
 */
import type { Rule } from "../../rule.ts";
import { sgd } from "./sgd.ts";

export const gd: Rule = { ...sgd, name: "gd" };
