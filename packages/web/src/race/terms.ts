/**
 * What a step is made of: the gradient, each state slot of the parameter's shape, and the update Δθ, at every step of a track. It walks the track again and looks
 * inside, so that races which nobody looks into cost nothing.
 */
import { nameToLatex } from "@thalweg/formula";
import { Track, type TrackOptions } from "./track.ts";

export interface Term {
  /** `g`, `m`, `v`; `Δθ` for the update. */
  readonly name: string;
  readonly latex: string;
  /** Two numbers per step, from the first update; what a step used (g) or left behind (state, update). */
  readonly values: Float64Array;
}

/** The terms of the first `steps` updates; fewer where it diverges before. */
export function termsOf(options: TrackOptions, steps: number): Term[] {
  const track = new Track({ ...options, steps });
  const gradients: number[] = [];
  const updates: number[] = [];
  const slots = new Map<string, number[]>();
  for (let step = 0; step < steps && !track.done; step++) {
    track.step();
    gradients.push(track.gradient[0]!, track.gradient[1]!);
    const { path, reached } = track;
    updates.push(
      path[2 * reached]! - path[2 * reached - 2]!,
      path[2 * reached + 1]! - path[2 * reached - 1]!,
    );
    const [state] = Object.values(track.optimizer.state().parameters);
    for (const [name, slot] of Object.entries(state?.slots ?? {})) {
      if (slot.length !== 2) continue; // smaller state has no direction
      const kept = slots.get(name) ?? [];
      kept.push(slot[0]!, slot[1]!);
      slots.set(name, kept);
    }
  }
  return [
    { name: "g", latex: "g", values: Float64Array.from(gradients) },
    ...[...slots].map(([name, values]) => ({
      name,
      latex: nameToLatex(name),
      values: Float64Array.from(values),
    })),
    { name: "Δθ", latex: String.raw`\Delta\theta`, values: Float64Array.from(updates) },
  ];
}
