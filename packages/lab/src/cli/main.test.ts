import { describe, expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { commands } from "./commands.ts";
import { explain, fromUser, UsageError } from "./errors.ts";
import { runCli } from "./testing.ts";

/** Command line, and what the message must say: the thing that is wrong, or the nearest name. */
const BAD_USAGE: readonly (readonly [string, RegExp])[] = [
  ["wlak", /no such command.*did you mean "walk"/s],
  ["banana", /there are .*rules, schedules/],
  ["--jsno", /unknown option '--jsno'/],
  ["rules adaw", /the rule "adaw".*did you mean "adam/s],
  ["rules adam lion", /too many arguments/],
  ["rules --jsn", /unknown option '--jsn' \(Did you mean --json\?\)/],
  ["schedules cosin", /the schedule "cosin".*did you mean "cosine"/s],
  ["schedule cosin --steps 10", /column 1: "cosin" is no schedule\. Did you mean "cosine"/],
  ["schedule cosine", /without --steps/],
  ["schedule cosine --steps 0", /--steps.*whole number, from 1 to 10000000: current value is 0/],
  ["schedule cosine --steps 1.5", /current value is 1\.5/],
  ["schedule cosine --steps ten", /current value is ten/],
  ["schedule cosine --steps 10 --base x", /--base.*finite number: current value is x/],
  ["schedule --steps 10", /missing required argument 'spec'/],
  ["schedule warmup(20) --steps 10", /the run has 10 steps, but warmup takes 20/],
  ["walk --rule adam", /without --surface: give sphere, quadratic/],
  ["walk --surface beale", /without --rule: give gd, sgd/],
  ["walk --surfac beale --rule adam", /unknown option '--surfac' \(Did you mean --surface\?\)/],
  ["walk --surface beal --rule adam", /the surface "beal".*did you mean "beale"/s],
  ["walk --surface beale --rule adm", /the rule "adm".*did you mean "adam"/s],
  ["walk --surface beale --rule adam --set beta3=1", /no hyperparameter "beta3".*did you mean "beta/s],
  ["walk --surface beale --rule adam --set lr=-1", /lr must be finite and not negative: current value is -1/],
  ["walk --surface beale --rule adam --set lr=NaN", /lr must be a number: current value is NaN/],
  ["walk --surface beale --rule adam --set lr=Infinity", /lr must be finite.*Infinity/],
  ["walk --surface beale --rule adam --set lr=", /lr must be a number: current value is empty/],
  ["walk --surface beale --rule adam --set lr", /must be name=value/],
  ["walk --surface beale --rule adam --set lr=1 --set lr=2", /lr is given twice: 1 and 2/],
  ["walk --surface beale --rule adam --set beta1=1", /beta1 must be in \[0, 1\): current value is 1/],
  ["walk --surface beale --rule adam --start 1", /two finite numbers, x,y: current value is 1/],
  ["walk --surface beale --rule adam --start 1,2,3", /current value is 1,2,3/],
  ["walk --surface beale --rule adam --start 1,NaN", /current value is 1,NaN/],
  ["walk --surface beale --rule adam --start 1,", /current value is 1,$/m],
  ["walk --surface beale --rule adam --steps -5", /--steps.*current value is -5/],
  ["walk --surface beale --rule adam --engine wasn", /the engine "wasn".*did you mean "wasm"/s],
  ["walk --surface beale --rule adam --schedule cosin", /Did you mean "cosine"/],
  ["walk --surface beale --rule adam --condition 5", /only quadratic has a condition number/],
  [
    "walk --surface quadratic --rule adam --condition 0",
    /condition must be positive and finite: current value is 0/,
  ],
  ["replay", /missing required argument 'file'/],
  ["replay no-such-file.json", /Cannot read no-such-file\.json as there is no such file/],
  ["data", /^$/],
  ["data lst", /unknown command 'lst' \(Did you mean list\?\)/],
  ["data fetch", /missing required argument 'name'/],
  ["data fetch mnits", /the dataset "mnits".*did you mean "mnist"/s],
  ["data verify mnits", /did you mean "mnist"/],
];

describe("main", () => {
  test.each(
    BAD_USAGE,
  )("refuses `thalweg %s` with exit 2, one message and nothing on stdout", async (line, says) => {
    const { code, out, err } = await runCli(line.split(" "));
    expect(code).toBe(2);
    expect(out).toBe("");
    if (line !== "data") expect(err).toMatch(says);
    expect(err).not.toMatch(/^\s+at /m); // no stack trace
  });

  test("prints help when called alone, and lists every command", async () => {
    const { code, out, err } = await runCli([]);
    expect(code).toBe(0);
    expect(err).toBe("");
    for (const { name, summary } of commands)
      expect(out).toMatch(new RegExp(`^  ${name} .* ${summary}$`, "m"));
  });

  test.each(
    commands.map(({ name }) => name),
  )("explains %s with an example, by --help and by help", async (name) => {
    const [asked, helped] = [await runCli([name, "--help"]), await runCli(["help", name])];
    expect(asked.code).toBe(0);
    expect(asked.out).toMatch(/Examples?:\n {2}\$ thalweg /);
    expect(asked.err).toBe("");
    expect(helped).toEqual(asked);
  });

  test("prints the version", async () => {
    expect(await runCli(["--version"])).toEqual({ code: 0, out: `${manifest.version}\n`, err: "" });
  });
});

describe("explain()", () => {
  test("shows the stack of a bug", () => {
    const { exitCode, message } = explain(new TypeError("Cannot read properties of undefined"), "thalweg");
    expect(exitCode).toBe(1);
    expect(message).toMatch(/bug in thalweg.*TypeError: Cannot read properties.*\n\s+at /s);
  });

  test("shows no stack for what the system refuses", () => {
    const refusal = Object.assign(new Error("ENOSPC: no space left on device, write"), { syscall: "write" });
    expect(explain(refusal, "thalweg")).toEqual({
      exitCode: 1,
      message: "Cannot go on: ENOSPC: no space left on device, write",
    });
  });
});

describe("fromUser()", () => {
  test("turns what reading refuses into a UsageError, and lets other errors through", () => {
    expect(() => fromUser(() => JSON.parse("{"))).toThrow(UsageError);
    const other = new Error("disk");
    expect(() =>
      fromUser(() => {
        throw other;
      }),
    ).toThrow(other);
  });
});
