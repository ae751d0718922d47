/**
 * What is minimized: a function of one flat vector, and whatever more is known about it.
 *
 *   F(x) = f(x) + g(x)      f differentiable; g, where there is one, known by its value and its proximal map
 *
 * Functions write vectors and matrices where they are told to, so that a million numbers are not allocated per call; they
 * only read `at`. An objective on a compiled network answers with promises and has the same shape. Functions that return
 * arrays, as one writes them by hand, become an objective through `fromFunctions`, and parts of one through `from-parts.ts`.
 */

export type Vector = Float64Array;

/** An objective whose functions answer at once, or through promises where N and V allow them. */
export interface ObjectiveOf<N, L, V> {
  readonly name: string;
  readonly dimension: number;
  /** f(x). Not finite where f is not defined: methods keep away from there. */
  readonly value: (at: Vector) => N;
  /** f(x) of many points, in one batch; without it they are asked one by one. */
  readonly values?: (points: readonly Vector[]) => L;
  /** f(x); writes ∇f(x). */
  readonly gradient?: (at: Vector, into: Vector) => N;
  /** Writes ∇²f(x), n × n, row-major. */
  readonly hessian?: (at: Vector, into: Vector) => V;
  /** Writes ∇²f(x)·v. */
  readonly product?: (at: Vector, direction: Vector, into: Vector) => V;
  /** f(x) = ½‖r(x)‖². */
  readonly residuals?: ResidualsOf<V>;
  /** f(x) = (1/N) Σ fᵢ(x). */
  readonly components?: ComponentsOf<N>;
  /** g of F = f + g. */
  readonly nonsmooth?: Nonsmooth;
  /** Where it is customary to search: global methods draw from this box, projected ones stay in it. */
  readonly bounds?: Bounds;
  /** Whether f is defined at a point; everywhere when absent. */
  readonly inside?: (at: Vector) => boolean;
}

export interface ResidualsOf<V> {
  /** m, the length of r. */
  readonly count: number;
  /** Writes r(x), length m, and its Jacobian, m × n, row-major. */
  readonly evaluate: (at: Vector, residuals: Vector, jacobian: Vector) => V;
}

export interface ComponentsOf<N> {
  /** N, the number of fᵢ. */
  readonly count: number;
  /** The mean of fᵢ(x) over these i; writes the mean of their gradients. */
  readonly gradient: (indices: ArrayLike<number>, at: Vector, into: Vector) => N;
}

export interface Nonsmooth {
  /** g(x), ∞ outside its domain. */
  readonly value: (at: Vector) => number;
  /** Writes argmin over u of g(u) + ‖u − x‖² / (2 step). */
  readonly prox: (at: Vector, step: number, into: Vector) => void;
}

export interface Bounds {
  readonly lower: Vector;
  readonly upper: Vector;
}

/** Answers at once. */
export type Objective = ObjectiveOf<number, readonly number[], void>;

/** Answers at once or later. Every Objective is one. */
export type AsyncObjective = ObjectiveOf<
  number | Promise<number>,
  readonly number[] | Promise<readonly number[]>,
  void | Promise<void>
>;

/** An objective as one writes it by hand: functions that return arrays. A matrix is an array of rows, or flat, row-major. */
export interface Functions {
  name?: string;
  dimension: number;
  value: (at: Vector) => number;
  gradient?: (at: Vector) => ArrayLike<number>;
  hessian?: (at: Vector) => ArrayLike<number> | ArrayLike<ArrayLike<number>>;
  product?: (at: Vector, direction: Vector) => ArrayLike<number>;
  bounds?: { lower: ArrayLike<number>; upper: ArrayLike<number> };
  inside?: (at: Vector) => boolean;
}

/**
 * An objective from functions that return arrays. An array of another length than it must have is refused when it comes.
 *
 * @example fromFunctions({ dimension: 2, value: ([x, y]) => x * x + y * y, gradient: ([x, y]) => [2 * x, 2 * y] })
 */
