/** Options of a problem or a method as rows of a table: name, default, what it must be, what it means. */
import type { Options } from "@thalweg/optim";

export const optionRows = (options: Options): string[][] =>
  Object.entries(options).map(([name, { default: value, requirement, meaning }]) => [
    `  ${name}`,
    String(value),
    requirement,
    meaning,
  ]);
