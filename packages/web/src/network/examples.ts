/**
 * Small sets to classify: points of the plane whose classes can be seen, and 8 × 8 images of real digits. Points are drawn from a seed and are the same on every
 * machine; what is trained on and what is tested on share none.
 *
 * Sources  the first five are TensorFlow Playground's (github.com/tensorflow/playground, src/dataset.ts), u uniform rather than evenly spaced; the digits are
 *          E. Alpaydin and C. Kaynak's (doi:10.24432/C50P49, CC BY 4.0).
 */
import { type Stream, stream } from "@thalweg/random";

export interface Split {
  /** Row by row. */
  readonly x: Float32Array;
  readonly labels: Int32Array;
  readonly count: number;
}

export interface Examples {
  readonly name: string;
  /** Numbers per example: 2 for points of the plane. */
  readonly dimension: number;
  readonly classes: number;
  readonly train: Split;
  readonly test: Split;
  /** From the middle of the plane to its edge, for points. */
  readonly reach: number;
}

/** One point of a class; `spread` is the noise, 0 to 0.5 as the page has it. */
type Draw = (label: number, random: Stream, spread: number) => readonly [number, number];

const TAU = 2 * Math.PI;
const between = (random: Stream, low: number, high: number) => low + (high - low) * random.uniform();

const PLANE: Readonly<
  Record<string, { readonly summary: string; readonly classes: number; readonly draw: Draw }>
> = {
  spiral: {
    summary: "Two arms around each other: hard for small networks and slow rules",
    classes: 2,
    draw: (label, random, spread) => {
      const u = random.uniform();
      const [r, t] = [5 * u, 1.75 * u * TAU + (label === 1 ? 0 : Math.PI)];
      return [
        r * Math.sin(t) + between(random, -1, 1) * spread,
        r * Math.cos(t) + between(random, -1, 1) * spread,
      ];
    },
  },
  circles: {
    summary: "A disc inside a ring",
    classes: 2,
    draw: (label, random, spread) => {
      const r = label === 1 ? between(random, 0, 2.5) : between(random, 3.5, 5);
      const t = between(random, 0, TAU);
      return [
        r * Math.sin(t) + between(random, -5, 5) * spread * 0.3,
        r * Math.cos(t) + between(random, -5, 5) * spread * 0.3,
      ];
    },
  },
  quadrants: {
    summary: "Exclusive or: opposite quadrants belong together",
    classes: 2,
    draw: (label, random, spread) => {
      const sign = random.uniform() < 0.5 ? -1 : 1;
      const [x, y] = [
        sign * between(random, 0.3, 5),
        sign * between(random, 0.3, 5) * (label === 1 ? 1 : -1),
      ];
      return [x + between(random, -5, 5) * spread * 0.3, y + between(random, -5, 5) * spread * 0.3];
    },
  },
  clouds: {
    summary: "Two normal clouds: one line separates them",
    classes: 2,
    draw: (label, random, spread) => {
      const centre = label === 1 ? 2 : -2;
      const deviation = 0.6 + 2.4 * spread;
      return [centre + deviation * random.normal(), centre + deviation * random.normal()];
    },
  },
  petals: {
    summary: "Three classes in six petals",
    classes: 3,
    draw: (label, random, spread) => {
      const r = between(random, 0.5, 5);
      const petal = label + 3 * (random.uniform() < 0.5 ? 0 : 1);
      const t = ((petal + 0.5 + (random.uniform() - 0.5) * (0.75 + spread)) / 6) * TAU;
      return [r * Math.cos(t), r * Math.sin(t)];
    },
  },
};

export const EXAMPLES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(PLANE).map(([name, { summary }]) => [name, summary])),
  digits: "1797 hand-written digits, 8 × 8 pixels",
};

const COUNTS = { train: 400, test: 400 };

/** The examples of this name. Raises RangeError for an unknown one; rejects where the digits cannot be fetched. */
export async function loadExamples(name: string, noise: number, seed: number): Promise<Examples> {
  if (name === "digits") return (await import("./digits.ts")).digits(seed);
  if (!Object.hasOwn(PLANE, name)) {
    throw new RangeError(`Cannot find the examples "${name}": there are ${Object.keys(EXAMPLES).join(", ")}`);
  }
  const { classes, draw } = PLANE[name]!;
  const split = (purpose: "train" | "test"): Split => {
    const random = stream(seed, `examples ${name} ${purpose}`);
    const count = COUNTS[purpose];
    const labels = Int32Array.from({ length: count }, (_, i) => i % classes);
    const x = new Float32Array(2 * count);
    for (let i = 0; i < count; i++) x.set(draw(labels[i]!, random, noise), 2 * i);
    return { x, labels, count };
  };
  return { name, dimension: 2, classes, train: split("train"), test: split("test"), reach: 6 };
}
