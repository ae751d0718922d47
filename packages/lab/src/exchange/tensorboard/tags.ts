/** Names of measures as TensorBoard groups them: `validationLoss` is `validation/loss` there. */

/** The tag of the time spent in training. */
export const SECONDS = "time/seconds";

const SPLITS = ["train", "validation", "test"] as const;

export function tagOf(measure: string): string {
  const split = SPLITS.find((name) => measure.startsWith(name) && measure.length > name.length);
  if (split === undefined) return measure;
  const rest = measure.slice(split.length);
  return `${split}/${rest.charAt(0).toLowerCase()}${rest.slice(1)}`;
}

/** The other way; tags of other programs stay as they are, but for the usual names of the three splits. */
export function measureOf(tag: string): string {
  const [, split = "", rest = ""] =
    /^(train|training|val|valid|validation|test|eval)[/_](\w+)$/i.exec(tag) ?? [];
  if (rest === "") return tag;
  const known = /^train/i.test(split) ? "train" : /^test/i.test(split) ? "test" : "validation";
  return `${known}${rest.charAt(0).toUpperCase()}${rest.slice(1)}`;
}
