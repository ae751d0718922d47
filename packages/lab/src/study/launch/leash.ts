/** What ties ranks to the worker that started them: see `ranked.ts`. */
import { existsSync } from "node:fs";
import type { Fence } from "@thalweg/train";

/** Names the claim that the ranks work under, without the ending of its files; and says that standard input is the leash. */
export const LEASH = "THALWEG_LEASH";

type Env = Readonly<Record<string, string | undefined>>;

/** The claim's fence; undefined for who is not on a leash. */
export function fenceOf(env: Env): Fence | undefined {
  const claim = env[LEASH];
  const [, key, number] = /^(.+)\.(\d+)$/s.exec(claim ?? "") ?? [];
  if (key === undefined) return undefined;
  const attempt = Number(number);
  return {
    attempt,
    holds: () => !existsSync(`${key}.${attempt}.end`) && !existsSync(`${key}.${attempt + 1}.json`),
  };
}

/** Call back once the worker is gone. Standard input does not keep the process. */
export function onLeash(env: Env, gone: () => void): void {
  if (env[LEASH] === undefined) return;
  process.stdin.on("end", gone).on("error", gone).resume();
  (process.stdin as { unref?: () => void }).unref?.(); // a file has none
}