export function fromFunctions(functions: Functions): Objective {
  const { name = "f", dimension: n, value, gradient, hessian, product, bounds, inside } = functions;
  checkDimension(name, n);
  return {
    name,
    dimension: n,
    value,
    ...(gradient && {
      gradient: (at, into) => {
        fill(into, gradient(at), `the gradient of ${name}`);
        return value(at);
      },
    }),
    ...(hessian && { hessian: (at, into) => fillMatrix(into, hessian(at), n, `the Hessian of ${name}`) }),
    ...(!product &&
      hessian && {
        product: productFromHessian(n, (at, into) =>
          fillMatrix(into, hessian(at), n, `the Hessian of ${name}`),
        ),
      }),
    ...(product && {
      product: (at, direction, into) => fill(into, product(at, direction), `the Hessian product of ${name}`),
    }),
    ...(bounds && { bounds: readBounds(bounds, n, name) }),
    ...(inside && { inside }),
  };
}

/** ∇²f·v from the whole ∇²f, where n is small enough for that. */
export function productFromHessian(
  n: number,
  hessian: (at: Vector, into: Vector) => void,
): (at: Vector, direction: Vector, into: Vector) => void {
  let H: Vector | undefined;
  return (at, direction, into) => {
    H ??= new Float64Array(n * n);
    hessian(at, H);
    for (let i = 0; i < n; i++) {
      let sum = 0;
      for (let j = 0; j < n; j++) sum += H[i * n + j]! * direction[j]!;
      into[i] = sum;
    }
  };
}

/** The box as vectors. Raises RangeError when it has another dimension, or a side that is not from low to high. */
export function readBounds(
  { lower, upper }: { lower: ArrayLike<number>; upper: ArrayLike<number> },
  dimension: number,
  name: string,
): Bounds {
  for (const [side, { length }] of Object.entries({ lower, upper })) {
    if (length === dimension) continue;
    throw new RangeError(
      `Cannot use the bounds of ${name} as ${side} must have ${dimension} entries, one per dimension: it has ${length}`,
    );
  }
  const box = { lower: Float64Array.from(lower), upper: Float64Array.from(upper) };
  const wrong = box.lower.findIndex((low, i) => !(low < box.upper[i]!));
  if (wrong < 0) return box;
  throw new RangeError(
    `Cannot use the bounds of ${name} as lower[${wrong}] must be less than upper[${wrong}]: current values are ${lower[wrong]} and ${upper[wrong]}`,
  );
}

/** Raises RangeError for what is no dimension. */
export function checkDimension(name: string, dimension: number): void {
  if (Number.isSafeInteger(dimension) && dimension >= 1) return;
  throw new RangeError(
    `Cannot build the objective ${name} as its dimension must be a whole number >= 1: current value is ${dimension}`,
  );
}

/** Copy a vector of the right length; raises RangeError for another. */
export function fill(into: Vector, from: ArrayLike<number>, what: string): void {
  if (from?.length !== into.length) {
    throw new RangeError(
      `Cannot use ${what} as it must have ${into.length} ${into.length === 1 ? "entry" : "entries"}: it has ${from?.length ?? "none"}`,
    );
  }
  into.set(from);
}

/** Copy a matrix of n columns, given flat or by rows. */
export function fillMatrix(
  into: Vector,
  from: ArrayLike<number> | ArrayLike<ArrayLike<number>>,
  n: number,
  what: string,
): void {
  if (typeof from?.[0] === "number") {
    fill(into, from as ArrayLike<number>, what);
    return;
  }
  const rows = Array.from((from ?? []) as ArrayLike<ArrayLike<number>>);
  const count = into.length / n;
  if (rows.length !== count) {
    throw new RangeError(`Cannot use ${what} as it must have ${count} rows: it has ${rows.length}`);
  }
  rows.forEach((row, i) => {
    fill(into.subarray(i * n, (i + 1) * n), row, `row ${i} of ${what}`);
  });
}
