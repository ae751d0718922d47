/** Set-up for tests of several processes: Open MPI and MPICH from Debian's packages, where the system has them and lets us. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const PACKAGES = { "mpirun.openmpi": "openmpi-bin", "mpirun.mpich": "mpich" };

const isThere = (command) =>
  (process.env.PATH ?? "").split(delimiter).some((folder) => existsSync(join(folder, command)));

/** Install what is missing. Where that cannot be done, say why: those tests then say that they are skipped. */
export function installMpiIfPossible() {
  const wanted = Object.entries(PACKAGES).flatMap(([command, name]) => (isThere(command) ? [] : [name]));
  if (wanted.length === 0) return;
  const skip = (reason) =>
    console.error(
      `Tests on several ranks need ${wanted.join(" and ")}, which cannot be installed: ${reason}. They will be skipped.`,
    );
  if (!isThere("apt-get")) return skip("this system has no apt-get");
  if (process.getuid?.() !== 0) return skip(`only root may (sudo apt-get install ${wanted.join(" ")})`);
  console.error(`Installing ${wanted.join(" and ")} by apt-get, for tests on several ranks …`);
  const quickly = ["-o", "Acquire::http::Timeout=20", "-o", "Acquire::Retries=1"]; // where there is no network, say so soon
  const apt = (...words) =>
    spawnSync("apt-get", [...quickly, ...words], {
      encoding: "utf8",
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    });
  const install = () => apt("install", "-y", "--no-install-recommends", ...wanted);
  let { status, stderr } = install();
  if (status !== 0) {
    apt("update"); // lists of packages may be missing, or old
    ({ status, stderr } = install());
  }
  if (status !== 0) skip(stderr?.trim().split("\n").at(-1) || "apt-get failed");
}
