/**
 * Reading order: communicator → launcher → mpi-library → mpi → parted-program → stages → synchronised-program → shard-kind →
 * sharded-optimizer → agreement.
 */
export { checkAgreement, checkShared, codeVersion } from "./agreement.ts";
export { alone, type Communicator, exchange, partBounds, type Reducible } from "./communicator.ts";
export { findLaunch, type Launch } from "./launcher.ts";
export { joinRanks } from "./mpi.ts";
export { averageOverRanks, PartedProgram, type PartedProgramOptions } from "./parted-program.ts";
export { type ShardKind, shardKind } from "./shard-kind.ts";
export { ShardedOptimizer, type ShardedOptimizerOptions, shardBounds } from "./sharded-optimizer.ts";
export { type SynchronisedOptions, SynchronisedProgram } from "./synchronised-program.ts";
