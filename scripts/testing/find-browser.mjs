/** Where a browser of the Chromium family lies: what THALWEG_BROWSER says, or the first of the usual names on the PATH and the usual places. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "microsoft-edge"];
const PLACES = [
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

/** Its path; undefined where there is none. */
export function findBrowser() {
  const { THALWEG_BROWSER: chosen, PATH = "" } = process.env;
  if (chosen) return existsSync(chosen) ? chosen : undefined;
  const onPath = NAMES.flatMap((name) => PATH.split(delimiter).map((folder) => join(folder, name)));
  return [...onPath, ...PLACES].find((path) => existsSync(path));
}
