/** That taking strides apart joins the same outputs, taps and places as sliding does, for every small window. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { backTo, type Phase, strideApart, type Window } from "./windows.ts";

const windows: fc.Arbitrary<Window> = fc
  .record({
    size: fc.integer({ min: 1, max: 11 }),
    taps: fc.integer({ min: 1, max: 5 }),
    stride: fc.integer({ min: 1, max: 4 }),
    dilation: fc.integer({ min: 1, max: 3 }),
    before: fc.integer({ min: 0, max: 4 }),
    after: fc.integer({ min: 0, max: 4 }),
  })
  .map(({ after, ...window }) => {
    const room = window.size + window.before + after - window.dilation * (window.taps - 1) - 1;
    return { ...window, outputs: room < 0 ? 0 : Math.floor(room / window.stride) + 1 };
  })
  .filter(({ outputs }) => outputs > 0);

/** Every `output tap place` that the window joins, padding left out. */
function joined({ size, outputs, taps, stride, dilation, before }: Window): string[] {
  const found: string[] = [];
  for (let output = 0; output < outputs; output++)
    for (let tap = 0; tap < taps; tap++) {
      const place = output * stride + tap * dilation - before;
      if (place >= 0 && place < size) found.push(`${output} ${tap} ${place}`);
    }
  return found.sort();
}

/** What a convolution of stride 1 over the phase's places joins: numbers of outputs, taps as named, numbers of places read. */
function* slide({ taps, dilation, places, pads }: Phase, outputs: number) {
  expect(outputs + (taps.count - 1) * dilation).toBe(pads[0] + places.count + pads[1]);
  expect(Math.min(...pads, places.count - 1)).toBeGreaterThanOrEqual(0);
  for (let output = 0; output < outputs; output++)
    for (let t = 0; t < taps.count; t++) {
      const place = output + t * dilation - pads[0];
      if (place >= 0 && place < places.count) yield { output, tap: taps.first + t * taps.step, place };
    }
}

test("strideApart() joins what the window joins", () => {
  fc.assert(
    fc.property(windows, (window) => {
      const found = strideApart(window).flatMap((phase) =>
        Array.from(slide(phase, window.outputs), ({ output, tap, place }) => {
          return `${output} ${tap} ${phase.places.first + place * window.stride}`;
        }),
      );
      expect(found.sort()).toEqual(joined(window));
    }),
    { seed: 5, numRuns: 500 },
  );
});

test("backTo() joins them the other way round, phase by phase of the input", () => {
  fc.assert(
    fc.property(windows, (window) => {
      const found = Array.from({ length: Math.min(window.stride, window.size) }, (_, rest) => {
        const phase = backTo(rest, window);
        const wanted = Math.ceil((window.size - rest) / window.stride);
        const pairs = phase ? Array.from(slide(phase, wanted)) : [];
        return pairs.map(({ output, tap, place }) => {
          return `${phase!.places.first + place} ${tap} ${rest + output * window.stride}`;
        });
      });
      expect(found.flat().sort()).toEqual(joined(window));
    }),
    { seed: 6, numRuns: 500 },
  );
});
