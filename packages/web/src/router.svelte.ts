/**
 * Where a person is, and all that the page shows, in the address: `#/runs/3f2a?x=step&log=y`. What follows # never reaches a server, so the
 * same addresses work on the lab's server, on any other, and from a file.
 *
 *   route.page            "runs"
 *   route.rest            ["3f2a"]
 *   route.query           { x: "step", log: "y" }
 *   setQuery({ log: "" }) changes single entries, an empty one goes; the history gets no new entry, as dragging a slider is no journey
 *   hrefOf("runs", ["3f2a"], { x: "step" })
 */
/** The page that an empty address means. */
export const HOME = "playground";

export type Query = Readonly<Record<string, string>>;

interface Place {
  readonly page: string;
  readonly rest: readonly string[];
  readonly query: Query;
}

function readPlace(hash: string): Place {
  const [path = "", search = ""] = hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  const [page = "", ...rest] = path.split("/").map(decode);
  return {
    page: page === "" ? HOME : page,
    rest: rest.filter((word) => word !== ""),
    query: Object.fromEntries(new URLSearchParams(search)),
  };
}

/** Text as written where it is not validly encoded. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** An address within the pages. */
export function hrefOf(page: string, rest: readonly string[] = [], query: Query = {}): string {
  const kept = Object.entries(query).filter(([, value]) => value !== "");
  const search = kept.length === 0 ? "" : `?${new URLSearchParams(kept)}`;
  return `#/${[page, ...rest].map(encodeURIComponent).join("/")}${search}`;
}

class Route implements Place {
  private place: Place = $state.raw(readPlace(globalThis.location?.hash ?? ""));
  private writing: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    globalThis.addEventListener?.("hashchange", () => {
      clearTimeout(this.writing);
      this.writing = undefined;
      this.place = readPlace(location.hash);
    });
    globalThis.addEventListener?.("pagehide", () => this.write());
  }

  get page(): string {
    return this.place.page;
  }
  get rest(): readonly string[] {
    return this.place.rest;
  }
  get query(): Query {
    return this.place.query;
  }

  set(place: Partial<Place>): void {
    this.place = { ...this.place, ...place };
    this.writing ??= setTimeout(() => this.write(), WRITE_AFTER_MS);
  }

  private write(): void {
    if (this.writing === undefined) return;
    clearTimeout(this.writing);
    this.writing = undefined;
    const { page, rest, query } = this.place;
    history.replaceState(history.state, "", hrefOf(page, rest, query));
  }
}

/** Browsers refuse more than about 200 changes of the address in 30 s. */
const WRITE_AFTER_MS = 200;

export const route = new Route();

/** Change entries of the query; an empty value removes its entry. The address follows shortly after. */
export function setQuery(changes: Query): void {
  const query = Object.fromEntries(
    Object.entries({ ...route.query, ...changes }).filter(([, value]) => value !== ""),
  );
  const same =
    Object.keys(query).length === Object.keys(route.query).length &&
    Object.entries(query).every(([name, value]) => route.query[name] === value);
  if (!same) route.set({ query });
}

/** Go to another place, as a link does. */
export function navigate(page: string, rest: readonly string[] = [], query: Query = {}): void {
  location.hash = hrefOf(page, rest, query);
}
