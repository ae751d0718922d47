/**
 * The lines and planes that the command line knows, by name: how each finds its directions around a subject, what it puts on the
 * axes, and how far it looks.
 */
import {
  type AffineFamily,
  type Axis,
  affineFamily,
  commonDirections,
  cosine,
  eigenpairs,
  lineBetween,
  type Marker,
  type ModelPoint,
  type Normalization,
  normalizeDirection,
  orthogonalize,
  planeThrough,
  randomDirection,
  rangeOf,
  SampledLoss,
  sampleExamples,
  samplesFrom,
} from "@thalweg/landscape";
import { ParameterVector, type Trajectory } from "@thalweg/train";
import { namesMatching } from "../tasks/patterns.ts";
import type { Subject } from "./subject.ts";

export interface PlaneOptions {
  readonly dimensions: 1 | 2;
  readonly seed: number;
  /** How directions get their length; each plane has its own default. */
  readonly norm?: Normalization;
  /** Whether biases and other vectors move, too. */
  readonly vectors: boolean;
  /** Patterns of the tensors that move; all without any. */
  readonly only: readonly string[];
  /** Other models. */
  readonly others: readonly ModelPoint[];
  /** Recorded courses, of the subject and of the others. */
  readonly courses?: readonly Trajectory[];
  /** Examples of the training set that derivatives are of. */
  readonly derivativesOf: { readonly count: number; readonly indices: Uint32Array };
}

export interface Plane {
  readonly family: AffineFamily;
  readonly markers: readonly Marker[];
  /** In which the picture is true to scale; directions of a random plane have no common unit. */
  readonly isEuclidean: boolean;
  readonly ranges: readonly Pick<Axis, "from" | "to">[];
  /** What a picture says of it. */
  readonly description: string;
  /** What should be known, such as filters that cannot move. */
  readonly notices: readonly string[];
}

type PlaneKind = (subject: Subject, options: PlaneOptions) => Plane | Promise<Plane>;

const AROUND = { from: -1, to: 1 };
/** Steps beyond both ends of a line between two models, in its length. */
const BEYOND = { from: -0.5, to: 1.5 };

export const planes: Readonly<Record<string, { readonly summary: string; readonly make: PlaneKind }>> = {
  filter: { summary: "random directions, each filter as long as the weights'", make: randomPlane },
  models: {
    summary: "the line to another model, or the plane through two others; see --with",
    make: throughModels,
  },
  pca: {
    summary: "the directions along which a recorded course, or the models of --with, differ most",
    make: principalPlane,
  },
  hessian: { summary: "the eigenvectors of the largest eigenvalues of the loss's Hessian", make: eigenPlane },
  state: {
    summary:
      "the optimizer's state in a run's checkpoint: its first slot, and the second or a random direction",
    make: statePlane,
  },
  gradient: { summary: "the loss's gradient, and a random direction at right angles", make: gradientPlane },
};

const buffersOf = ({ point }: Subject) => ({ buffers: { origin: point.buffers } });

function movesOf({ layout }: Subject, { only, vectors }: PlaneOptions) {
  const chosen = namesMatching(
    only,
    layout.segments.map(({ name }) => name),
  );
  return {
    freezeVectors: !vectors,
    ...(only.length > 0 && { moves: ({ name }: { name: string }) => chosen.has(name) }),
  };
}

function randomPlane(subject: Subject, options: PlaneOptions): Plane {
  const { layout, point } = subject;
  const { dimensions, seed, norm = "filter" } = options;
  const drawn = Array.from({ length: dimensions }, (_, axis) =>
    randomDirection(point.parameters, layout, { seed, axis, norm, ...movesOf(subject, options) }),
  );
  const basis = drawn.map(({ values }) => values);
  if (dimensions === 2) orthogonalize(basis[1]!, basis[0]!, point.parameters, layout, { norm });
  const labels = basis.map((_, axis) => `random direction ${axis + 1}`);
  const zero = [...drawn[0]!.zero].map(([name, count]) => `${count} of ${name}`);
  return {
    family: affineFamily({ origin: point.parameters, basis, labels, ...buffersOf(subject) }),
    markers: [{ name: subject.name, coordinates: basis.map(() => 0) }],
    isEuclidean: false,
    ranges: basis.map(() => AROUND),
    description: `random directions, ${norm === "none" ? "not normalised" : `${norm}-normalised`}, seed ${seed}${dimensions === 2 ? `, cos ${cosine(basis[0]!, basis[1]!).toExponential(0)}` : ""}`,
    notices:
      zero.length === 0 ? [] : [`Weights that are all zero have a direction of zero: ${zero.join(", ")}`],
  };
}

function throughModels({ point }: Subject, { others }: PlaneOptions): Plane {
  const [b, c, ...more] = others;
  if (b === undefined || more.length > 0) {
    throw new RangeError(
      `Cannot span a line or plane through models as there must be one or two others: there are ${others.length}; give them by --with, or choose --plane pca`,
    );
  }
  const { family, markers } = c === undefined ? lineBetween(point, b) : planeThrough(point, b, c);
  const ranges = family.basis.map((_, axis) => {
    const [from, to] = rangeOf(markers, axis);
    return c === undefined ? BEYOND : { from, to };
  });
  const names = [point, ...others].map(({ name }) => name).join(", ");
  return {
    family,
    markers,
    isEuclidean: c !== undefined,
    ranges,
    description: `through ${names}`,
    notices: [],
  };
}

