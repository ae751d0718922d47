/**
 * The ceiling: a WebAssembly SIMD kernel that moves the bytes of an AdamW step and computes next to nothing.
 *
 * Reads θ, g, m, v and writes θ, m, v, 64 bytes of each per turn; the one exclusive-or keeps the loads of g and m
 * from being dropped. What an optimizer's kernel needs beyond this is arithmetic that did not hide behind memory.
 */
import wabt from "wabt";
import { serve } from "../contestant.ts";
import { meanMagnitude, SEED, uniform } from "../workload.ts";

const LANES = [0, 16, 32, 48];
const turn = LANES.map(
  (at) => `
      (local.set $g (v128.load offset=${at} (local.get $gradient)))
      (local.set $x (v128.load offset=${at} (local.get $m)))
      (v128.store offset=${at} (local.get $theta)
        (v128.xor (v128.load offset=${at} (local.get $theta)) (local.get $g)))
      (v128.store offset=${at} (local.get $m) (v128.xor (local.get $x) (local.get $g)))
      (v128.store offset=${at} (local.get $v) (v128.load offset=${at} (local.get $v)))`,
).join("");
const advance = ["theta", "gradient", "m", "v"].map(
  (p) => `(local.set $${p} (i32.add (local.get $${p}) (i32.const 64)))`,
);

const source = `(module
  (import "host" "memory" (memory 1))
  (func (export "copy") (param $theta i32) (param $gradient i32) (param $m i32) (param $v i32) (param $end i32)
    (local $g v128) (local $x v128)
    (loop $again ${turn}
      ${advance.join("\n      ")}
      (br_if $again (i32.lt_u (local.get $theta) (local.get $end))))))`;

async function copyKernel({ sizes: { count } }) {
  if (count % 16 !== 0)
    throw new RangeError(`The copy kernel needs a multiple of 16 elements: count is ${count}`);
  const bytes = count * 4;
  const memory = new WebAssembly.Memory({ initial: Math.ceil((4 * bytes) / 65536) });
  const { parseWat } = await wabt();
  const { buffer } = parseWat("copy.wat", source, { simd: true }).toBinary({});
  const { instance } = await WebAssembly.instantiate(buffer, { host: { memory } });
  const [theta, gradient, m, v] = [0, 1, 2, 3].map((k) => new Float32Array(memory.buffer, k * bytes, count));
  theta.set(uniform(SEED.theta, count, -1, 1));
  gradient.fill(0); // written once, or its pages would all be the system's one page of zeros, which sits in the cache
  return {
    step: () =>
      void instance.exports.copy(theta.byteOffset, gradient.byteOffset, m.byteOffset, v.byteOffset, bytes),
    check: () => meanMagnitude(theta),
  };
}

/** The engine's own memory move: 3½ vectors out of 3½ others. */
function typedArraySet({ sizes: { count } }) {
  const from = uniform(SEED.theta, (count * 7) / 2, -1, 1);
  const to = new Float32Array(from.length);
  return { step: () => void to.set(from), check: () => meanMagnitude(to) };
}

const variants = { kernel: copyKernel, set: typedArraySet };
const copy = (options) => variants[options.variant](options);

await serve({ copy, step: copy }, () => `Node ${process.version}`);
