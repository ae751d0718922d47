/**
 * The diagnostics of a run's folder, with what its configuration adds to them: the learning rate of each step, and from it how near λ₁ is to
 * the edge of stability and which batch size CABS asks for, where the rule is one that those are known of.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  type Alert,
  alerts,
  type Diagnosis,
  type NonStationarity,
  nonStationarity,
  readDiagnoses,
  stabilityEdge,
} from "@thalweg/landscape";
import { parseSchedules } from "@thalweg/optim";
import { storedRequest } from "../compare/train.ts";
import { DIAGNOSTICS } from "../compare/trial.ts";

export interface DiagnosisInRun extends Diagnosis {
  /** The learning rate of the step; left out for rules without one. */
  readonly rate?: number;
  /** The largest stable curvature at that rate; left out where λ₁ would have to be in the rule's own coordinates. */
  readonly stable?: number;
  /** Batch size by CABS; of plain gradient descent only. */
  readonly cabs?: number;
}

export interface RunDiagnostics {
  readonly task: string;
  readonly rule: string;
  readonly batchSize?: number;
  readonly steps: number;
  /** Of the rule's condition of stability, as text. */
  readonly formula?: string;
  readonly lines: readonly DiagnosisInRun[];
  readonly alerts: readonly Alert[];
  /** Of the last half of the run. */
  readonly nonStationarity?: NonStationarity;
  /** Time for all instruments, as a share of training's: what was allowed. */
  readonly budget: number;
}

/** CABS is derived for these: a step is −η g. */
const PLAIN = ["sgd", "gd"];

/** Read them. Raises RangeError for a folder without a run, or a run without diagnostics. */
export function readDiagnostics(folder: string): RunDiagnostics {
  const { task, rule, schedule, steps, batchSize, diagnostics = 0 } = storedRequest(folder);
  const path = join(folder, DIAGNOSTICS);
  if (!existsSync(path)) {
    throw new RangeError(
      `Cannot show diagnostics of ${folder} as it must hold ${DIAGNOSTICS}: train it with --diagnose`,
    );
  }
  const edge = stabilityEdge(rule);
  const unscaled = edge !== undefined && edge.diagonal === undefined ? edge : undefined;
  const factors = parseSchedules(schedule, steps);
  const hyperAt = (step: number) =>
    Object.fromEntries(
      Object.entries(rule.hyper).map(([name, value]) => [
        name,
        value * (factors[name]?.at(Math.max(0, step - 1)) ?? 1),
      ]),
    );
  const lines = readDiagnoses(path).map((line): DiagnosisInRun => {
    const hyper = hyperAt(line.step);
    const { lr } = hyper;
    const stable = lr === undefined ? undefined : unscaled?.threshold(hyper);
    const { curvature, examples } = line;
    const ratio = curvature && stable !== undefined ? { ratio: curvature.sharpness / stable } : {};
    return {
      ...line,
      ...(curvature && { curvature: { ...curvature, ...ratio } }),
      ...(lr !== undefined && { rate: lr }),
      ...(stable !== undefined && { stable }),
      ...(examples && lr !== undefined && PLAIN.includes(rule.name) && { cabs: lr * examples.cabsPerRate }),
    };
  });
  const panel = nonStationarity(lines.slice(lines.length >> 1));
  return {
    ...{ task, rule: rule.name, steps, budget: diagnostics, lines, alerts: alerts(lines) },
    ...(batchSize !== undefined && { batchSize }),
    ...(unscaled && { formula: unscaled.formula }),
    ...(panel && { nonStationarity: panel }),
  };
}
