import { once } from "node:events";
import { createServer, get } from "node:http";
import type { AddressInfo } from "node:net";
import { affineFamily, randomDirection } from "@thalweg/landscape";
import { expect, test } from "vitest";
import { loadSubject } from "./subject.ts";
import { planSurvey } from "./survey.ts";
import { startThreads } from "./threads.ts";

const silent = { say: () => {}, env: process.env };

test("acceptance 14: a thread that evaluates leaves the event loop free: requests are answered while it works", async () => {
  const subject = await loadSubject("digits-mlp", {}, silent);
  const { layout, point, loaded } = subject;
  const direction = randomDirection(point.parameters, layout, { seed: 1, norm: "filter" }).values;
  const { assignment } = planSurvey({
    subject,
    family: affineFamily({
      origin: point.parameters,
      basis: [direction],
      labels: ["d"],
      buffers: { origin: point.buffers },
    }),
    grid: [{ from: -1, to: 1, points: 6_000 }],
    set: "train",
    indices: Uint32Array.from({ length: Math.min(250, loaded.dataset.train.count) }, (_, i) => i),
    ...{ loss: "softmax-cross-entropy", batchNorm: "fixed", measures: ["accuracy"], facts: {} },
  });
  const server = createServer((_, response) => response.end("pong")).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const ping = () =>
    new Promise<void>((resolve, reject) => {
      get({ port, host: "127.0.0.1" }, (response) => response.resume().on("end", resolve)).on(
        "error",
        reject,
      );
    });
  const [evaluator] = await startThreads(assignment, 1);
  try {
    let isDone = false;
    const columns = Array.from({ length: 6_000 }, (_, i) => i); // one tile: the thread says nothing before its end
    const work = evaluator!.evaluate({ chunk: 0, row: 0, columns }).then((sums) => {
      isDone = true;
      return sums;
    });
    let answered = 0;
    while (!isDone) {
      await ping();
      if (!isDone) answered++;
    }
    expect(answered).toBeGreaterThan(20);
    expect((await work).length).toBe(6_000 * evaluator!.columns.length);
  } finally {
    await evaluator!.release();
    server.close();
  }
}, 60_000);
