/**
 * What the lab's server can be asked, as data: an endpoint has a method, a path, what it takes and gives as zod schemas, and a function. The app checks what
 * comes in before the function sees it, and `GET /api/schema.json` describes them all.
 *
 *   json    one answer; paths of GET end in `.json`, as an export writes the same answer to a file of the same name
 *   bytes   one answer that is not JSON
 *   events  values one after the other, as server-sent events; the next is asked for when the last has left, so a slow reader holds up only itself
 */
import { z } from "zod";

/** What every function is given besides its input. */
export interface Call<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  /** Aborted when the reader has gone or the server closes. */
  readonly signal: AbortSignal;
}

interface Common<P, Q> {
  /** Below `/api/`, as Hono writes paths: `runs/:run/points.json`. */
  readonly path: string;
  readonly summary: string;
  /** Of the words in the path. */
  readonly params: z.ZodType<P>;
  readonly query: z.ZodType<Q>;
}

export interface JsonEndpoint<P, Q, B, A> extends Common<P, Q> {
  readonly kind: "json";
  /** Whatever is not GET changes state and needs the server's token. */
  readonly method: "GET" | "POST" | "DELETE";
  readonly body: z.ZodType<B>;
  readonly answer: z.ZodType<A>;
  readonly handle: (call: Call<P, Q, B>) => A | Promise<A>;
  /** Which params an export writes down: none makes no file. A path without params is written once unless this says otherwise. */
  readonly exportedParams?: (() => readonly P[] | Promise<readonly P[]>) | undefined;
}

export interface BytesEndpoint<P, Q> extends Common<P, Q> {
  readonly kind: "bytes";
  readonly method: "GET";
  readonly mediaType: string;
  readonly handle: (
    call: Call<P, Q, undefined>,
  ) => Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>>;
  readonly exportedParams?: (() => readonly P[] | Promise<readonly P[]>) | undefined;
}

export interface EventsEndpoint<P, Q, A> extends Common<P, Q> {
  readonly kind: "events";
  readonly method: "GET";
  readonly answer: z.ZodType<A>;
  readonly handle: (call: Call<P, Q, undefined>) => AsyncIterable<A>;
}

/** An endpoint whose input types are its own affair: the app hands it only what its schemas have accepted. */
export type Endpoint =
  | JsonEndpoint<unknown, unknown, unknown, unknown>
  | BytesEndpoint<unknown, unknown>
  | EventsEndpoint<unknown, unknown, unknown>;

type Optional<T, K extends keyof T> = Omit<T, K> & Partial<Pick<T, K>>;
type Written<T> = Omit<Optional<T & { params: unknown; query: unknown }, "params" | "query">, "kind">;

const nothing = z.object({});

/** `GET`: an answer in JSON. */
export const answers = <A, P = unknown, Q = unknown>(
  written: Omit<Written<JsonEndpoint<P, Q, undefined, A>>, "method" | "body" | "params" | "query"> & {
    readonly params?: z.ZodType<P>;
    readonly query?: z.ZodType<Q>;
  },
): Endpoint =>
  ({
    params: nothing,
    query: nothing,
    body: z.undefined(),
    method: "GET",
    kind: "json",
    ...written,
  }) as unknown as Endpoint;

/** `POST` or `DELETE`: a change, with a body in JSON. */
export const changes = <A, B = unknown, P = unknown, Q = unknown>(
  written: Omit<Written<JsonEndpoint<P, Q, B, A>>, "body" | "params" | "query" | "method"> & {
    readonly method?: "POST" | "DELETE";
    readonly params?: z.ZodType<P>;
    readonly query?: z.ZodType<Q>;
    readonly body?: z.ZodType<B>;
  },
): Endpoint =>
  ({
    params: nothing,
    query: nothing,
    body: nothing,
    method: "POST",
    kind: "json",
    ...written,
  }) as unknown as Endpoint;

/** `GET`: bytes, such as columns of numbers or a file. */
export const gives = <P = unknown, Q = unknown>(
  written: Omit<Written<BytesEndpoint<P, Q>>, "method" | "params" | "query"> & {
    readonly params?: z.ZodType<P>;
    readonly query?: z.ZodType<Q>;
  },
): Endpoint =>
  ({ params: nothing, query: nothing, method: "GET", kind: "bytes", ...written }) as unknown as Endpoint;

/** `GET`: server-sent events. */
export const streams = <A, P = unknown, Q = unknown>(
  written: Omit<Written<EventsEndpoint<P, Q, A>>, "method" | "params" | "query"> & {
    readonly params?: z.ZodType<P>;
    readonly query?: z.ZodType<Q>;
  },
): Endpoint =>
  ({ params: nothing, query: nothing, method: "GET", kind: "events", ...written }) as unknown as Endpoint;

/** A refusal with its status; the message is shown to the person at the page. */
export class Refusal extends Error {
  readonly status: 400 | 404 | 409 | 413 | 500 | 503;
  constructor(status: Refusal["status"], message: string) {
    super(message);
    this.status = status;
  }
}

/** Every endpoint as JSON Schema. */
export function describeEndpoints(endpoints: readonly Endpoint[]): unknown {
  const schema = (type: z.ZodType) => z.toJSONSchema(type, { unrepresentable: "any", io: "input" });
  return {
    endpoints: endpoints.map((endpoint) => ({
      method: endpoint.method,
      path: `/api/${endpoint.path}`,
      kind: endpoint.kind,
      summary: endpoint.summary,
      params: schema(endpoint.params),
      query: schema(endpoint.query),
      ...(endpoint.kind === "json" && endpoint.method !== "GET" ? { body: schema(endpoint.body) } : {}),
      ...(endpoint.kind === "bytes"
        ? { mediaType: endpoint.mediaType }
        : { answer: schema(endpoint.answer) }),
    })),
  };
}
