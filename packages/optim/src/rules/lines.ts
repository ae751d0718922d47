/** The lines of a formula, without those that a choice leaves out. */
export const lines = (...parts: readonly (string | false)[]): string =>
  parts.filter((part) => part !== false).join("\n");
