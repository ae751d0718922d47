import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseSchedule } from "./parse.ts";
import * as torch from "./torch.ts";

interface Recorded {
  readonly torch: string;
  readonly factors: readonly number[];
}

const recorded: { cases: Recorded[]; momenta: { torch: string; values: number[] }[] } = JSON.parse(
  readFileSync(new URL("../../fixtures/schedules.json", import.meta.url), "utf8"),
);

const factorsOf = (name: string) => recorded.cases.find((one) => one.torch === name)!.factors;

type Rate = torch.Scheduled;

/** By the words under which torch's own run was recorded. */
const wrappers: Record<string, (o: Rate) => torch.CurveScheduler> = {
  "ConstantLR(0.25, 5)": (o) => new torch.ConstantLR(o, 0.25, 5),
  "LinearLR(0.3, 0.9, total_iters=7)": (o) => new torch.LinearLR(o, 0.3, 0.9, 7),
  "StepLR(7, 0.5)": (o) => new torch.StepLR(o, 7, 0.5),
  "MultiStepLR([15, 30], 0.2)": (o) => new torch.MultiStepLR(o, [15, 30], 0.2),
  "ExponentialLR(0.9)": (o) => new torch.ExponentialLR(o, 0.9),
  "PolynomialLR(25, power=2)": (o) => new torch.PolynomialLR(o, 25, 2),
  "CosineAnnealingLR(12), past T_max": (o) => new torch.CosineAnnealingLR(o, 12),
  "CosineAnnealingWarmRestarts(3, 2, eta_min=0.05)": (o) =>
    new torch.CosineAnnealingWarmRestarts(o, 3, 2, 0.05),
  "CyclicLR(0.1, 1, 6, 3, mode='exp_range', gamma=0.97)": (o) =>
    new torch.CyclicLR(o, 0.1, 1, { stepSizeUp: 6, stepSizeDown: 3, mode: "exp_range", gamma: 0.97 }),
  "OneCycleLR(20)": (o) => new torch.OneCycleLR(o, 1, 20),
  "OneCycleLR(40, three_phase=True)": (o) => new torch.OneCycleLR(o, 1, 40, { threePhase: true }),
  "LambdaLR(min(k + 1, 8) / 8)": (o) => new torch.LambdaLR(o, (k) => Math.min(k + 1, 8) / 8),
  "SequentialLR([LambdaLR((k + 1) / 4), CosineAnnealingLR(10)], [4])": (o) =>
    new torch.SequentialLR(
      o,
      [(p) => new torch.LambdaLR(p, (k) => (k + 1) / 4), (p) => new torch.CosineAnnealingLR(p, 10)],
      [4],
    ),
  "ChainedScheduler([ExponentialLR(0.95), StepLR(6, 0.3)])": (o) =>
    new torch.ChainedScheduler(o, [
      (p) => new torch.ExponentialLR(p, 0.95),
      (p) => new torch.StepLR(p, 6, 0.3),
    ]),
};

describe("torch's schedulers by their names set what torch's set", () => {
  test.each(Object.entries(wrappers))("%s", (name, make) => {
    const target = { lr: 1 };
    const scheduler = make(target);
    for (const factor of factorsOf(name)) {
      expect(Math.abs(target.lr - factor)).toBeLessThanOrEqual(1e-15);
      expect(scheduler.getLastLr()).toEqual([target.lr]);
      scheduler.step();
    }
  });

  test("OneCycleLR and CyclicLR cycle the momentum of a target that has one, and of no other", () => {
    const target = { lr: 1, momentum: 0.9 };
    const scheduler = new torch.OneCycleLR(target, 1, 50);
    for (const value of recorded.momenta.find((one) => one.torch === "OneCycleLR(50).momentum")!.values) {
      expect(Math.abs(target.momentum - value)).toBeLessThanOrEqual(1e-15);
      scheduler.step();
    }
    const bare = { lr: 1 };
    new torch.CyclicLR(bare, 0.1, 1);
    expect(bare).toEqual({ lr: 0.1 });
    const left = { lr: 1, momentum: 0.5 };
    new torch.CyclicLR(left, 0.1, 1, { cycleMomentum: false });
    expect(left.momentum).toBe(0.5);
  });

  test("MultiplicativeLR multiplies what its function gives at 1, 2, …", () => {
    const target = { lr: 2 };
    const scheduler = new torch.MultiplicativeLR(target, (t) => 1 / (t + 1));
    scheduler.step();
    scheduler.step();
    expect(target.lr).toBeCloseTo(2 / 6, 15); // 2 · 1/2 · 1/3
  });
});

