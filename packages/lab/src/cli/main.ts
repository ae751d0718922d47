/**
 * The command line `thalweg`: find the command, load its file, let commander read the rest, turn what goes wrong into
 * one message and an exit code. `main` never ends the process and writes only to the streams it is given, so tests call
 * it directly.
 */
import { Command } from "commander";
import manifest from "../../package.json" with { type: "json" };
import { commands } from "./commands.ts";
import { explain, UsageError } from "./errors.ts";
import { type Io, processIo } from "./io.ts";

const EXAMPLES = `
Examples:
  $ thalweg rules adamw
  $ thalweg schedule 'warmup(100) > cosine' --steps 1000 --plot schedule.svg
  $ thalweg walk --surface rosenbrock --rule adam --set lr=0.05 --plot walk.svg

Results go to stdout, messages to stderr. Exit codes: 0 done, 1 the work failed, 2 wrong usage,
75 stopped by a signal on several ranks, to be started again.`;

/** Run one command line; the exit code is 0 done, 1 the work failed, 2 wrong usage. */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  const words = argv.filter((word) => !word.startsWith("-"));
  const name = words[0] === "help" ? words[1] : words[0];
  try {
    const program = await assemble(name, io);
    if (argv.length === 0) program.outputHelp();
    else await program.parseAsync([...argv], { from: "user" });
    return 0;
  } catch (error) {
    const known = commands.some((command) => command.name === name);
    const { exitCode, message } = explain(error, known ? `thalweg ${name}` : "thalweg");
    if (message !== "") io.stderr.write(`${message}\n`);
    return exitCode;
  }
}

/**
 * `main` on the process's own streams, and with the processes that a launcher started beside this one. `warned` is a scheduler's
 * warning, listened for since the process began.
 */
export async function run(argv: readonly string[], warned: AbortSignal): Promise<number> {
  const io = { ...processIo(), warned };
  if (!RANKED.has(argv[0] ?? "") || !wasLaunched(io.env)) return main(argv, io);
  const { onRanks } = await import("./ranks.ts");
  return onRanks(io, (own) => main(argv, own));
}

/** Commands that several processes can do together. */
const RANKED: ReadonlySet<string> = new Set(["train"]);

/** Launchers of MPI jobs leave variables of these names; which of them counts is for @thalweg/train to say. */
const wasLaunched = (env: Io["env"]): boolean =>
  ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"].some((name) => env[name] !== undefined);

/** All commands by name and summary; only the one that is called with its arguments and options. */
async function assemble(called: string | undefined, io: Io): Promise<Command> {
  const program = new Command("thalweg")
    .description("Optimizers for deep learning: run them, see what they do, and know which is better.")
    .version(manifest.version, "-V, --version")
    .addHelpText("after", EXAMPLES)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      outputError: () => {}, // said once, by main
    });
  for (const { name, summary, load } of commands) {
    const command = program.command(name).description(summary);
    if (name === called) (await load()).define(command, io);
  }
  if (called !== undefined && !commands.some(({ name }) => name === called)) await refuse(called);
  return program;
}

async function refuse(called: string): Promise<never> {
  const { nearest } = await import("@thalweg/formula");
  const names = commands.map(({ name }) => name);
  const close = nearest(called, names);
  const hint = close === undefined ? "" : `; did you mean "${close}"?`;
  throw new UsageError(
    `Cannot run "${called}" as there is no such command: there are ${names.join(", ")}${hint}`,
  );
}
