/** Files that the browser hands to the person: nothing leaves this machine. */

export function save(content: BlobPart, name: string, type: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export function savePng(canvas: HTMLCanvasElement, name: string): void {
  canvas.toBlob((blob) => {
    if (blob !== null) save(blob, name, "image/png");
  }, "image/png");
}

/** Record a canvas while `frame` moves it from 0 to 1. Rejects where the browser records none. */
export async function recordWebm(
  canvas: HTMLCanvasElement,
  ms: number,
  frame: (share: number) => void,
): Promise<Blob> {
  const type = ["video/webm;codecs=vp9", "video/webm"].find((one) => MediaRecorder.isTypeSupported(one));
  if (type === undefined)
    throw new Error("Cannot record as this browser writes no WebM: use another, or export PNG");
  const recorder = new MediaRecorder(canvas.captureStream(30), { mimeType: type, videoBitsPerSecond: 6e6 });
  const pieces: Blob[] = [];
  recorder.ondataavailable = ({ data }) => pieces.push(data);
  const ended = new Promise<void>((done) => {
    recorder.onstop = () => done();
  });
  recorder.start();
  await new Promise<void>((done) => {
    const begin = performance.now();
    const step = (now: number) => {
      const share = Math.min(1, Math.max(0, (now - begin) / ms));
      frame(share);
      if (share < 1) requestAnimationFrame(step);
      else done();
    };
    requestAnimationFrame(step);
  });
  recorder.stop();
  await ended;
  return new Blob(pieces, { type: "video/webm" });
}