describe("a scheduler resumed from its state", () => {
  const nested = (o: Rate) =>
    new torch.SequentialLR(
      o,
      [
        (p) => new torch.LinearLR(p, 0.1, 1, 3),
        (q) =>
          new torch.SequentialLR(
            q,
            [(p) => new torch.CosineAnnealingWarmRestarts(p, 4), (p) => new torch.ExponentialLR(p, 0.9)],
            [9],
          ),
      ],
      [3],
    );

  test("goes on bit for bit, inside nested sequences too", () => {
    const straight = { lr: 0.3 };
    const whole = nested(straight);
    for (let k = 0; k < 30; k++) {
      const resumed = { lr: 0.3 };
      const copy = nested(resumed);
      copy.loadStateDict(JSON.parse(JSON.stringify(whole.stateDict())));
      expect(resumed.lr).toBe(straight.lr);
      copy.step();
      whole.step();
      expect(resumed.lr).toBe(straight.lr);
    }
  });

  test("equals the same schedule in our language", () => {
    const spec =
      "linear(3, from=0.1, to=1) > during(cosine-restarts(27, first=4), steps=9) > exponential(gamma=0.9)";
    const ours = parseSchedule(spec, 60);
    const target = { lr: 1 };
    const scheduler = nested(target);
    for (let k = 0; k < 60; k++, scheduler.step()) expect(target.lr).toBe(ours.at(k));
  });

  test("keeps the base it was built with, whatever the rate is by then", () => {
    const target = { lr: 0.3 };
    const scheduler = new torch.StepLR(target, 2, 0.5);
    for (let k = 0; k < 3; k++) scheduler.step();
    const again = { lr: target.lr }; // as an optimizer loaded from its checkpoint would have it
    const copy = new torch.StepLR(again, 2, 0.5);
    copy.loadStateDict(scheduler.stateDict());
    expect([again.lr, target.lr]).toEqual([0.15, 0.15]);
  });

  test("a state that is none is refused", () => {
    const scheduler = new torch.StepLR({ lr: 1 }, 2);
    expect(() => scheduler.loadStateDict({ lastEpoch: -1, baseLr: 1 })).toThrow(
      /whole number, 0 or more.*-1/,
    );
  });
});

test("ReduceLROnPlateau drops after patience metrics, at least to minLr, and resumes", () => {
  const target = { lr: 0.2 };
  const make = (o: Rate) => new torch.ReduceLROnPlateau(o, { patience: 1, factor: 0.1, minLr: 0.01 });
  const scheduler = make(target);
  const seen = [5, 5, 5, 5, 5].map((metric) => {
    scheduler.step(metric);
    return target.lr;
  });
  // best, bad 1, bad 2 > 1: drop to 0.02, bad 1, bad 2: to 0.01 and not 0.002
  [0.2, 0.2, 0.02, 0.02, 0.01].forEach((lr, i) => {
    expect(seen[i]).toBeCloseTo(lr, 15);
  });
  const again = { lr: 0.2 };
  make(again).loadStateDict(JSON.parse(JSON.stringify(scheduler.stateDict())));
  expect(again.lr).toBe(target.lr);
});

test("schedulers refuse what curves refuse, with the numbers", () => {
  const o = { lr: 1 };
  expect(() => new torch.OneCycleLR(o, 1, 3)).toThrow(/at least 4 steps to rise.*it has 3/);
  expect(() => new torch.CyclicLR(o, 0.1, 1, { stepSizeUp: 0 })).toThrow(
    /up must be .* at least 1: current value is 0/,
  );
  expect(() => new torch.MultiStepLR(o, [30, 10])).toThrow(/milestones must rise: 10 follows 30/);
  expect(() => new torch.CosineAnnealingLR(o, 5, 2)).toThrow(/floor must be in \[0, 1\].*2/);
  const two = [(p: Rate) => new torch.StepLR(p, 1), (p: Rate) => new torch.StepLR(p, 1)];
  expect(() => new torch.SequentialLR(o, two, [0])).toThrow(/milestones must rise from 1: they are 0/);
  expect(() => new torch.SequentialLR(o, two, [])).toThrow(
    /one scheduler more than milestones: it has 2 and 0/,
  );
});
