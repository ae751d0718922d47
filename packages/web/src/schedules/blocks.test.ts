import { parseSchedule, schedules } from "@thalweg/optim";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addBlock, layOutBlocks, moveBlock, moveBorder, REQUIRED, readBlocks, showBlocks } from "./blocks.ts";

const STEPS = 1_000;
const values = (spec: string) => {
  const schedule = parseSchedule(spec, STEPS);
  return Array.from({ length: STEPS }, (_, k) => schedule.at(k));
};

describe("blocks", () => {
  test("are the parts of a sequence, with lengths and settings as written", () => {
    expect(readBlocks("warmup(10%) > cosine(300, floor=1e-2) > constant")).toEqual([
      { name: "warmup", length: "10%", settings: {}, text: "" },
      { name: "cosine", length: "300", settings: { floor: "1e-2" }, text: "" },
      { name: "constant", length: "", settings: {}, text: "" },
    ]);
  });

  test.each([
    "warmup(10%) > 0.5 * (cosine * rex) > linear(20%, from=0.5, to=0)",
    "(warmup(5%) > constant(5%)) > repeat(cosine(10%), times=3) > constant",
    "cosine",
    "clamp(cosine, low=0.1) * step(every=100, gamma=0.5)",
  ])("%s means the same when it is read and shown", (spec) => {
    expect(values(showBlocks(readBlocks(spec)))).toEqual(values(spec));
  });

  test("a border that is moved changes two lengths and nothing else", () => {
    const spec = "warmup(10%) > constant(50%) > cosine";
    const moved = moveBorder(readBlocks(spec), layOutBlocks(spec, STEPS), 0, 250, STEPS);
    expect(moved).toBe("warmup(25%) > constant(35%) > cosine");
    expect(layOutBlocks(moved, STEPS)).toEqual([250, 350, 400]);
  });

  test("a border stays between its neighbours, and every text that comes of it is a schedule of the whole run", () => {
    const spec = "warmup(10%) > constant(50%) > cosine";
    fc.assert(
      fc.property(fc.integer({ min: -5_000, max: 5_000 }), fc.integer({ min: 0, max: 1 }), (to, index) => {
        const moved = moveBorder(readBlocks(spec), layOutBlocks(spec, STEPS), index, to, STEPS);
        const lengths = layOutBlocks(moved, STEPS);
        expect(lengths.reduce((sum, one) => sum + one, 0)).toBe(STEPS);
        for (const length of lengths) expect(length).toBeGreaterThan(0);
      }),
      { seed: 20_261_120 },
    );
  });

  test("blocks change places with their lengths", () => {
    const spec = "warmup(10%) > constant(30%) > cosine";
    expect(moveBlock(readBlocks(spec), layOutBlocks(spec, STEPS), 2, 1, STEPS)).toBe(
      "warmup(10%) > cosine(60%) > constant",
    );
  });

  test("every kind that text can write can be added, and what comes of it is a schedule", () => {
    const spec = "warmup(10%) > cosine";
    for (const name of Object.keys(schedules).filter((one) => one !== "lambda")) {
      const added = addBlock(readBlocks(spec), layOutBlocks(spec, STEPS), name, REQUIRED[name] ?? {}, STEPS);
      expect(layOutBlocks(added, STEPS)).toEqual([80, 720, 200]);
    }
    expect(addBlock([], [], "rex", {}, STEPS)).toBe("rex");
  });

  test("a text that is none is refused with its place", () => {
    expect(() => readBlocks("warmup(10%) >")).toThrow("Cannot read the schedule at column 14");
  });
});
