/** What a caller may want to catch: the dataset cannot be had here and now, so another may be used instead. */

/**
 * A dataset could not be fetched, or not verified. `tried` says what was attempted and how each attempt ended, so
 * that the message can be shown as it is; `dataset` names it for a caller that falls back to a shipped one.
 */
export class DatasetUnavailable extends Error {
  readonly dataset: string;
  readonly tried: readonly string[];

  constructor(dataset: string, tried: readonly string[], wayOut: string, options?: ErrorOptions) {
    const attempts = tried.map((line) => `\n  tried ${line}`).join("");
    super(`Cannot load dataset ${dataset} as no verified copy could be had:${attempts}\n${wayOut}`, options);
    this.name = "DatasetUnavailable";
    this.dataset = dataset;
    this.tried = tried;
  }
}

/** An unknown thrown value in one line; npm's errors carry their meaning in `code`. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined;
  const text = error.message.split("\n")[0]!;
  return code && !text.includes(code) ? `${code}: ${text}` : text;
}
