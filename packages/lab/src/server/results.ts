/** All that lies below the lab's folder, for the pages: one scan of it serves them all. */
import type { Endpoints } from "./endpoints.ts";
import { jobEndpoints } from "./jobs.ts";
import { landscapeEndpoints } from "./landscapes.ts";
import { runEndpoints } from "./runs.ts";
import { RunFeed } from "./runs-feed.ts";
import { RunIndex } from "./runs-index.ts";
import { FolderScan } from "./runs-scan.ts";
import { studyEndpoints } from "./studies.ts";

export const results: Endpoints = ({ folder, closing }) => {
  const feed = new RunFeed(new FolderScan(folder), new RunIndex(folder));
  return [
    ...runEndpoints(feed),
    ...studyEndpoints(folder, feed, closing),
    ...landscapeEndpoints(folder, feed),
    ...jobEndpoints(folder, feed, closing),
  ];
};
