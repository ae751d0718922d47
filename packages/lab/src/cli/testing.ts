/** For tests: one command line run in this process, and what it wrote. */
import { main } from "./main.ts";

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Run `thalweg` with these arguments; `stdin` and `env` are all that it sees of its surroundings. */
export async function runCli(
  argv: readonly string[],
  { stdin = "", env = {} }: { stdin?: string; env?: Record<string, string> } = {},
): Promise<Outcome> {
  const written = { out: "", err: "" };
  const sink = (stream: "out" | "err") => ({
    write: (text: string) => {
      written[stream] += text;
    },
  });
  const code = await main(argv, { stdout: sink("out"), stderr: sink("err"), stdin: async () => stdin, env });
  return { code, ...written };
}
