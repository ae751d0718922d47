/**
 * For tests: a real SLURM on this machine, for as long as a test file runs. Two nodes and a controller as ordinary processes, in a temporary
 * folder, listening on 127.0.0.1 only, with a munge of their own: nothing of the system's is used or changed, and no database is needed.
 *
 *   main      the partition of every job; `urgent` takes nodes from it: its jobs are sent SIGTERM and queued again
 *   freeze    a node's jobs stand still until they are thawed
 *   cut       a node's daemon dies and its jobs run on, as when the network between them breaks
 *   crash     a node dies with everything on it
 *
 * Source of the settings: slurm.conf(5), slurmd(8) and munged(8) of SLURM 22.05 and munge 0.5.15; what is surprising is said where it is.
 */
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { hostname, tmpdir, totalmem, userInfo } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

const PROGRAMS = ["slurmctld", "slurmd", "munged", "sbatch", "squeue", "scontrol", "scancel"];
/** Daemons lie where only root's PATH may lead. */
const PATH = [process.env.PATH ?? "", "/usr/sbin", "/sbin"].join(delimiter);

const isThere = (program: string) =>
  PATH.split(delimiter).some((folder) => folder !== "" && existsSync(join(folder, program)));

/** Why tests on SLURM are skipped; undefined where they run. */
export const slurmMissing: string | undefined = whyNot();

function whyNot(): string | undefined {
  const missing = PROGRAMS.filter((program) => !isThere(program));
  if (missing.length === 0) return undefined;
  return `${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} not installed (apt-get install slurm-wlm)`;
}

/** Why `srun --mpi=pmix` cannot be had, besides. Debian's plugin opens libpmix.so, a name that only the package for developers brings. */
export const pmixMissing: string | undefined = ["x86_64", "aarch64"].some((machine) =>
  existsSync(`/usr/lib/${machine}-linux-gnu/pmix2/lib/libpmix.so`),
)
  ? undefined
  : "libpmix.so is not installed (apt-get install libpmix-dev)";

/** The name of a test, with the reason where it is skipped. */
export const onSlurm = (title: string, missing = slurmMissing): string =>
  `${title}${missing === undefined ? "" : `: SKIPPED as ${missing}`}`;

export interface SlurmJob {
  readonly id: number;
  /** Of the array that it is a task of; its own id for a job by itself. */
  readonly array: number;
  /** PENDING, RUNNING, COMPLETED, FAILED … */
  readonly state: string;
  readonly restarts: number;
  readonly nodes: string;
}

/** How long a daemon may be silent until its node counts as lost. */
const SILENCE_SECONDS = 6;
const NODES = ["node1", "node2"] as const;
export type NodeName = (typeof NODES)[number];

export class LocalSlurm {
  readonly folder: string;
  /** What its commands, and programs that call them, need in their environment. */
  readonly env: Readonly<Record<string, string>>;

  private constructor(folder: string) {
    this.folder = folder;
    this.env = {
      PATH,
      SLURM_CONF: join(folder, "slurm.conf"),
    };
  }

  /** Start it and wait until both nodes are idle. Raises Error with what the daemons said where that does not come. */
  static async start(): Promise<LocalSlurm> {
    const folder = mkdtempSync(join(tmpdir(), "thalweg-slurm-"));
    const slurm = new LocalSlurm(folder);
    try {
      await slurm.bringUp();
    } catch (error) {
      await slurm.stop();
      throw error;
    }
    return slurm;
  }

