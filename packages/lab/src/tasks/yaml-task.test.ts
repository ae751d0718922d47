import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Dataset, loadDataset } from "@thalweg/data";
import { countParameters } from "@thalweg/nn";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeTaskFile, taskFromFile } from "./from-file.ts";

const ONNX = fileURLToPath(new URL("../../fixtures/onnx/digits-cnn.onnx", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "yaml-task-"));
afterAll(() => rmSync(folder, { recursive: true }));

let digits: Dataset;
beforeAll(async () => {
  digits = await loadDataset("digits");
});

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}
const taskOf = (text: string, dataset = digits) =>
  taskFromFile(describeTaskFile(write("task.yaml", text), {}), dataset);

describe("taskFromFile() of YAML", () => {
  test("takes an ONNX model, and what the file says instead of the protocol", async () => {
    const task = await taskOf(`
      model: ${ONNX}
      data: digits
      batchSize: 16
      steps: 200
      evaluations: 20
      metric: { measure: testLoss, better: lower, unit: nat, floor: 0 }
      freeze: ["0.*"]`);
    expect(task).toMatchObject({
      name: "task",
      dataset: "digits",
      batchSize: 16,
      steps: 200,
      evaluateEvery: 10,
      validation: 144, // a tenth of 1437
      metric: { measure: "testLoss", better: "lower", unit: "nat", floor: 0 },
    });
    const whole = await taskOf(`{ model: ${ONNX}, data: digits }`);
    const size = ({ model }: typeof task) => countParameters(model([1, 8, 8], 10).module);
    expect(size(task)).toBeGreaterThan(0);
    expect(size(task)).toBeLessThan(size(whole));
  });

  test("takes a module beside it", async () => {
    const nn = fileURLToPath(new URL("../../../nn/src/index.ts", import.meta.url));
    write(
      "net.ts",
      `import { flatten, linear, sequential } from ${JSON.stringify(nn)};\nexport default sequential(flatten(), linear(64, 10));`,
    );
    const task = await taskOf("model: ./net.ts\ndata: digits\nname: one-layer\n");
    expect(task.name).toBe("one-layer");
    expect(countParameters(task.model([1, 8, 8], 10).module)).toBe(650);
  });

  test("takes a network of the zoo for data of its form", async () => {
    const images = { images: new Uint8Array(40 * 784), labels: new Uint8Array(40), count: 40 };
    const split = { ...images, shape: [1, 28, 28] };
    const dataset = { ...digits, name: "large", train: split, test: split };
    const task = await taskOf("model: logistic\ndata: mnist\n", dataset);
    expect(countParameters(task.model([1, 28, 28], 10).module)).toBe(7850);
    await expect(taskOf("model: logistic\ndata: digits\n")).rejects.toThrow(
      "Cannot train logistic on digits as it takes examples of shape [1,28,28]: these have [1,8,8]",
    );
    await expect(taskOf("model: logistics\ndata: digits\n")).rejects.toThrow('did you mean "logistic"?');
  });

  test.each([
    [
      "model: a.onnx\ndata: digits\nstep: 3\n",
      'task.yaml:3:1: there is no field "step"',
      'did you mean "steps"?',
    ],
    ["model: a.onnx\n", "data is missing"],
    ["model: a.onnx\ndata: digits\nbatchSize: 0\n", "task.yaml:3:12: batchSize: "],
    ["model: [a\n", "task.yaml:"],
    ["just text\n", "a task must be a map with at least model and data"],
  ])("points at what is wrong in %j", (text, ...said) => {
    for (const part of said) expect(() => describeTaskFile(write("task.yaml", text), {})).toThrow(part);
  });

  test("refuses a file, or its model, that has changed since", async () => {
    write("changing.ts", "export default undefined;");
    const file = describeTaskFile(write("task.yaml", "model: ./changing.ts\ndata: digits\n"), {});
    write("changing.ts", "export default null;");
    await expect(taskFromFile(file, digits)).rejects.toThrow("it has changed");
  });

  test("needs to be told what an ONNX file trains on", () => {
    expect(() => describeTaskFile(ONNX, {})).toThrow("give data, a dataset or an NPZ file");
  });
});
