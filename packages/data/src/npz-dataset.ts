/**
 * A user's own data as a dataset: arrays of an NPZ file, under the names that Keras and scikit-learn use.
 *
 *   x_train y_train x_test y_test     or     x y, whose last fifth is the test split
 *
 * The first axis counts examples. Bytes are taken for pixels with the maximum 255 and normalised over the training split; floats
 * go into batches as they are, whole numbers as tokens. Labels that are one whole number each are classes.
 */
import { cutLast, type Dataset, fingerprint, pixelStatistics, type Split } from "./dataset.ts";
import type { NpyArray, NpyData } from "./npy.ts";

/** Names of examples and their labels, the first that a file has. */
const TRAINING = [
  ["x_train", "y_train"],
  ["x", "y"],
  ["x", "labels"],
  ["images", "labels"],
] as const;
const TEST = ["x_test", "y_test"] as const;
/** Share of the examples that are kept for testing where the file has no test split. */
const TEST_SHARE = 1 / 5;
/** Floats that need no normalisation. */
const AS_IT_IS = { maximum: 1, mean: 0, std: 1 };

/** The dataset that arrays hold; `name` is used in errors. Raises RangeError where they hold none. */
export function npzDataset(arrays: ReadonlyMap<string, NpyArray>, name: string): Dataset {
  const found = TRAINING.find(([x, y]) => arrays.has(x) && arrays.has(y));
  if (found === undefined) {
    throw refusal(
      name,
      "it must hold x_train, y_train, x_test and y_test, or x and y",
      `found ${[...arrays.keys()].join(", ") || "no arrays"}; save them with numpy.savez(file, x=…, y=…)`,
    );
  }
  const split = ([x, y]: readonly [string, string]) =>
    splitOfArrays(arrays.get(x)!, arrays.get(y)!, `${x} and ${y} of ${name}`);
  const all = split(found);
  const hasTest = TEST.every((array) => arrays.has(array));
  const [train, test] = hasTest ? [all, split(TEST)] : cutLast(all, Math.round(all.count * TEST_SHARE));
  if (train.count === 0 || test.count === 0) {
    throw refusal(
      name,
      "it must hold examples to train on and to test with",
      `found ${train.count} and ${test.count}`,
    );
  }
  if (`${train.shape}` !== `${test.shape}` || train.images.constructor !== test.images.constructor) {
    throw refusal(
      name,
      "x_train and x_test must be of one kind",
      `found shapes [${train.shape}] and [${test.shape}]`,
    );
  }
  const classes = classesOf([train, test], name);
  const normalization = train.images instanceof Uint8Array ? pixelStatistics(train, 255) : AS_IT_IS;
  const data = { classes, train, test, ...normalization };
  return { name, fingerprint: fingerprint(data), origin: name, ...data };
}

function splitOfArrays(x: NpyArray, y: NpyArray, name: string): Split {
  const [count = 0, ...shape] = x.shape;
  const [labels = 0, ...labelShape] = y.shape;
  if (count !== labels || x.shape.length === 0) {
    throw refusal(name, "each example needs a label", `found ${count} examples and ${labels} labels`);
  }
  const images = x.data instanceof Uint8Array && !x.isBoolean ? x.data : plain(x.data, name);
  return {
    images,
    labels: plain(y.data, name),
    count,
    shape,
    ...(labelShape.length > 0 ? { labelShape } : {}),
  };
}

/** Floats as float32, whole numbers as int32. */
function plain(data: NpyData, name: string): Float32Array | Int32Array {
  if (data instanceof Float32Array) return data;
  if (data instanceof Float64Array) return Float32Array.from(data);
  const whole = Int32Array.from(data as ArrayLike<number | bigint>, Number);
  const wrong = whole.findIndex((value, i) => value !== Number(data[i]));
  if (wrong < 0) return whole;
  throw refusal(name, "whole numbers must fit into 32 bits", `element ${wrong} is ${data[wrong]}`);
}

/** "0" to the largest label, where labels are classes; none where they are values. Where tokens have labels at each place, both are of one vocabulary. */
function classesOf(splits: readonly Split[], name: string): string[] {
  let largest = -1;
  for (const { images, labels, labelShape } of splits) {
    if (labels instanceof Float32Array) return [];
    const isText = images instanceof Int32Array && labelShape !== undefined;
    for (const values of isText ? [labels, images] : [labels]) {
      for (const value of values) {
        if (value < 0) throw refusal(name, "classes must be whole numbers from 0", `found ${value}`);
        if (value > largest) largest = value;
      }
    }
  }
  return Array.from({ length: largest + 1 }, (_, k) => String(k));
}

const refusal = (name: string, requirement: string, found: string) =>
  new RangeError(`Cannot use ${name} as data as ${requirement}: ${found}`);