function principalPlane({ point }: Subject, { others, dimensions, courses = [] }: PlaneOptions): Plane {
  const points = [...others, point];
  const models = { size: point.parameters.length, spacing: 1, steps: points.map((_, i) => i) };
  const { centre, directions, explained, coordinates } = commonDirections(
    [...courses, { ...models, point: (i) => points[i]!.parameters }],
    { count: dimensions, centre: "final" },
  );
  const ends = coordinates.slice(-points.length);
  const share = (k: number) => `${(100 * explained[k]!).toFixed(1)} %`;
  const markers = points.map(({ name }, i) => ({ name, coordinates: ends[i]! }));
  const reached = coordinates.map((place) => ({ name: "", coordinates: place }));
  return {
    family: affineFamily({
      origin: centre,
      basis: directions,
      labels: directions.map((_, k) => `principal direction ${k + 1} (${share(k)})`),
      buffers: { origin: point.buffers! },
    }),
    markers,
    isEuclidean: true,
    ranges: directions.map((_, axis) => {
      const [from, to] = rangeOf(reached, axis, 0.15);
      return { from, to };
    }),
    description: `principal directions of ${courses.length > 0 ? `${courses.length} recorded ${courses.length === 1 ? "course" : "courses"}` : `${points.length} models`}`,
    notices: [],
  };
}

async function eigenPlane(subject: Subject, options: PlaneOptions): Promise<Plane> {
  const { dimensions, seed } = options;
  return withLoss(subject, options, async (loss) => {
    const { values, vectors, converged } = await eigenpairs(loss.hessian(), { count: dimensions, seed });
    const labels = values.map((value, k) => `eigenvector ${k + 1} (λ = ${Number(value.toPrecision(3))})`);
    const notices = converged
      ? []
      : ["The eigenvectors have not converged: they are some directions of large curvature"];
    return around(subject, options, vectors, { labels, notices, description: "Hessian eigenvectors" });
  });
}

async function gradientPlane(subject: Subject, options: PlaneOptions): Promise<Plane> {
  const { layout, point } = subject;
  const { dimensions, seed, norm = "global" } = options;
  return withLoss(subject, options, async (loss) => {
    const slope = new Float64Array(layout.size);
    await loss.gradient(slope);
    const basis: Float32Array[] = [Float32Array.from(slope)];
    const labels = ["gradient"];
    if (dimensions === 2) {
      basis.push(
        randomDirection(point.parameters, layout, { seed, norm, ...movesOf(subject, options) }).values,
      );
      orthogonalize(basis[1]!, basis[0]!, point.parameters, layout, { norm });
      labels.push("random direction");
    }
    return around(subject, options, basis, { labels, notices: [], description: `gradient, seed ${seed}` });
  });
}

function statePlane(subject: Subject, options: PlaneOptions): Plane {
  const { layout, point, name, state = new Map<string, Float32Array>() } = subject;
  const { dimensions, seed, norm = "global" } = options;
  const slots = [...state].filter(([, values]) => values.some((value) => value !== 0));
  const [first, second] = slots;
  if (first === undefined) {
    throw new RangeError(
      `Cannot draw the plane of an optimizer's state as ${name} must have one, as long as its parameters: found ${[...state.keys()].join(", ") || "none"}; give a run of a rule with momentum or moments`,
    );
  }
  const random = () =>
    randomDirection(point.parameters, layout, { seed, norm, ...movesOf(subject, options) }).values;
  const basis: Float32Array[] = [first[1].slice()];
  const labels = [`state ${first[0]}`];
  if (dimensions === 2) {
    basis.push(second?.[1].slice() ?? random());
    labels.push(second === undefined ? "random direction" : `state ${second[0]}`);
    orthogonalize(basis[1]!, basis[0]!, point.parameters, layout, { norm });
  }
  return around(subject, options, basis, { labels, notices: [], description: labels.join(" and ") });
}

/** A plane around the subject whose directions are given and get their length by `norm`, that of all weights by default. */
function around(
  subject: Subject,
  { norm = "global" }: PlaneOptions,
  basis: readonly Float32Array[],
  { labels, notices, description }: { labels: string[]; notices: string[]; description: string },
): Plane {
  const { layout, point } = subject;
  for (const direction of basis) normalizeDirection(direction, point.parameters, layout, { norm });
  return {
    family: affineFamily({ origin: point.parameters, basis, labels, ...buffersOf(subject) }),
    markers: [{ name: subject.name, coordinates: basis.map(() => 0) }],
    isEuclidean: false,
    ranges: basis.map(() => AROUND),
    description: `${description}, ${norm === "none" ? "of length 1" : `${norm}-normalised`}`,
    notices,
  };
}

/** Do something with the loss of some training examples, and its derivatives, at the subject. */
async function withLoss<T>(
  { model, point, loaded: { dataset } }: Subject,
  { derivativesOf: { count, indices }, seed }: PlaneOptions,
  use: (loss: SampledLoss) => Promise<T>,
): Promise<T> {
  const vector = new ParameterVector(model.module, { stateSlots: 0 });
  vector.parameters.set(point.parameters);
  vector.buffers.set(point.buffers);
  const chosen = sampleExamples(dataset.train, { count, seed, among: indices });
  const samples = samplesFrom({ split: dataset.train, normalization: dataset, indices: chosen });
  const loss = new SampledLoss({ model, vector, samples });
  try {
    return await use(loss);
  } finally {
    await loss.release();
  }
}
