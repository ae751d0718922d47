/**
 * The course of a run through parameter space: a sparse sample of its points, in one file of bounded size. All points are kept at first;
 * when there are too many, every second is dropped and from then on every second taken, so that they stay evenly spaced however long
 * the run becomes. In memory there is one point at a time.
 *
 *   THALWTR1 · P (uint32) · spacing in steps (uint32)      then for each point:  step (float64) · θ (P float32), all little-endian
 *
 * Points are appended whole and the file is replaced whole when it is thinned: a run that is killed loses no point, and a run that goes
 * on forgets those after its checkpoint.
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { appendWhole, flush } from "../whole-files.ts";
import type { Observer } from "./observer.ts";

const MAGIC = "THALWTR1";
const HEADER = 16;
/** Points that a file holds at most, if they fit. */
const CAPACITY = 300;
/** Bytes that a file takes at most, if that leaves room for a few points. */
const BYTES = 256 * 2 ** 20;
const FEWEST = 8;

export interface TrajectoryOptions {
  /** Where the file is, or shall be. */
  readonly path: string;
  /** Looked at when a point is due. */
  readonly parameters: Float32Array;
  /** Points at most, at least 4; by default 300, or as many as fit in 256 MiB. */
  readonly capacity?: number;
  /** The last step of the run, which is kept whatever the spacing. */
  readonly last?: number;
}

/** Records a run as it is trained. */
export class TrajectoryRecorder implements Observer {
  private readonly options: TrajectoryOptions;
  private readonly capacity: number;
  private readonly record: Uint8Array;
  private readonly point: Float32Array;
  private readonly step: DataView;
  private stride = 1;
  private count = 0;

  /** Raises RangeError for a capacity below 4, and for a file of another model. */
  constructor(options: TrajectoryOptions) {
    const { parameters, path } = options;
    const bytes = 8 + 4 * parameters.length;
    const { capacity = Math.min(CAPACITY, Math.max(FEWEST, Math.floor(BYTES / bytes))) } = options;
    if (!(Number.isSafeInteger(capacity) && capacity >= 4)) {
      throw new RangeError(
        `Cannot record a trajectory as its number of points must be whole, at least 4: current value is ${capacity}`,
      );
    }
    this.options = options;
    this.capacity = capacity;
    this.record = new Uint8Array(bytes);
    this.step = new DataView(this.record.buffer);
    this.point = new Float32Array(this.record.buffer, 8);
    if (!existsSync(path)) {
      const header = new Uint8Array(HEADER);
      writeHeader(header, parameters.length, this.stride);
      appendWhole(path, header);
      return;
    }
    const { size } = openTrajectory(path);
    if (size === parameters.length) return;
    throw new RangeError(
      `Cannot record a trajectory in ${path} as it must be of a model with ${parameters.length} parameters: it has ${size}`,
    );
  }

  /** Keep what was recorded up to this step, and this step itself. */
  begin(step: number): void {
    const { path } = this.options;
    const { steps, spacing } = openTrajectory(path);
    this.stride = spacing;
    this.count = steps.filter((one) => one <= step).length;
    truncateSync(path, HEADER + this.count * this.record.length);
    if (steps[this.count - 1] !== step) this.afterUpdate(step);
  }

  afterUpdate(step: number): void {
    const { parameters, path, last } = this.options;
    const isDue = () => step % this.stride === 0 || step === last;
    while (isDue() && this.count >= this.capacity) this.thin();
    if (!isDue()) return;
    this.step.setFloat64(0, step, true);
    this.point.set(parameters);
    appendWhole(path, this.record);
    this.count++;
  }

  /** Drop every second point: those at odd multiples of the spacing. */
  private thin(): void {
    const { path } = this.options;
    this.stride *= 2;
    const trajectory = openTrajectory(path);
    const beside = `${path}.tmp`;
    const [from, to] = [openSync(path, "r"), openSync(beside, "w")];
    try {
      const header = new Uint8Array(HEADER);
      writeHeader(header, trajectory.size, this.stride);
      writeSync(to, header);
      this.count = 0;
      trajectory.steps.forEach((step, i) => {
        if (step % this.stride !== 0) return;
        readSync(from, this.record, 0, this.record.length, HEADER + i * this.record.length);
        for (let at = 0; at < this.record.length; ) at += writeSync(to, this.record, at);
        this.count++;
      });
    } finally {
      closeSync(from);
      closeSync(to);
    }
    flush(beside);
    renameSync(beside, path);
  }
}

export interface Trajectory {
  /** Parameters of each point. */
  readonly size: number;
  /** Steps between points that are recorded now. */
  readonly spacing: number;
  /** How many steps were finished at each point. */
  readonly steps: readonly number[];
  /** Read a point into `out`, or into a vector of its own. */
  point(index: number, out?: Float32Array): Float32Array;
}

/** Read a recorded course, point by point. Half a point at the end, of a run that was killed, is not there. Raises RangeError. */
export function openTrajectory(path: string): Trajectory {
  const header = new DataView(readAt(path, 0, HEADER));
  const magic = new TextDecoder().decode(header.buffer.slice(0, MAGIC.length));
  if (magic !== MAGIC) {
    throw new RangeError(
      `Cannot read ${path} as a trajectory as it must begin with ${MAGIC}: it begins with ${JSON.stringify(magic)}`,
    );
  }
  const size = header.getUint32(8, true);
  const spacing = header.getUint32(12, true);
  const bytes = 8 + 4 * size;
  const file = openSync(path, "r");
  try {
    const count = Math.floor((fstatSync(file).size - HEADER) / bytes);
    const step = new DataView(new ArrayBuffer(8));
    const steps = Array.from({ length: count }, (_, i) => {
      readSync(file, step, 0, 8, HEADER + i * bytes);
      return step.getFloat64(0, true);
    });
    return {
      size,
      spacing,
      steps,
      point: (index, out = new Float32Array(size)) => {
        out.set(new Float32Array(readAt(path, HEADER + index * bytes + 8, 4 * size)));
        return out;
      },
    };
  } finally {
    closeSync(file);
  }
}

function writeHeader(header: Uint8Array, size: number, spacing: number): void {
  header.set(new TextEncoder().encode(MAGIC));
  const numbers = new DataView(header.buffer);
  numbers.setUint32(8, size, true);
  numbers.setUint32(12, spacing, true);
}

function readAt(path: string, position: number, length: number): ArrayBuffer {
  const bytes = new Uint8Array(length);
  const file = openSync(path, "r");
  try {
    for (let at = 0; at < length; ) {
      const read = readSync(file, bytes, at, length - at, position + at);
      if (read === 0) {
        throw new RangeError(
          `Cannot read ${path} as a trajectory as it must have ${length} bytes at ${position}: it has ${at}`,
        );
      }
      at += read;
    }
  } finally {
    closeSync(file);
  }
  return bytes.buffer;
}
