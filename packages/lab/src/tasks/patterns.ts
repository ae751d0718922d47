/** Patterns over names, as `--freeze 'features.*'` has them: `*` stands for any text, everything else for itself. */

/** The names that match some pattern. Raises RangeError for a pattern that matches none, as it may be misspelt. */
export function namesMatching(patterns: readonly string[], names: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  for (const pattern of patterns) {
    const parts = pattern.split("*").map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    const expression = new RegExp(`^${parts.join(".*")}$`, "s");
    const matching = names.filter((name) => expression.test(name));
    if (matching.length === 0) {
      throw new RangeError(
        `Cannot find parameters by ${JSON.stringify(pattern)} as none has such a name: there are ${names.slice(0, 5).join(", ")}${names.length > 5 ? ", …" : ""}`,
      );
    }
    for (const name of matching) found.add(name);
  }
  return found;
}
