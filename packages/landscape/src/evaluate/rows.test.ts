import { abs, mul, reduceMean, sub } from "@thalweg/graph";
import { batchNorm, linear, sequential, tanh } from "@thalweg/nn";
import { classifier, EvaluationProgram, type Model, ParameterVector } from "@thalweg/train";
import { describe, expect, test } from "vitest";
import { Evaluator } from "./evaluator.ts";
import { fillExamples } from "./examples.ts";
import { parseAxis } from "./grid.ts";
import { OWN_LOSS, rowModel } from "./rows.ts";
import { examplesOf, planeAround, surfaceOf } from "./testing.ts";

const module = sequential(linear(6, 8), tanh(), linear(8, 3));
const grid = [parseAxis("-1:1:3"), parseAxis("-1:1:3")] as const;
const examples = examplesOf(40, [6], 3);

describe("rows", () => {
  test("of a loss of the model's own are those of the known one, where it is that", async () => {
    const model = classifier(module, [6]);
    const family = planeAround(model);
    const [own, known] = await Promise.all(
      [OWN_LOSS, "softmax-cross-entropy"].map((loss) =>
        surfaceOf({ model: rowModel(model, { loss, measures: [] }), family, grid, examples }),
      ),
    );
    for (const [point, height] of own!.mean("loss").entries()) {
      expect(height).toBeCloseTo(known!.mean("loss")[point]!, 5);
      expect(own!.standardError()[point]).toBeCloseTo(known!.standardError()[point]!, 5);
    }
  });

  test("of a loss that nobody knows have its mean at the centre, with normalisation as it is evaluated", async () => {
    const net = sequential(linear(6, 8), batchNorm(8), tanh(), linear(8, 3));
    const strange: Model = {
      ...classifier(net, [6]),
      measure: (context, { x }) => {
        const z = net.forward(x!, context);
        return { loss: reduceMean(mul(abs(z), abs(sub(z, 1)))) };
      },
    };
    const surface = await surfaceOf({
      model: rowModel(strange, { loss: OWN_LOSS }),
      ...{ family: planeAround(strange), grid, examples },
    });
    const vector = new ParameterVector(net, { stateSlots: 0 });
    vector.initialize(net, 1);
    const whole = await EvaluationProgram.create({ model: strange, vector, batchSize: 40 });
    fillExamples(examples, 0, whole.batch);
    expect(surface.mean("loss")[4]).toBeCloseTo((await whole.run()).loss, 5);
    await whole.release();
  });

  test("of one logit are by hand: −log σ(z) for a 1, −log (1 − σ(z)) for a 0", async () => {
    const net = linear(1, 1);
    const model = { module: net, inputs: classifier(net, [1]).inputs };
    const base = examplesOf(2, [1], 2); // labels 0 and 1
    const two = { ...base, split: { ...base.split, images: Float32Array.of(2, 2) } };
    const family = { origin: Float32Array.of(1.5, 0), basis: [Float32Array.of(1, 0)], labels: ["w"] };
    const evaluator = await Evaluator.create({
      model: rowModel(model, { loss: "binary-cross-entropy" }),
      ...{ family: { ...family, buffers: { origin: new Float32Array(0) } }, grid: [parseAxis("0:1:2")] },
      ...{ examples: two, chunks: [1, 1] },
    });
    const p = 1 / (1 + Math.exp(-3)); // z = 1.5 · 2
    const entropy = -p * Math.log(p) - (1 - p) * Math.log(1 - p);
    const [zero, one] = [
      await evaluator.evaluate({ chunk: 0, row: 0, columns: [0] }),
      await evaluator.evaluate({ chunk: 1, row: 0, columns: [0] }),
    ];
    expect(evaluator.columns).toEqual(["loss", "lossSquared", "accuracy", "entropy"]);
    expect([zero[0], zero[2], zero[3]]).toEqual(
      [-Math.log(1 - p), 0, entropy].map((v) => expect.closeTo(v, 5)),
    );
    expect([one[0], one[2], one[3]]).toEqual([-Math.log(p), 1, entropy].map((v) => expect.closeTo(v, 5)));
    await evaluator.release();
  });
});
