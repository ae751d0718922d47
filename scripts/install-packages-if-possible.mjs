/** Set-up for tests of several processes: launchers and a scheduler from Debian's packages, where the system has them and lets us. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** What `srun --mpi=pmix` opens. */
const PMIX = `/usr/lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu/pmix2/lib/libpmix.so`;

/** Tests, the programs they start, and the packages that bring them. */
const NEEDS = {
  mpi: {
    tests: "tests on several ranks",
    packages: { "mpirun.openmpi": "openmpi-bin", "mpirun.mpich": "mpich" },
  },
  slurm: {
    tests: "tests on SLURM",
    packages: { slurmctld: "slurm-wlm", slurmd: "slurm-wlm", munged: "munge", [PMIX]: "libpmix-dev" },
  },
};

/** Daemons lie where only root's PATH may lead. */
const FOLDERS = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"];
const isThere = (command) =>
  existsSync(command) || FOLDERS.some((folder) => existsSync(join(folder, command)));

/** Install what is missing for "mpi" or "slurm". Where that cannot be done, say why: those tests then say that they are skipped. */
export function installPackagesIfPossible(...needs) {
  for (const { tests, packages } of needs.map((need) => NEEDS[need])) {
    const missing = Object.entries(packages).flatMap(([command, name]) => (isThere(command) ? [] : [name]));
    if (missing.length > 0) install([...new Set(missing)], tests);
  }
}

function install(wanted, tests) {
  const skip = (reason) =>
    console.error(
      `Cannot install ${wanted.join(" and ")}, which ${tests} need, as ${reason}. They will be skipped.`,
    );
  if (!isThere("apt-get")) return skip("this system has no apt-get");
  if (process.getuid?.() !== 0) return skip(`only root may (sudo apt-get install ${wanted.join(" ")})`);
  console.error(`Installing ${wanted.join(" and ")} by apt-get, for ${tests} …`);
  const quickly = ["-o", "Acquire::http::Timeout=20", "-o", "Acquire::Retries=1"]; // where there is no network, say so soon
  const apt = (...words) =>
    spawnSync("apt-get", [...quickly, ...words], {
      encoding: "utf8",
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    });
  const tryOnce = () => apt("install", "-y", "--no-install-recommends", ...wanted);
  let { status, stderr } = tryOnce();
  if (status !== 0) {
    apt("update"); // lists of packages may be missing, or old
    ({ status, stderr } = tryOnce());
  }
  if (status !== 0) skip(stderr?.trim().split("\n").at(-1) || "apt-get failed");
}
