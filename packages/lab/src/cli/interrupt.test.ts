import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";

/** A program that works on for ever, or until the signal when it is told to be polite. */
const program = (polite: boolean) => `
  import { register } from "tsx/esm/api";
  register();
  const { interruptible, interrupted } = await import(${JSON.stringify(new URL("./interrupt.ts", import.meta.url).href)});
  const alive = setInterval(() => {}, 1000);
  await interruptible({ stderr: process.stderr }, "Stopping.", async (signal) => {
    process.stdout.write("working");
    await (${polite} ? interrupted(signal) : new Promise(() => {}));
  });
  clearInterval(alive);
  process.stdout.write(" " + process.listenerCount("SIGINT") + " listeners left");`;

async function began(polite: boolean) {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program(polite)], {
    cwd: new URL(".", import.meta.url),
  });
  const written = { out: "", err: "" };
  child.stdout.on("data", (text) => {
    written.out += text;
  });
  child.stderr.on("data", (text) => {
    written.err += text;
  });
  await once(child.stdout, "data");
  return { child, written };
}

test("interruptible() ends the process at once at the second signal", async () => {
  const { child, written } = await began(false);
  child.kill("SIGINT");
  await once(child.stderr, "data");
  expect(child.exitCode).toBeNull();
  child.kill("SIGINT");
  expect(await once(child, "close")).toEqual([130, null]);
  expect(written).toEqual({ out: "working", err: "\nStopping.\n" });
});

test("interruptible() lets the work end at the first signal, and then leaves signals alone", async () => {
  const { child, written } = await began(true);
  child.kill("SIGTERM");
  expect(await once(child, "close")).toEqual([0, null]);
  expect(written).toEqual({ out: "working 0 listeners left", err: "\nStopping.\n" });
});