  private async bringUp(): Promise<void> {
    const { folder } = this;
    chmodSync(folder, 0o755); // munge's socket lies in it
    for (const name of ["state", ...NODES.flatMap((node) => [`spool-${node}`, `tmp-${node}`])]) {
      mkdirSync(join(folder, name), { mode: 0o755 });
    }
    writeFileSync(join(folder, "munge.key"), randomBytes(64), { mode: 0o600 });
    writeFileSync(join(folder, "slurm.conf"), configuration(folder, await freePorts(1 + NODES.length)));
    // slurmd prepares a cgroup plugin even where nothing uses it, and finding out which fails without /sys/fs/cgroup; v1 asks for nothing yet
    writeFileSync(join(folder, "cgroup.conf"), "CgroupPlugin=cgroup/v1\n");
    const file = (name: string) => join(folder, name);
    this.run("munged", [
      ...["--force", `--socket=${file("munge.socket")}`, `--key-file=${file("munge.key")}`],
      ...[`--pid-file=${file("munged.pid")}`, `--log-file=${file("munged.log")}`],
      `--seed-file=${file("munged.seed")}`,
    ]);
    this.run("slurmctld", []);
    for (const node of NODES) this.run("slurmd", ["-N", node]);
    await this.until(() => this.idleNodes() === NODES.length, "both nodes are idle", 30_000);
  }

  private idleNodes(): number {
    const { stdout } = spawnSync("sinfo", ["-h", "-N", "-p", "main", "-t", "idle,mix,alloc", "-o", "%N"], {
      env: { ...process.env, ...this.env },
      encoding: "utf8",
      timeout: 5000,
    });
    return new Set(stdout.split("\n").filter(Boolean)).size;
  }

  /** One of SLURM's programs: what it printed. Raises Error with what it complained of. */
  run(program: string, words: readonly string[]): string {
    const { status, stdout, stderr, error } = spawnSync(program, words, {
      env: { ...process.env, ...this.env },
      encoding: "utf8",
      timeout: 20_000,
    });
    if (status === 0) return stdout;
    throw new Error(`Cannot run ${program} ${words.join(" ")}: ${error?.message ?? stderr}\n${this.logs()}`);
  }

  /** Jobs that are queued, running, or ended not long ago. */
  jobs(): SlurmJob[] {
    const parsed = JSON.parse(this.run("squeue", ["--json"])) as { jobs: RawJob[] };
    return parsed.jobs.map(({ job_id, array_job_id, job_state, restart_cnt, nodes }) => ({
      id: job_id,
      array: array_job_id === 0 ? job_id : array_job_id,
      state: job_state,
      restarts: restart_cnt ?? 0,
      nodes,
    }));
  }

  /** Wait until something holds, looking often. Raises Error with the queue and the daemons' logs where it does not. */
  async until(holds: () => boolean, what: string, timeoutMs: number): Promise<void> {
    for (const end = Date.now() + timeoutMs; !holds(); await wait(100)) {
      if (Date.now() < end) continue;
      const queue = spawnSync("squeue", ["-a"], { env: { ...process.env, ...this.env }, encoding: "utf8" });
      throw new Error(
        `Cannot go on as this did not come in ${timeoutMs} ms: ${what}\n${queue.stdout}${this.logs()}`,
      );
    }
  }

  /** What SLURM thinks of a node: "idle", "mix", "down*" … */
  nodeState(node: NodeName): string {
    return this.run("sinfo", ["-h", "-N", "-p", "main", "-n", node, "-o", "%t"]).trim();
  }

  /** The jobs of a node stop, and go on, as when its disk hangs. */
  freeze(node: NodeName): void {
    for (const pid of this.processesOn(node)) kill(pid, "SIGSTOP");
  }

  thaw(node: NodeName): void {
    for (const pid of this.processesOn(node)) kill(pid, "SIGCONT");
  }

  /** The node's daemon dies; its jobs run on. */
  cut(node: NodeName): void {
    kill(this.pidOf(`slurmd-${node}`), "SIGKILL");
  }

  /** The node dies, with every process of its jobs. */
  crash(node: NodeName): void {
    this.cut(node);
    for (const pid of this.processesOn(node)) kill(pid, "SIGKILL");
  }

  /** The node comes back, with nothing in its temporary folders. */
  revive(node: NodeName): void {
    for (const folder of [`tmp-${node}`, `spool-${node}`]) {
      for (const name of readdirSync(join(this.folder, folder))) {
        if (folder.startsWith("tmp") || name.includes("pmix")) {
          rmSync(join(this.folder, folder, name), { recursive: true, force: true });
        }
      }
    }
    this.run("slurmd", ["-N", node]);
  }

