import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { checkAgreement, checkShared, codeVersion } from "./agreement.ts";
import { together } from "./testing/together.ts";

const root = mkdtempSync(join(tmpdir(), "thalweg-agreement-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** What each rank's check said: undefined, or its message. */
const messages = (checks: readonly Promise<void>[]) =>
  Promise.all(
    checks.map((check) =>
      check.then(
        () => undefined,
        (error: Error) => `${error.name}: ${error.message}`,
      ),
    ),
  );

describe("checkAgreement()", () => {
  test("passes where all have the same facts", async () => {
    const checks = together(3).map((one) => checkAgreement(one, { data: "ab12", seed: 1 }));
    expect(await messages(checks)).toEqual([undefined, undefined, undefined]);
  });

  test("refuses on every rank, in the same words, and names who differs in what", async () => {
    const facts = [{ data: "ab12", code: "1" }, { data: "ab12", code: "2" }, { data: "ff00" }];
    const [first, second, third] = await messages(
      together(3).map((one) => checkAgreement(one, facts[one.rank] as Record<string, string>)),
    );
    expect(first).toMatch(
      /^RangeError: Cannot train on 3 ranks as all must have the same to do as rank 0: rank 1 on \S+ has another code \(2, not 1\); rank 2 on \S+ has another data \(ff00, not ab12\), another code \(undefined, not 1\); start all/,
    );
    expect([second, third]).toEqual([first, first]);
  });
});

describe("checkShared()", () => {
  test("makes the folder, and leaves nothing in it", async () => {
    const folder = join(root, "new", "run");
    expect(await messages(together(2).map((one) => checkShared(one, folder)))).toEqual([
      undefined,
      undefined,
    ]);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("refuses on every rank where one looks into another folder", async () => {
    const said = await messages(
      together(3).map((one) => checkShared(one, join(root, one.rank === 2 ? "there" : "here"))),
    );
    expect(said[0]).toMatch(
      /what rank 0 wrote there is not seen by rank 2 on \S+; choose a folder on a file system that all machines have$/,
    );
    expect(said.every((one) => one?.startsWith("RangeError: Cannot train in "))).toBe(true);
    expect(existsSync(join(root, "here"))).toBe(false);
  });

  test("refuses on every rank where rank 0 cannot write", async () => {
    writeFileSync(join(root, "file"), "");
    const said = await messages(together(2).map((one) => checkShared(one, join(root, "file", "run"))));
    expect(said[0]).toContain("ENOTDIR");
    expect(said[1]).toBe(said[0]);
  });
});

describe("codeVersion()", () => {
  test("changes with the code of a package, and with its file names, but not with its tests", () => {
    const folder = join(root, "packages");
    const write = (path: string, text: string) => writeFileSync(join(folder, path), text);
    mkdirSync(join(folder, "one", "src", "deep"), { recursive: true });
    mkdirSync(join(folder, "two"));
    write("one/src/a.ts", "1");
    const versions = [codeVersion(folder)];
    for (const [path, text] of [
      ["one/src/a.ts", "2"],
      ["one/src/deep/b.ts", ""],
    ] as const) {
      write(path, text);
      versions.push(codeVersion(folder));
    }
    expect(new Set(versions).size).toBe(3);
    write("one/src/a.test.ts", "a test");
    write("two/c.ts", "no source");
    expect(codeVersion(folder)).toBe(versions.at(-1));
  });
});
