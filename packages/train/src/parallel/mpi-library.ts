/**
 * The MPI library of the system, called through koffi: nothing is compiled. Open MPI and MPICH differ in what a handle is; the tables
 * here are all that knows it. Traps that this file knows of, each met on a real machine:
 *
 *   koffi gives calls a stack of its own choice, and MPICH overflowed one of them 8 MiB, set before the first library is loaded
 *   koffi closes libraries as Node exits; a thread of Open MPI's that ends later
 *   then runs a destructor in memory that is gone                                the library is opened once more, with RTLD_NODELETE
 *   Open MPI opens plugins of its own, which look for the library's symbols      it is loaded with RTLD_GLOBAL
 *   UCX, below Debian's MPICH, rewrites mmap and its kin in memory while
 *   V8's threads are in them: one of twelve jobs fell in its collector           UCX_MEM_EVENTS=no, unless it was set
 *
 * Sources  mpi.h of Open MPI 4.1.4 (handles are addresses of symbols) and of MPICH 4.0.2 (handles are numbers, the MPICH ABI).
 */
import { createRequire } from "node:module";
import type { KoffiFunc } from "koffi";

/** What MPI calls a communicator, a data type, an operation. */
export type Handle = unknown;

type Call<A extends unknown[] = unknown[]> = KoffiFunc<(...values: A) => number>;

export interface MpiLibrary {
  readonly flavour: keyof typeof FLAVOURS;
  /** The file, as the system found it. */
  readonly file: string;
  readonly handles: Readonly<Record<HandleName, Handle>>;
  /** Stands for "the values are in the receive buffer". */
  readonly inPlace: bigint;
  readonly statusIgnore: bigint;
  readonly functions: Readonly<Record<FunctionName, Call>>;
}

const HANDLE_NAMES = ["world", "float32", "float64", "int32", "sum", "max"] as const;
type HandleName = (typeof HANDLE_NAMES)[number];

const FLAVOURS = {
  "Open MPI": {
    handle: "void *",
    inPlace: 1n,
    statusIgnore: 0n,
    handles: {
      world: "ompi_mpi_comm_world",
      float32: "ompi_mpi_float",
      float64: "ompi_mpi_double",
      int32: "ompi_mpi_int32_t",
      sum: "ompi_mpi_op_sum",
      max: "ompi_mpi_op_max",
    },
  },
  MPICH: {
    handle: "int",
    inPlace: 0xffff_ffff_ffff_ffffn,
    statusIgnore: 1n,
    handles: {
      world: 0x44000000,
      float32: 0x4c00040a,
      float64: 0x4c00080b,
      int32: 0x4c000439,
      sum: 0x58000003,
      max: 0x58000001,
    },
  },
} as const;

/** Arguments by type; H is the flavour's handle. All return an error code, 0 for success. */
const FUNCTIONS = {
  MPI_Initialized: ["_Out_ int *"],
  MPI_Init_thread: ["void *", "void *", "int", "_Out_ int *"],
  MPI_Finalize: [],
  MPI_Abort: ["H", "int"],
  MPI_Comm_rank: ["H", "_Out_ int *"],
  MPI_Comm_size: ["H", "_Out_ int *"],
  MPI_Comm_dup: ["H", "_Out_ H *"],
  MPI_Get_library_version: ["void *", "_Out_ int *"],
  MPI_Allreduce: ["void *", "void *", "int", "H", "H", "H"],
  MPI_Allgatherv: ["void *", "int", "H", "void *", "void *", "void *", "H", "H"],
  MPI_Gatherv: ["void *", "int", "H", "void *", "void *", "void *", "H", "int", "H"],
  MPI_Bcast: ["void *", "int", "H", "int", "H"],
  MPI_Barrier: ["H"],
  MPI_Ibarrier: ["H", "void *"],
  MPI_Test: ["void *", "_Out_ int *", "void *"],
} as const;
type FunctionName = keyof typeof FUNCTIONS;

const INSTALL =
  "install one: apt-get install openmpi-bin (or mpich), dnf install openmpi, or your cluster's module; MPI_LIB=/path/to/libmpi.so names one elsewhere";

/** Stacks can be chosen only before the first library is loaded. */
let configured = false;

/** Load the first of these libraries that is there. Raises TypeError, which says what to install, when none is. */
export function loadMpiLibrary(files: readonly string[]): MpiLibrary {
  const koffi = createRequire(import.meta.url)("koffi") as typeof import("koffi");
  if (!configured) koffi.config({ sync_stack_size: 8 << 20 });
  configured = true;
  process.env.UCX_MEM_EVENTS ??= "no";
  const reasons: string[] = [];
  for (const file of files) {
    try {
      const library = koffi.load(file, { global: true });
      keepMapped(koffi, file);
      return describe(library, file);
    } catch (error) {
      reasons.push(`${file}: ${(error as Error).message}`);
    }
  }
  throw new TypeError(
    `Cannot train on several ranks as it needs an MPI library, and none could be loaded (${reasons.join("; ")}): ${INSTALL}`,
  );
}

/** dlopen(file, RTLD_NODELETE | RTLD_GLOBAL | RTLD_NOW), by the flags of Linux. */
function keepMapped(koffi: typeof import("koffi"), file: string): void {
  if (process.platform !== "linux") return;
  koffi.load(null).func("void *dlopen(const char *, int)")(file, 0x1102);
}

function describe(library: ReturnType<typeof import("koffi").load>, file: string): MpiLibrary {
  const flavour = hasSymbol(library, FLAVOURS["Open MPI"].handles.world) ? "Open MPI" : "MPICH";
  const { handle, inPlace, statusIgnore, handles } = FLAVOURS[flavour];
  const handleOf = (name: HandleName): Handle => {
    const value = handles[name];
    return typeof value === "string" ? library.symbol(value) : value;
  };
  const bind = ([name, types]: [string, readonly string[]]) => [
    name,
    library.func(
      name,
      "int",
      types.map((type) => type.replace("H", handle)),
    ),
  ];
  return {
    flavour,
    file,
    inPlace,
    statusIgnore,
    handles: Object.fromEntries(HANDLE_NAMES.map((name) => [name, handleOf(name)])) as MpiLibrary["handles"],
    functions: Object.fromEntries(Object.entries(FUNCTIONS).map(bind)) as MpiLibrary["functions"],
  };
}

function hasSymbol(library: ReturnType<typeof import("koffi").load>, name: string): boolean {
  try {
    library.symbol(name);
    return true;
  } catch {
    return false;
  }
}
