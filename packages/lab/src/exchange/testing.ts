/** For tests: runs with made-up numbers, for round trips through other people's formats. */
import fc from "fast-check";
import type { RecordedRun } from "./recorded-run.ts";

/** Numbers that JSON and text carry exactly. */
const loss = fc.double({ min: 1e-6, max: 1e6, noNaN: true });

/** A run of a classification task, evaluated at the start and after each of a few epochs of ten steps. */
export const anyRun: fc.Arbitrary<RecordedRun> = fc
  .record({
    rule: fc.constantFrom("adamw", "sgd", "muon"),
    lr: fc.double({ min: 1e-5, max: 1, noNaN: true }),
    seed: fc.integer({ min: 0, max: 99 }),
    losses: fc.array(fc.tuple(loss, loss, loss, fc.double({ min: 0, max: 1, noNaN: true })), {
      minLength: 2,
      maxLength: 5,
    }),
  })
  .map(({ rule, lr, seed, losses }) => ({
    name: `${rule}/${lr}/${seed}`,
    task: "mnist_mlp",
    rule,
    schedule: "constant",
    batchSize: 128,
    steps: 10 * (losses.length - 1),
    seed,
    hyper: { lr },
    evaluations: losses.map(([trainLoss, validationLoss, testLoss, testAccuracy], epoch) => ({
      step: 10 * epoch,
      seconds: epoch / 4,
      measures: { trainLoss, validationLoss, testLoss, testAccuracy },
    })),
    end: "finished" as const,
    startedAt: 1_700_000_000,
  }));
