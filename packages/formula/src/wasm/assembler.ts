/** WebAssembly text to machine code, by wabt. The assembler itself loads once per process, about 30 ms. */
import loadWabt from "wabt";

const wabt = await loadWabt();

/** Assemble and compile a module. Raises SyntaxError when the text is not valid WebAssembly. */
export function assemble(text: string): WebAssembly.Module {
  const parsed = wabt.parseWat("kernel.wat", text, { simd: true, bulk_memory: true });
  try {
    return new WebAssembly.Module(parsed.toBinary({}).buffer as Uint8Array<ArrayBuffer>);
  } finally {
    parsed.destroy();
  }
}
