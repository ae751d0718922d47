/**
 * Who started this process, and how many others with it: what launchers leave in the environment. Which MPI library is the right one
 * follows from the launcher. With another, each process believes that it is rank 0 of 1 and trains alone, without an error.
 */

export interface Launch {
  /** As a person knows it. */
  readonly name: string;
  readonly rank: number;
  readonly size: number;
  /** MPI libraries to try, the one that belongs to the launcher first. */
  readonly libraries: readonly string[];
}

const OPEN_MPI = ["libmpi.so.40", "libmpi.so"];
const MPICH = ["libmpich.so.12", "libmpi.so.12"];

/** The first whose variables are there. SLURM comes last, as its variables are there under an mpirun in its jobs, too. */
const LAUNCHERS = [
  {
    name: "mpirun of Open MPI",
    size: "OMPI_COMM_WORLD_SIZE",
    rank: "OMPI_COMM_WORLD_RANK",
    libraries: [...OPEN_MPI, ...MPICH],
  },
  {
    name: "mpirun of MPICH, or srun --mpi=pmi2",
    size: "PMI_SIZE",
    rank: "PMI_RANK",
    libraries: [...MPICH, ...OPEN_MPI],
  },
  {
    name: "srun",
    size: "SLURM_STEP_NUM_TASKS",
    rank: "SLURM_PROCID",
    libraries: [...OPEN_MPI, ...MPICH],
  },
] as const;

/**
 * How this process was launched; undefined when it runs by itself. `MPI_LIB` names a library to use instead of the usual ones.
 * Raises RangeError for variables that are no counts.
 */
export function findLaunch(env: Readonly<Record<string, string | undefined>>): Launch | undefined {
  const found = LAUNCHERS.find(({ size, rank }) => env[size] !== undefined && env[rank] !== undefined);
  if (found === undefined) return undefined;
  const [size, rank] = [found.size, found.rank].map((name) => readCount(name, env[name]!)) as [
    number,
    number,
  ];
  // a shell or a batch script of SLURM's is a step of one task: nothing to do with MPI
  if (found.name === "srun" && size === 1) return undefined;
  const libraries = env.MPI_LIB ? [env.MPI_LIB] : found.libraries;
  return { name: found.name, rank, size, libraries };
}

function readCount(name: string, text: string): number {
  const value = Number(text);
  if (text !== "" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new RangeError(
    `Cannot join the other ranks as the launcher's variable ${name} must be a whole number: current value is ${JSON.stringify(text)}`,
  );
}
