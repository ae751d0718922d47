/**
 * What watches a run without changing it. An observer is told of every step; most look at few of them. The time that it takes is not
 * counted as training.
 */
export interface Observer {
  /** The run begins, or goes on, with so many steps finished. Points and lines after that were written by a run that was cut off. */
  begin?(step: number): void | Promise<void>;
  /** A step begins: `step` are finished, and evaluations between the two are over. */
  beforeStep?(step: number): void | Promise<void>;
  /** The gradient is in the vector and the update is not yet made; `step` steps are finished, and `loss` is that of the batch. */
  beforeUpdate?(step: number, loss: number): void | Promise<void>;
  /** The update is made: `step` steps are finished. The vector still has the gradient that it was made by. */
  afterUpdate?(step: number, loss: number): void | Promise<void>;
}
