/** All that lies below the lab's folder, for the pages: one scan of it serves them all. */
import type { Endpoints } from "./endpoints.ts";
import { runEndpoints } from "./runs.ts";
import { RunFeed } from "./runs-feed.ts";
import { RunIndex } from "./runs-index.ts";
import { FolderScan } from "./runs-scan.ts";

export const results: Endpoints = ({ folder }) => {
  const feed = new RunFeed(new FolderScan(folder), new RunIndex(folder));
  return [...runEndpoints(feed)];
};
