/**
 * Ranks that talk by MPI: `mpirun -n 4 …` or `srun`. This file and mpi-library.ts are all that knows MPI.
 *
 * Before a large message the ranks gather: each says that it is here (MPI_Ibarrier) and asks whether the others are (MPI_Test), between turns of
 * the event loop, so that this process hears signals while it waits. Then the call itself blocks, for no longer than the message takes. That
 * costs 15 µs; a call on another thread, which was here before, 100. Small messages just block, as ranks are at most a moment apart there.
 * There is no surviving a lost rank: whoever ends without `leave` takes the others along, and the launcher reports a failure.
 */
import { availableParallelism } from "node:os";
import { alone, type Communicator, type Reducible } from "./communicator.ts";
import { findLaunch, type Launch } from "./launcher.ts";
import { type Handle, loadMpiLibrary, type MpiLibrary } from "./mpi-library.ts";

/** Messages of at most so many bytes are not gathered for; 4 KiB between two ranks take about 10 µs. */
const BLOCKING_BYTES = 4096;
/** How often it is asked at once, how long at every turn of the event loop, and how long it sleeps in between from then on. */
const GATHER = { atOnce: 20, turnsMs: 5, sleepMs: 1 };
/** MPI_THREAD_FUNNELED: Node has other threads, but this one alone calls MPI. */
const FUNNELED = 1;

let joined: Communicator | undefined;

/**
 * This process as one of the ranks that its launcher started; `alone` when there is no launcher. Asked again it gives the same.
 *
 * Raises TypeError when no MPI library is installed, RangeError when library and launcher do not belong together.
 */
export function joinRanks(env: Readonly<Record<string, string | undefined>> = process.env): Communicator {
  if (joined !== undefined) return joined;
  const launch = findLaunch(env);
  joined = launch === undefined ? alone : join(launch, env);
  return joined;
}

function join(launch: Launch, env: Readonly<Record<string, string | undefined>>): Communicator {
  const library = loadMpiLibrary(launch.libraries);
  yieldWhereCoresAreFew(launch, env);
  const { functions, handles } = library;
  const [number] = [[0]] as [[number]];
  check("MPI_Initialized", functions.MPI_Initialized(number));
  if (number[0] === 0) {
    check("MPI_Init_thread", functions.MPI_Init_thread(null, null, FUNNELED, number));
    if (number[0] < FUNNELED) {
      throw new RangeError(
        `Cannot join the other ranks as ${library.file} must bear a process with other threads (MPI_THREAD_FUNNELED): its level is ${number[0]}`,
      );
    }
  }
  check("MPI_Comm_rank", functions.MPI_Comm_rank(handles.world, number));
  const [rank] = number;
  check("MPI_Comm_size", functions.MPI_Comm_size(handles.world, number));
  const [size] = number;
  // not finalised: Node then fell over MPICH's memory hooks, now and then, before it could say why
  if (size !== launch.size) throw new RangeError(mismatch(library, size, launch));
  return new MpiCommunicator(library, rank, size);
}

/** Open MPI's ranks spin while they wait. mpirun turns that off where ranks outnumber cores, srun does not. */
function yieldWhereCoresAreFew({ size }: Launch, env: Readonly<Record<string, string | undefined>>): void {
  const here = Number(env.OMPI_COMM_WORLD_LOCAL_SIZE ?? env.SLURM_TASKS_PER_NODE?.split(/\D/)[0] ?? size);
  if (here > availableParallelism()) process.env.OMPI_MCA_mpi_yield_when_idle ??= "1";
}

const mismatch = ({ file, flavour }: MpiLibrary, size: number, launch: Launch) =>
  `Cannot join the other ranks as launcher and MPI library must belong together: ${launch.name} started ${launch.size} ranks, but ${file} (${flavour}) sees ${size}; start with the mpirun of that library, choose srun --mpi=pmix (Open MPI) or --mpi=pmi2 (MPICH), or set MPI_LIB to the launcher's library`;

function check(call: string, code: number): void {
  if (code !== 0) throw new Error(`Cannot go on as ${call} failed, with MPI's error code ${code}`);
}

class MpiCommunicator implements Communicator {
  readonly rank: number;
  readonly size: number;
  readonly engine: string;
  private readonly library: MpiLibrary;
  private readonly types: ReadonlyMap<unknown, Handle>;
  /** Worlds of their own, whose messages cannot be taken for others: for `meet`, and for gathering. */
  private readonly meetings: Handle;
  private readonly gatherings: Handle;
  private left = false;

