/** Set-up for tests in a real browser: Chromium, from Debian's packages where it is not there, and where the system lets us. */
import { spawnSync } from "node:child_process";
import { findBrowser } from "./testing/find-browser.mjs";

/** Find or install a browser and say which. Where that cannot be done, say why: those tests then say that they are skipped. */
export function installBrowserIfPossible() {
  const found = findBrowser();
  if (found !== undefined) return console.error(`Tests of the pages use ${found}`);
  const skip = (reason) =>
    console.error(
      `Tests of the pages need Chromium or Chrome, which cannot be installed: ${reason}. They will be skipped. Where one lies elsewhere, set THALWEG_BROWSER to its path.`,
    );
  if (spawnSync("apt-get", ["--version"]).status !== 0) return skip("this system has no apt-get");
  if (process.getuid?.() !== 0) return skip("only root may (sudo apt-get install chromium)");
  console.error("Installing chromium by apt-get, for tests of the pages …");
  const quickly = ["-o", "Acquire::http::Timeout=20", "-o", "Acquire::Retries=1"]; // where there is no network, say so soon
  const apt = (...words) =>
    spawnSync("apt-get", [...quickly, ...words], {
      encoding: "utf8",
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    });
  const install = () => apt("install", "-y", "--no-install-recommends", "chromium");
  let { status, stderr } = install();
  if (status !== 0) {
    apt("update"); // lists of packages may be missing, or old
    ({ status, stderr } = install());
  }
  if (status !== 0) return skip(stderr?.trim().split("\n").at(-1) || "apt-get failed");
  console.error(`Tests of the pages use ${findBrowser()}`);
}
