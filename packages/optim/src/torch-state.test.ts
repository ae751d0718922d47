/** What cannot be exchanged with torch is refused; numbers of their own kind are carried over. Handover itself: packages/train. */
import { describe, expect, it } from "vitest";
import { setUp } from "../laws/set-up.ts";
import { buildRule } from "./catalogue.ts";
import { chain } from "./rule.ts";
import { adam, catalogue, lion, nadam } from "./rules/index.ts";
import { fromTorchState, TORCH_COUNTERPARTS, toTorchState } from "./torch-state.ts";
import { clipByGlobalNorm } from "./transforms/index.ts";
import { ema } from "./wrappers/index.ts";

describe("toTorchState()", () => {
  it("writes NAdam's product of momenta as one number: 0.9 (1 − ½ 0.96^(t ψ)) for t = 1, 2", () => {
    const { optimizer, step } = setUp("reference", nadam, { a: [1, 2] });
    step([1, 1]);
    step([1, 1]);
    const tensors = toTorchState(optimizer);
    const mu = (t: number) => 0.9 * (1 - 0.5 * 0.96 ** (t * 4e-3));
    expect(tensors.get("state.a.mu_product")!.data[0]).toBeCloseTo(mu(1) * mu(2), 15);
    expect(tensors.get("state.a.mu_product")!.shape).toEqual([]);
    expect([...tensors.get("state.a.step")!.data]).toEqual([2]);
    const resumed = setUp("reference", nadam, { a: [1, 2] });
    resumed.optimizer.load(fromTorchState(resumed.optimizer, tensors));
    expect(resumed.optimizer.state()).toEqual(optimizer.state());
  });

  it("takes a chain whose other links keep nothing, and refuses those that do", () => {
    const clipped = setUp("reference", chain(clipByGlobalNorm(), adam), { a: [1] });
    clipped.step([1]);
    expect([...toTorchState(clipped.optimizer).keys()]).toEqual([
      "state.a.exp_avg",
      "state.a.exp_avg_sq",
      "state.a.step",
    ]);
    const averaged = setUp("reference", chain(adam, ema()), { a: [1] });
    expect(() => toTorchState(averaged.optimizer)).toThrow(
      "Cannot exchange the state of adam > ema with torch as ema keeps state too",
    );
  });

  it("refuses rules that torch lacks, and forms of other libraries", () => {
    expect(() => toTorchState(setUp("reference", lion, { a: [1] }).optimizer)).toThrow(
      "Cannot exchange the state of lion with torch as it must be a rule in torch's form: sgd, momentum",
    );
    const keras = buildRule(catalogue.momentum!, { form: "keras" });
    expect(() => toTorchState(setUp("reference", keras, { a: [1] }).optimizer)).toThrow(
      "a rule in torch's form",
    );
  });
});

describe("TORCH_COUNTERPARTS", () => {
  it("names every slot of every rule, in its default form", () => {
    for (const [name, { slots }] of Object.entries(TORCH_COUNTERPARTS)) {
      const { state, program } = catalogue[name]!.rule;
      for (const slot of [...state, ...program.scalars.map((one) => one.name)]) {
        expect(Object.keys(slots), `${name}.${slot}`).toContain(slot);
      }
    }
  });
});
