import { describe, expect, test } from "vitest";
import { Race } from "./race.ts";
import { makeRacers, readOwnRules, readRacers, ruleOf, showRacers, withOptions } from "./racer.ts";
import { surfaces } from "./surface.ts";
import { RATES, sweep } from "./sweep.ts";
import { termsOf } from "./terms.ts";

const ellipse = surfaces.ellipse!; // x² + 3y²
const race = (text: string, more: Partial<ConstructorParameters<typeof Race>[0]> = {}) => {
  const steps = more.steps ?? 2;
  const racers = makeRacers(readRacers(text), {}, steps);
  return new Race({ surface: ellipse, racers, start: [4, 0], steps, noise: 0, seeds: 1, ...more });
};
const xs = (path: Float64Array) => [...path].filter((_, i) => i % 2 === 0);

describe("Race", () => {
  test("momentum goes as torch's: b₁ = 8, x₁ = 3, b₂ = 4 + 6 = 10, x₂ = 1.75", () => {
    const { lanes, ...rest } = race("momentum(lr=0.125, momentum=0.5)");
    expect(rest.reached).toBe(0);
    const one = race("momentum(lr=0.125, momentum=0.5)");
    expect(one.advanceTo(10, Number.POSITIVE_INFINITY)).toBe(true);
    expect(xs(one.lanes[0]!.tracks[0]!.path)).toEqual([4, 3, 1.75]);
    expect([...one.lanes[0]!.median]).toEqual([16, 9, 1.75 ** 2]);
    expect(lanes).toHaveLength(1);
  });

  test("a schedule multiplies the learning rate: x ← x (1 − 2 lr factor)", () => {
    const one = race("sgd(lr=0.25) @ linear(from=1, to=0)", { steps: 2 });
    one.advanceTo(2, Number.POSITIVE_INFINITY);
    const [factor0, factor1] = [0, 1].map((k) => one.lanes[0]!.racer.made!.schedule!.at(k));
    expect(xs(one.lanes[0]!.tracks[0]!.path)).toEqual([
      4,
      4 * (1 - 0.5 * factor0!),
      4 * (1 - 0.5 * factor0!) * (1 - 0.5 * factor1!),
    ]);
    expect(factor1).toBeLessThan(factor0!);
  });

  test("rules meet the same noise at the same step, and seeds different noise", () => {
    const one = race("sgd(lr=0.25) | momentum(lr=0.25, momentum=0)", { noise: 1, seeds: 3, steps: 5 });
    one.advanceTo(5, Number.POSITIVE_INFINITY);
    const [a, b] = one.lanes;
    expect(a!.tracks.map(({ path }) => [...path])).toEqual(b!.tracks.map(({ path }) => [...path]));
    expect(new Set(a!.tracks.map(({ values }) => values[5])).size).toBe(3);
    expect(a!.low[5]).toBeLessThan(a!.median[5]!);
    expect(a!.median[5]).toBeLessThan(a!.high[5]!);
  });

  test("what diverges ends with its reason, and the others go on", () => {
    const one = race("sgd(lr=1e6) | sgd(lr=0.1)", { steps: 60 });
    one.advanceTo(60, Number.POSITIVE_INFINITY);
    expect(one.lanes[0]!.tracks[0]!.diverged).toMatch(/^x became -?Infinity at step \d+$/);
    expect(one.lanes[0]!.median[60]).toBe(Number.POSITIVE_INFINITY);
    expect(one.lanes[1]!.tracks[0]!.reached).toBe(60);
  });

  test("goes no further than its time, and on from there", () => {
    const one = race("adam", { steps: 5_000 });
    expect(one.advanceTo(5_000, 0)).toBe(false);
    expect(one.reached).toBeGreaterThan(0);
    expect(one.reached).toBeLessThan(5_000);
    expect(one.advanceTo(5_000, Number.POSITIVE_INFINITY)).toBe(true);
  });

  test.each([
    ["adm", 'did you mean "adam"'],
    ["adam(lr=-1)", "lr must be finite and not negative"],
    ["adam(lr=0.1", "accepted here"],
    ["muon", "updates matrices"],
    ["sgd @ cosin", 'Did you mean "cosine"'],
  ])("%s does not start, and says why: %s", (text, reason) => {
    const { lanes } = race(`${text} | sgd`);
    expect(lanes[0]!.problem).toContain(reason);
    expect(lanes[1]!.problem).toBe("");
  });
});

describe("racers as text", () => {
  test("are read as they are shown", () => {
    const text = "clipByGlobalNorm(maxNorm=1) > adam(lr=0.05) @ warmup(10) > cosine | sgd";
    expect(showRacers(readRacers(text))).toBe(text);
  });

  test("withOptions() changes the last part alone", () => {
    expect(
      withOptions("clipByGlobalNorm(maxNorm=1) > adam(lr=0.05, beta1=0.5)", { lr: 0.1, beta1: undefined }),
    ).toBe("clipByGlobalNorm(maxNorm=1) > adam(lr=0.1)");
  });

  test("own rules are declared by their formula, with the options of the text", () => {
    const own = readOwnRules(
      '{"mine":{"hyper":{"lr":0.5},"state":["m"],"update":"m = m + g\\ntheta = theta - lr * m"},"broken":3}',
    );
    expect(Object.keys(own)).toEqual(["mine"]);
    expect(ruleOf("mine(lr=0.25)", own).hyper).toEqual({ lr: 0.25 });
    expect(ruleOf("clipByValue > mine", own).links.map(({ name }) => name)).toEqual(["clipByValue", "mine"]);
    expect(() => ruleOf("mine(lr=no)", own)).toThrow("lr must be a number");
    expect(readOwnRules("{")).toEqual({});
  });
});

describe("sweep()", () => {
  test("is lowest between rates that get nowhere and rates that diverge: sgd on x² + 3y² needs lr < 1/3", () => {
    const { options } = race("sgd", { start: [1, 1], steps: 200 });
    const points = [...sweep(options)].sort((a, b) => a.lr - b.lr);
    expect(points.map(({ lr }) => lr)).toEqual(RATES);
    expect(points[0]!.value).toBeGreaterThan(3.9); // 4 at the start
    expect(points.at(-1)!.value).toBe(Number.POSITIVE_INFINITY);
    const best = points.reduce((a, b) => (b.value < a.value ? b : a));
    expect(best.lr).toBeGreaterThan(0.05);
    expect(best.lr).toBeLessThan(1 / 3);
  });
});

describe("termsOf()", () => {
  test("momentum's buffer is the sum of its gradients, and the update is −lr times it", () => {
    const { options, lanes } = race("momentum(lr=0.125, momentum=0.5)", { steps: 2 });
    const terms = termsOf({ ...options, ...lanes[0]!.racer.made!, seed: 0 }, 2);
    const byName = Object.fromEntries(terms.map(({ name, values }) => [name, xs(values)]));
    expect(byName.g).toEqual([8, 6]);
    expect(Object.values(byName)[1]).toEqual([8, 10]);
    expect(byName.Δθ).toEqual([-1, -1.25]);
  });
});
