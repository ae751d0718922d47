/** Methods that keep whole matrices say so before they run out of memory. */

/** A gibibyte of numbers. */
const MOST_NUMBERS = 2 ** 27;

/** Raises RangeError when a method would keep more than a gibibyte; `instead` is what to use then. */
export function checkDense(name: string, numbers: number, dimension: number, instead: string): void {
  if (numbers <= MOST_NUMBERS) return;
  const size = (numbers / MOST_NUMBERS).toPrecision(3);
  throw new RangeError(
    `Cannot use ${name} as its matrices must fit into 1 GiB: they take ${size} GiB for dimension ${dimension}; use ${instead}`,
  );
}
