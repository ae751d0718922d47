/** What is thrown for an ONNX file that cannot be read, is broken, or asks for what is not supported. */
export class OnnxError extends Error {
  override readonly name = "OnnxError";
}

/** A name from a file as messages show it: quoted, without line breaks, and cut when it is long. */
export function quote(name: string): string {
  const plain = JSON.stringify(name);
  return plain.length > 80 ? `${plain.slice(0, 76)}…"` : plain;
}
