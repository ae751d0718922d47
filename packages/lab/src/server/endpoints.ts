/** Everything that the lab's server can be asked: one list per file, each a function of the folder that is shown. */

import { basename } from "node:path";
import { z } from "zod";
import manifest from "../../package.json" with { type: "json" };
import { answers, type Endpoint } from "./endpoint.ts";
import { results } from "./results.ts";

/** What the endpoints stand on. */
export interface Lab {
  /** Absolute. */
  readonly folder: string;
  /** Aborted when the server closes: what runs in the background then ends. */
  readonly closing: AbortSignal;
}

export type Endpoints = (lab: Lab) => readonly Endpoint[];

const about: Endpoints = ({ folder }) => [
  answers({
    path: "lab.json",
    summary: "Which lab this is",
    answer: z.object({ version: z.string(), folder: z.string() }),
    handle: () => ({ version: manifest.version, folder: basename(folder) }),
  }),
];

const lists: readonly Endpoints[] = [about, results];

export const endpointsOf = (lab: Lab): readonly Endpoint[] => lists.flatMap((list) => list(lab));
