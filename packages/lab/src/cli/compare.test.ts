import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { runCli } from "./testing.ts";

const root = mkdtempSync(join(tmpdir(), "thalweg-cli-compare-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
afterEach(() => vi.unstubAllEnvs());

const SMALL = ["--rules", "sgd,lion", "--budget", "1", "--seeds", "2", "--steps", "20"];

/** Words after `compare`, and what the message must say. */
const BAD_USAGE: readonly (readonly [words: string[], says: RegExp])[] = [
  [[], /missing required argument 'task'/],
  [["digits-mpl"], /the task "digits-mpl".*did you mean "digits-mlp"/s],
  [["digits-mlp", "--rules", "sgd,adaw"], /the rule "adaw".*did you mean "adam/s],
  [["digits-mlp", "--rules", "sgd,,lion"], /Cannot read the rule at column 1: found nothing/],
  [["digits-mlp", "--rules", "sgd, sgd"], /Cannot compare sgd with itself: name each rule once/],
  [["digits-mlp", "--ruls", "sgd"], /unknown option '--ruls' \(Did you mean --rules\?\)/],
  [["digits-mlp", "--schedule", "cosin"], /column 1: "cosin" is no schedule\. Did you mean "cosine"/],
  [["digits-mlp", "--schedule", "warmup(700)"], /the run has 600 steps, but warmup takes 700/],
  [["digits-mlp", "--steps", "10", "--schedule", "warmup(20)"], /the run has 10 steps/],
  [
    ["digits-mlp", "--rules", "sgd,momentum", "--schedule", "momentum=linear"],
    /schedule of momentum with sgd as it has no hyperparameter "momentum": it has lr/,
  ],
  [["digits-mlp", "--budget", "0"], /--budget.*whole number, from 1 to 10000: current value is 0/],
  [["digits-mlp", "--budget", "-3"], /--budget.*current value is -3/],
  [["digits-mlp", "--seeds", "x"], /--seeds.*current value is x/],
  [["digits-mlp", "--seeds", "1.5"], /--seeds.*current value is 1\.5/],
  [["digits-mlp", "--seeds", "NaN"], /--seeds.*current value is NaN/],
  [["digits-mlp", "--workers", "0"], /--workers.*from 1 to 256: current value is 0/],
  [["digits-mlp", "--workers", "-1"], /--workers.*current value is -1/],
  [["digits-mlp", "--steps", "0"], /--steps.*at least 1: current value is 0/],
  [["digits-mlp", "--study-seed", "-1"], /--study-seed.*current value is -1/],
  [["digits-mlp", "--sampler", "tp"], /the sampler "tp".*did you mean "tpe"/s],
  [["digits-mlp", "--port", "70000"], /--port.*from 0 to 65535: current value is 70000/],
  [["digits-mlp", "mnist-mlp"], /too many arguments/],
];

describe("compare", () => {
  test.each(BAD_USAGE)("refuses %j with exit 2, and makes no folder", async (words, says) => {
    const out = join(root, "refused");
    const refused = await runCli(["compare", ...words, "--out", out]);
    expect(refused).toMatchObject({ code: 2, out: "" });
    expect(refused.err).toMatch(says);
    expect(refused.err).not.toMatch(/^\s+at /m);
    expect(existsSync(out)).toBe(false);
  });

  test("says in one message, exit 1, that a folder below a file cannot be made", async () => {
    const file = join(root, "a file");
    writeFileSync(file, "");
    const out = join(file, "comparison");
    const failed = await runCli(["compare", "digits-mlp", ...SMALL, "--out", out]);
    expect(failed).toMatchObject({ code: 1, out: "" });
    expect(failed.err).toMatch(
      /Cannot create the run in run folder .* as part of its path is a file and not a folder \(ENOTDIR\)/,
    );
    expect(failed.err).not.toMatch(/^\s+at /m);
  });

  test("uses the digits that ship with the package, and says so, when MNIST cannot be had", async () => {
    vi.stubEnv("npm_config_registry", "http://127.0.0.1:9/"); // nobody listens there
    const env = { THALWEG_CACHE: join(root, "empty cache") };
    const out = join(root, "fallen back");
    const { code, out: text, err } = await runCli(["compare", "mnist-mlp", ...SMALL, "--out", out], { env });
    expect(code).toBe(0);
    expect(err).toMatch(/Cannot load dataset mnist as no verified copy could be had/);
    expect(err).toMatch(/Using digits-mlp instead: .*ships with Thalweg/);
    expect(err).toContain(`Report: ${join(out, "report.html")}`);
    expect(text).toMatch(/^sgd .*^lion /ms);

    const json = await runCli(["compare", "digits-mlp", ...SMALL, "--out", out, "--json"]); // runs are found again
    expect(json.err).toContain("sgd   2 seeds:");
    expect(json.err.match(/2 found from before|1 found from before/g)).not.toBeNull();
    const comparison = JSON.parse(json.out);
    expect(comparison.task).toMatchObject({ name: "digits-mlp", steps: 20 });
    expect(comparison.command).toBe(
      "thalweg compare digits-mlp --rules sgd,lion --budget 1 --seeds 2 --schedule 'warmup(5%) > cosine' --steps 20",
    );
  });
});