  /** Processes of a node's jobs: they carry its name. A step's keeper does not, but has the node's log open. */
  private processesOn(node: NodeName): number[] {
    const log = join(this.folder, `slurmd-${node}.log`);
    const isJobs = (pid: number) => this.isOurs(pid) && environment(pid).includes(`SLURMD_NODENAME=${node}`);
    return processes().filter((pid) => isJobs(pid) || opened(pid).includes(log));
  }

  /** Whatever was started from this folder carries its configuration's name: no other process is ever ended. */
  private isOurs(pid: number): boolean {
    return environment(pid).includes(`SLURM_CONF=${this.env.SLURM_CONF}`);
  }

  private pidOf(daemon: string): number | undefined {
    const path = join(this.folder, `${daemon}.pid`);
    const pid = existsSync(path) ? Number(readFileSync(path, "utf8")) : undefined;
    return pid !== undefined && this.isOurs(pid) ? pid : undefined;
  }

  private logs(): string {
    const names = readdirSync(this.folder).filter((name) => name.endsWith(".log"));
    const last = (name: string) =>
      readFileSync(join(this.folder, name), "utf8").split("\n").slice(-8).join("\n");
    return names.map((name) => `== ${name}\n${last(name)}`).join("\n");
  }

  /** End every job and daemon, and remove the folder. */
  async stop(): Promise<void> {
    const keepsLog = (pid: number) => opened(pid).some((path) => path.startsWith(`${this.folder}/slurmd-`));
    for (const pid of processes()) if (this.isOurs(pid) || keepsLog(pid)) kill(pid, "SIGKILL");
    await wait(50);
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** What of squeue's JSON is read here. */
interface RawJob {
  job_id: number;
  array_job_id: number;
  job_state: string;
  restart_cnt?: number;
  nodes: string;
}

function configuration(folder: string, [controller, ...nodes]: readonly number[]): string {
  const user = userInfo().username;
  const host = hostname().split(".")[0];
  const memory = Math.floor((totalmem() / 2 ** 20) * 0.9);
  return `ClusterName=thalweg
SlurmctldHost=${host}(127.0.0.1)
SlurmctldPort=${controller}
# listen where the names above lead to, not on every address
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
AuthType=auth/munge
CredType=cred/munge
# a job that was queued again becomes eligible a second after its credentials are void, 121 s by default; sooner, by
# StartTime=now, a start on the same node may be taken for the one before, and ended
AuthInfo=socket=${folder}/munge.socket,cred_expire=5
SlurmUser=${user}
SlurmdUser=${user}
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool-%n
TmpFS=${folder}/tmp-%n
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/slurmd-%n.pid
SlurmctldLogFile=${folder}/slurmctld.log
SlurmdLogFile=${folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
ReturnToService=2
# a node may claim more than the machine has
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
JobRequeue=1
KillWait=5
MinJobAge=600
SlurmdTimeout=${SILENCE_SECONDS}
InactiveLimit=0
MaxArraySize=20
NodeName=node[1-${nodes.length}] NodeHostname=${host} NodeAddr=127.0.0.1 Port=[${nodes.join(",")}] CPUs=2 RealMemory=${memory} State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP PriorityTier=1
PartitionName=urgent Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=10 PreemptMode=OFF
`;
}

/** Ports that nobody listens on now. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = createServer();
      return new Promise<typeof server>((done) => server.listen(0, "127.0.0.1", () => done(server)));
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

const processes = () => readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));

/** "NAME=value" of a process; none where it is somebody else's, or gone. */
function environment(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  } catch {
    return [];
  }
}

function opened(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((name) => readlinkSync(`/proc/${pid}/fd/${name}`));
  } catch {
    return [];
  }
}

function kill(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined || pid === process.pid || !(pid > 1)) return;
  try {
    process.kill(pid, signal);
  } catch {
    // it has ended
  }
}
