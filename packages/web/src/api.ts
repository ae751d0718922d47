/**
 * The lab's server, as the pages see it. Paths are relative and those of answers end in `.json`, because an exported copy of the pages finds its
 * answers as files of the same names; it has no server to change anything, which `exported` says.
 *
 *   const { runs } = await get<RunsAnswer>("runs.json");
 *   await post("studies", { file: "quick.yaml" });
 *   const stop = watch<Line>("runs/3f2a/events", (line) => ..., (problem) => ...);
 */

const written = globalThis.document?.querySelector('meta[name="thalweg"]')?.getAttribute("content") ?? "";

/** Whether these pages are a copy over finished results, without a server behind them. */
export const exported = written === "exported";
const token = exported ? "" : written;

/** The server refused, with its reason; `status` 0 when it could not be reached. */
export class ApiError extends Error {
  readonly status: number;
  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** The address of an answer or a file of the lab's folder. */
export const apiUrl = (path: string): string => `api/${path}`;
export const fileUrl = (path: string): string => `files/${path.split("/").map(encodeURIComponent).join("/")}`;

async function call(path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(apiUrl(path), init);
  } catch (cause) {
    if (init.signal?.aborted) throw cause;
    throw new ApiError(0, "Cannot reach the lab: start it again with `npx thalweg lab`", { cause });
  }
  if (!response.ok) throw new ApiError(response.status, await reasonOf(response));
  return response;
}

async function reasonOf(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    if (typeof error === "string") return error;
  } catch {
    // not the lab's own answer
  }
  return exported
    ? "This exported copy does not hold these results: run `thalweg lab` where they are"
    : `The lab answered ${response.status}`;
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await call(path, signal === undefined ? {} : { signal })).json() as Promise<T>;
}

export async function getBytes(path: string, signal?: AbortSignal): Promise<ArrayBuffer> {
  return (await call(path, signal === undefined ? {} : { signal })).arrayBuffer();
}

async function change<T>(method: "POST" | "DELETE", path: string, body: unknown): Promise<T> {
  if (exported) throw new ApiError(0, "Cannot change anything in an exported copy: run `thalweg lab`");
  const headers = { "content-type": "application/json", "x-thalweg-token": token };
  return (await call(path, { method, headers, body: JSON.stringify(body) })).json() as Promise<T>;
}

export const post = <T>(path: string, body: unknown = {}): Promise<T> => change("POST", path, body);
export const remove = <T>(path: string): Promise<T> => change("DELETE", path, {});

/**
 * Follow a stream of events, each a JSON value. The browser connects again by itself when the connection breaks; `onTrouble` hears true when it
 * does, false when it is well again. Returns what stops it. A browser keeps at most six connections to one server: open one stream at a time.
 */
export function watch<T>(
  path: string,
  onEvent: (event: T) => void,
  onTrouble: (broken: boolean) => void = () => {},
): () => void {
  if (exported) return () => {};
  const source = new EventSource(apiUrl(path));
  source.onmessage = ({ data }) => onEvent(JSON.parse(data as string) as T);
  source.onerror = () => onTrouble(true);
  source.onopen = () => onTrouble(false);
  source.addEventListener("end", () => source.close());
  return () => source.close();
}