  constructor(library: MpiLibrary, rank: number, size: number) {
    this.library = library;
    this.rank = rank;
    this.size = size;
    const { handles, functions } = library;
    this.types = new Map<unknown, Handle>([
      [Float32Array, handles.float32],
      [Float64Array, handles.float64],
      [Int32Array, handles.int32],
    ]);
    const worldOfItsOwn = (): Handle => {
      const duplicate: [Handle] = [null];
      check("MPI_Comm_dup", functions.MPI_Comm_dup(handles.world, duplicate));
      return duplicate[0];
    };
    this.meetings = worldOfItsOwn();
    this.gatherings = worldOfItsOwn();
    this.engine = `${library.flavour}, ${versionOf(library)}`;
    this.takeOthersAlong();
  }

  /**
   * MPICH's mpirun reports success for a rank that left early with status 0, and Open MPI's survivors wait: so an end
   * without `leave` aborts. Node says "exit" before it prints an uncaught exception, so that is printed here.
   */
  private takeOthersAlong(): void {
    process.on("exit", (code) => {
      if (!this.left) this.abort(code || 1);
    });
    process.on("uncaughtExceptionMonitor", (error) => console.error(`Rank ${this.rank}:`, error));
  }

  allReduce(values: Reducible, operation: "sum" | "max"): Promise<void> {
    const { handles, inPlace } = this.library;
    const type = this.types.get(values.constructor);
    return this.call("MPI_Allreduce", values.byteLength, [
      inPlace,
      values,
      values.length,
      type,
      handles[operation],
      handles.world,
    ]);
  }

  allGather(values: Reducible, bounds: readonly number[]): Promise<void> {
    const { handles, inPlace } = this.library;
    const type = this.types.get(values.constructor);
    const begins = Int32Array.from(bounds.slice(0, -1));
    const counts = begins.map((begin, i) => bounds[i + 1]! - begin);
    return this.call("MPI_Allgatherv", values.byteLength, [
      inPlace,
      0,
      type,
      values,
      counts,
      begins,
      type,
      handles.world,
    ]);
  }

  async gather(values: Float32Array, counts: readonly number[]): Promise<Float32Array | undefined> {
    const { float32, world } = this.library.handles;
    const begins = Int32Array.from(counts, (_, r) => counts.slice(0, r).reduce((sum, n) => sum + n, 0));
    const total = counts.reduce((sum, n) => sum + n, 0);
    const all = this.rank === 0 ? new Float32Array(total) : undefined;
    await this.call("MPI_Gatherv", 4 * total, [
      values,
      values.length,
      float32,
      all ?? null,
      Int32Array.from(counts),
      begins,
      float32,
      0,
      world,
    ]);
    return all;
  }

  broadcast(values: Reducible): Promise<void> {
    const type = this.types.get(values.constructor);
    return this.call("MPI_Bcast", values.byteLength, [
      values,
      values.length,
      type,
      0,
      this.library.handles.world,
    ]);
  }

  barrier(): Promise<void> {
    return this.call("MPI_Barrier", Number.POSITIVE_INFINITY, [this.library.handles.world]);
  }

  meet(timeoutMs: number): Promise<boolean> {
    return this.allAreHere(this.meetings, timeoutMs);
  }

  /** Whether all are here within so many milliseconds. Who waits little asks often; who waits long leaves the core to others. */
  private async allAreHere(world: Handle, timeoutMs: number): Promise<boolean> {
    const { functions, statusIgnore } = this.library;
    const request = new BigUint64Array(16); // longer than what V8 keeps where it may move
    check("MPI_Ibarrier", functions.MPI_Ibarrier(world, request));
    const here: [number] = [0];
    let began = 0;
    for (let asked = 0; ; asked++) {
      check("MPI_Test", functions.MPI_Test(request, here, statusIgnore));
      if (here[0] !== 0) return true;
      if (asked < GATHER.atOnce) continue;
      const now = performance.now();
      began ||= now;
      if (now - began > timeoutMs) return false;
      if (now - began < GATHER.turnsMs) await new Promise((done) => setImmediate(done));
      else await new Promise((done) => setTimeout(done, GATHER.sleepMs));
    }
  }

  abort(exitCode: number): void {
    this.left = true;
    this.library.functions.MPI_Abort(this.library.handles.world, exitCode);
  }

  async leave(): Promise<void> {
    if (this.left) return;
    await this.call("MPI_Finalize", 0, []);
    this.left = true;
  }

  private async call(
    name: keyof MpiLibrary["functions"],
    bytes: number,
    values: readonly unknown[],
  ): Promise<void> {
    if (bytes > BLOCKING_BYTES) await this.allAreHere(this.gatherings, Number.POSITIVE_INFINITY);
    check(name, this.library.functions[name](...values));
  }
}

function versionOf({ functions }: MpiLibrary): string {
  const text = Buffer.alloc(8192); // MPI_MAX_LIBRARY_VERSION_STRING is smaller in both
  const length: [number] = [0];
  check("MPI_Get_library_version", functions.MPI_Get_library_version(text, length));
  const [first = ""] = text.toString("latin1", 0, length[0]).split("\n");
  return /\d+(\.\d+)+/.exec(first)?.[0] ?? first.trim();
}
