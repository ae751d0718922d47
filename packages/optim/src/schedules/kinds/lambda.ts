import { type CurveBase, type Kind, past } from "../kind.ts";

export interface LambdaCurve extends CurveBase {
  readonly kind: "lambda";
  readonly of: (k: number) => number;
}

const NO_JSON =
  "Cannot write a lambda schedule as data as its function is code: write it in the schedule language, or make it anew with lambda() where the run resumes";

/**
 * A function of one's own as a schedule, from code only: it may stand in a sequence or product, but has no text and no JSON,
 * and JSON.stringify refuses it with a TypeError.
 *
 * @param of     the factor at step k, counted from 0
 * @param steps  its length; past it the value of(steps) is held, or with "continue" of(k) is asked for any k
 */
export function lambda(of: (k: number) => number, steps: number, past?: "hold" | "continue"): LambdaCurve {
  const toJSON = (): never => {
    throw new TypeError(NO_JSON);
  };
  return Object.defineProperty({ kind: "lambda", steps, of, ...(past && { past }) }, "toJSON", {
    value: toJSON,
  });
}

export const lambdaKind: Kind<LambdaCurve> = {
  summary: "a function of one's own: lambda(k => …, steps) in code; it has no text and no JSON",
  formula: String.raw`f(k) = \mathrm{of}(k)`,
  source: "torch.optim.lr_scheduler.LambdaLR",
  parameters: [past],
  factor: ({ of }, k) => of(k),
  refuse: ({ of }) => (typeof of === "function" ? undefined : { parameter: "of", reason: NO_JSON }),
  writable: false,
};
