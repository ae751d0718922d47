/** `thalweg lab`: the pages, on this machine only; or a copy of them over finished results. */
import { existsSync, mkdirSync, statSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import type { Command } from "commander";
import { wholeNumber } from "./arguments.ts";
import { Failure, fromUser, UsageError } from "./errors.ts";
import { interrupted, interruptible } from "./interrupt.ts";
import type { Io } from "./io.ts";
import { printJson } from "./print.ts";

interface Options {
  port: number;
  folder: string;
  show?: string;
  export?: string;
  json?: boolean;
}

const EXAMPLES = `
Examples:
  $ thalweg lab
  $ thalweg lab --folder results --port 0
  $ thalweg lab --export public      # the same pages over finished results, for any web server`;

export function define(command: Command, io: Io): void {
  command
    .description("The pages, on 127.0.0.1: playground, runs, comparisons, landscapes, schedules, catalogue.")
    .option("--port <n>", "port; 0 takes a free one", wholeNumber("--port", 0, 65_535), 7878)
    .option("--folder <folder>", "where runs, studies and landscapes lie, at any depth", ".")
    .option("--show <folder>", "a comparison or study in it, whose address to say")
    .option("--export <folder>", "write the pages and what there is as files, and end")
    .option("--json", "print the address, or what was written, as JSON")
    .addHelpText("after", EXAMPLES)
    .action((options: Options) => run(options, io));
}

async function run(options: Options, io: Io): Promise<void> {
  const folder = fromUser(() => chooseFolder(options.folder));
  const shown = options.show;
  const within = shown === undefined ? undefined : fromUser(() => chooseShown(folder, shown));
  const [{ builtPages }, { endpointsOf }] = await Promise.all([
    import("../server/pages.ts"),
    import("../server/endpoints.ts"),
  ]);
  const pages = await builtPages((line) => io.stderr.write(`${line}\n`)).catch((error: Error) => {
    throw new Failure(error.message);
  });
  const closing = new AbortController();
  const endpoints = endpointsOf({ folder, closing: closing.signal });
  try {
    if (options.export !== undefined) {
      const { exportLab } = await import("../server/export.ts");
      const written = await exportLab({ pages, endpoints, destination: options.export });
      if (options.json) printJson(io.stdout, written);
      else io.stdout.write(`${written.destination}\n`);
      io.stderr.write(
        `Wrote the pages and ${written.answers.length} answers; any web server can show them\n`,
      );
      return;
    }
    const { serveLab } = await import("../server/app.ts");
    const server = await serveLab({ folder, pages, port: options.port, endpoints }).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code !== "EADDRINUSE") throw error;
        throw new Failure(
          `Cannot open the lab as port ${options.port} is taken: choose another with --port, or 0 for a free one`,
        );
      },
    );
    if (options.json) printJson(io.stdout, { url: server.url, folder });
    io.stderr.write(`The lab is at ${server.url} (Ctrl-C ends)\n`);
    if (within !== undefined) {
      const { keyOf } = await import("../server/runs-index.ts");
      io.stderr.write(`The result is at ${server.url}#/comparison/${keyOf(within)}\n`);
    }
    await interruptible(io, "Bye.", interrupted);
    await server.close();
  } finally {
    closing.abort();
  }
}

/** Its path below the lab's folder. Raises UsageError where it lies elsewhere. */
function chooseShown(folder: string, shown: string): string {
  const within = relative(folder, resolve(shown)).split(sep).join("/");
  if (within !== "" && !within.startsWith("..") && existsSync(join(folder, within))) return within;
  throw new UsageError(
    `Cannot show ${shown} as it must be a folder below ${folder}: choose another --folder`,
  );
}

/** The folder, made if only it is missing. Raises UsageError where it is a file. */
function chooseFolder(folder: string): string {
  const path = resolve(folder);
  if (!existsSync(path)) mkdirSync(path, { recursive: true });
  if (statSync(path).isDirectory()) return path;
  throw new UsageError(`Cannot show ${folder} as it must be a folder: it is a file`);
}
