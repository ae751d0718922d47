/**
 * A training program whose batch statistics are those of the parts of all ranks together, as if one process took the whole batch. Batch
 * normalisation asks for a mean over the ranks twice going forward, of means and of squared deviations; the gradient passes each
 * of them once more on its way back:
 *
 *   a = 1/N · Σ_r s_r        dL/ds_r = dL/da = 1/N · Σ_r dL_r/da        L = 1/N · Σ_r L_r
 *
 * where the last 1/N is that of the gradients' average. So the adjoint of a mean over the ranks is a mean over the ranks, and a step
 * has four exchanges a layer, between sessions that hold what can be computed in between. It is slower than statistics per part.
 */
import { type Tensor, vjp } from "@thalweg/graph";
import { segmentOf } from "../parameter-vector.ts";
import { type Batch, drawNoises, type TrainingOptions, traceLoss } from "../program.ts";
import type { Values } from "../session.ts";
import type { Communicator } from "./communicator.ts";
import { averageOverRanks } from "./parted-program.ts";
import { compileStages, type Stages } from "./stages.ts";

export interface SynchronisedOptions extends Omit<TrainingOptions, "statistics"> {
  readonly communicator: Communicator;
}

interface Parts {
  readonly batch: Batch;
  readonly stages: Stages;
  readonly loss: Float32Array;
  readonly noises: ReturnType<typeof traceLoss>["noises"];
  readonly updates: readonly { readonly from: Float32Array; readonly to: Float32Array }[];
  readonly communicator: Communicator;
}

/** Stands in for a TrainingProgram in a PartedProgram. */
export class SynchronisedProgram {
  private readonly parts: Parts;

  private constructor(parts: Parts) {
    this.parts = parts;
  }

  get batch(): Batch {
    return this.parts.batch;
  }

  /** Trace, differentiate, cut and compile. Raises RangeError for a model whose activations are computed again. */
  static async create(options: SynchronisedOptions): Promise<SynchronisedProgram> {
    const { checkpoint } = options.model;
    if (checkpoint !== undefined) {
      throw new RangeError(
        `Cannot synchronise batch statistics as activations must be kept for the backward pass: the model computes them again (${checkpoint}); use one of the two`,
      );
    }
    const { vector, communicator, threads = 1, blocks = true } = options;
    const traced = traceLoss({ ...options, statistics: communicator.size });
    const { context, batch, reads, noises, loss, parameters } = traced;
    const { averages, graph } = context;
    const adjoints = averages.map(({ mean }, k) => graph.input(`adjoint/${k}`, mean.shape));
    const outputs = [loss, ...averages.map(({ own }) => own)];
    const means = averages.map(({ mean }) => mean);
    const seeds = [graph.constant([1], loss.shape), ...adjoints];
    const slopes = vjp(outputs, [...parameters, ...means], seeds);
    const forward = averages.map(({ own, mean }) => ({ give: own, take: mean }));
    const backward = adjoints.map((take, k) => ({ give: slopes[parameters.length + k]!, take })).reverse();

    const lossValue = new Float32Array(1);
    const wanted: Record<string, Tensor> = { loss };
    const writes = new Map<string, Values>([["loss", lossValue]]);
    vector.segments.forEach((segment, i) => {
      wanted[`gradient/${segment.name}`] = slopes[i]!;
      writes.set(`gradient/${segment.name}`, segmentOf(vector.gradients, segment));
    });
    const updates = [...context.updates].map(([name, value]) => {
      const segment = vector.bufferSegments.find((one) => one.name === name)!;
      const from = new Float32Array(segment.size);
      wanted[`update/${name}`] = value;
      writes.set(`update/${name}`, from);
      return { from, to: segmentOf(vector.buffers, segment) };
    });
    const exchanges = [...forward, ...backward];
    const stages = await compileStages({ exchanges, outputs: wanted, reads, writes, threads, blocks });
    return new SynchronisedProgram({ batch, stages, loss: lossValue, noises, updates, communicator });
  }

  /** As TrainingProgram's, but all ranks must call it together. */
  async run(step: number, part = 0): Promise<number> {
    const { stages, loss, noises, updates, communicator } = this.parts;
    drawNoises(noises, step, part);
    for (const [i, session] of stages.sessions.entries()) {
      await session?.run();
      const values = stages.exchanged[i];
      if (values !== undefined) await averageOverRanks(values, communicator);
    }
    for (const { from, to } of updates) to.set(from);
    return loss[0]!;
  }

  async release(): Promise<void> {
    await Promise.all(this.parts.stages.sessions.map((session) => session?.release()));
  }
}
