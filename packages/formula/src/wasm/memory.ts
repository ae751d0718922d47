/**
 * One WebAssembly memory that holds flat vectors: parameters, gradients, optimizer state. It is not shared and never
 * grows, because ONNX Runtime keeps views of it and growing would detach them. Pages that nobody touches cost nothing
 * on the systems we run on, so reserving generously is cheap.
 */

const PAGE = 65_536;
const ALIGNMENT = 64; // one cache line, one AVX-512 register

/** Room at the start of the memory where kernels take scalars, leave results, and finish tails. */
export const SCRATCH_BYTES = 8_192;

export class FlatMemory {
  readonly memory: WebAssembly.Memory;
  private next = SCRATCH_BYTES;

  /** Reserve at least `bytes`, zeroed. Raises RangeError when the machine cannot. */
  constructor(bytes: number) {
    if (!Number.isSafeInteger(bytes) || bytes < 0) {
      throw new RangeError(
        `Cannot reserve memory as its size must be a whole number of bytes: current value is ${bytes}`,
      );
    }
    const pages = Math.ceil((bytes + SCRATCH_BYTES) / PAGE);
    if (pages > 65_536) {
      throw new RangeError(
        `Cannot reserve ${bytes} bytes as one WebAssembly memory holds at most 4 GiB: use fewer parameters, or a rule with fewer state slots`,
      );
    }
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  }

  /** Bytes that `floats` float32 values take here, padding included. */
  static bytesFor(floats: number): number {
    return Math.ceil((floats * 4) / ALIGNMENT) * ALIGNMENT;
  }

  get bytesFree(): number {
    return this.memory.buffer.byteLength - this.next;
  }

  /** A zeroed float32 vector at a 64-byte boundary. Raises RangeError when it does not fit. */
  allocate(floats: number): Float32Array {
    if (!Number.isSafeInteger(floats) || floats < 0) {
      throw new RangeError(
        `Cannot allocate a vector as its length must be a whole number of float32 values: current value is ${floats}`,
      );
    }
    const bytes = FlatMemory.bytesFor(floats);
    if (bytes > this.bytesFree) {
      throw new RangeError(
        `Cannot allocate ${floats} float32 values as only ${this.bytesFree} of ${this.memory.buffer.byteLength} bytes are free: reserve more when the memory is made`,
      );
    }
    const view = new Float32Array(this.memory.buffer, this.next, floats);
    this.next += bytes;
    return view;
  }
}
