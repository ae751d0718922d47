/**
 * How the command line ends when it does not end well.
 *
 *   UsageError   what the user wrote cannot be meant          one message, exit 2
 *   ComeBack     the work was stopped and can be continued    one message, exit 75 (EX_TEMPFAIL), for schedulers
 *   Failure      the work could not be done                   one message, exit 1
 *   of Node's    a file or a network that refuses             one message, exit 1
 *   others       a bug of ours                                stack trace, exit 1
 *
 * A run that diverges is none of these: it is a result.
 */
import { CommanderError } from "commander";

export class UsageError extends Error {
  override readonly name = "UsageError";
}

export class Failure extends Error {
  override readonly name = "Failure";
}

export class ComeBack extends Error {
  override readonly name = "ComeBack";
}

/**
 * Do something with what the user wrote: what it refuses (SyntaxError, RangeError, TypeError) becomes a UsageError. Wrap
 * only the reading, not the work, so that a bug in the work keeps its stack trace.
 *
 * @example const schedule = fromUser(() => parseSchedule(spec, steps));
 */
export function fromUser<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError || error instanceof TypeError) {
      throw new UsageError(error.message, { cause: error });
    }
    throw error;
  }
}

/** `fromUser` for reading that takes time. */
export async function fromUserLater<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    return fromUser(() => {
      throw error;
    });
  }
}

export interface Ending {
  exitCode: 0 | 1 | 2 | 75;
  /** For stderr; empty when everything has been said. */
  message: string;
}

/** Errors of our packages that explain themselves wherever they are thrown, by name: nothing is imported to know them. */
const SELF_EXPLAINED: Readonly<Record<string, 1 | 2 | 75>> = {
  UsageError: 2,
  ComeBack: 75,
  FormulaError: 2,
  ScheduleError: 2,
  QueryError: 2,
  Failure: 1,
  DatasetUnavailable: 1,
  RunFolderError: 1,
  StudyError: 1,
  OnnxError: 1,
};

/** What to say about an error, and the exit code. `help` names the page that tells more about usage. */
export function explain(error: unknown, help: string): Ending {
  if (!(error instanceof Error)) return { exitCode: 1, message: String(error) };
  if (error instanceof CommanderError) return explainCommander(error, help);
  const exitCode = SELF_EXPLAINED[error.name];
  if (exitCode !== undefined) return { exitCode, message: error.message };
  if ("syscall" in error) return { exitCode: 1, message: `Cannot go on: ${error.message}` };
  return { exitCode: 1, message: `This is a bug in thalweg.\n${error.stack ?? error.message}` };
}

/** Commander's own refusals ("error: unknown option '--stpes'\n(Did you mean --steps?)"); asking for help is none. */
function explainCommander({ code, exitCode, message }: CommanderError, help: string): Ending {
  if (exitCode === 0) return { exitCode: 0, message: "" };
  if (code === "commander.help") return { exitCode: 2, message: "" }; // a group without its subcommand: its help was shown
  const reason = message.replace(/^error: /, "").replace("\n", " ");
  return { exitCode: 2, message: `Cannot run this command line: ${reason}\nUsage: ${help} --help` };
}
