/**
 * What a schedule costs: nanoseconds per evaluation at random steps, `npx tsx bench/schedules.ts [--json]`.
 *
 * Steps are drawn anew for each spec and visited out of order, as seeking would; the best of five rounds is printed, as
 * whatever else runs on the machine can only slow a round down. The budget of issue 4 is 1000 ns.
 */
import { parseSchedule } from "@thalweg/optim";
import { stream } from "@thalweg/random";

const STEPS = 1_000_000;
const VISITS = 200_000;
const ROUNDS = 5;

const specs = [
  "constant",
  "linear",
  "warmup",
  "cosine",
  "cosine-restarts(first=1000, mult=2)",
  "warmup-cosine(warmup=1000)",
  "onecycle",
  "onecycle(phases=3, anneal=linear)",
  "onecycle-momentum",
  "cyclic(mode=exp_range, gamma=0.99999)",
  "step(every=30%)",
  "multistep(milestones=[10%, 20%, 30%, 40%, 50%, 60%, 70%, 80%])",
  "piecewise(boundaries=[30%, 60%], values=[1, 0.1, 0.01])",
  "exponential(gamma=0.99999)",
  "polynomial(power=0.9)",
  "inverse-time(rate=0.01)",
  "inverse-sqrt",
  "decreasing",
  "rex",
  "wsd",
  "trapezoid",
  "cooldown(shape=exponential, floor=0.01)",
  "plateau",
  "warmup(100) > cosine(floor=0.01)",
  "repeat(cosine(1000))",
  "epochs(multistep(milestones=[30, 60]), stepsPerEpoch=10000)",
  "0.5 * (warmup(1%) > constant > clamp(rex(20%), low=0.1)) * shift(step(50%, every=10%), by=5%)",
  `${"(warmup(10) > ".repeat(20)}cosine${")".repeat(20)}`,
];

function nanosecondsPerEvaluation(spec: string, random: ReturnType<typeof stream>): number {
  const { at } = parseSchedule(spec, STEPS);
  const steps = Array.from({ length: VISITS }, () => random.integer(STEPS));
  let best = Infinity;
  let sum = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.hrtime.bigint();
    for (const step of steps) sum += at(step);
    best = Math.min(best, Number(process.hrtime.bigint() - start) / VISITS);
  }
  if (!Number.isFinite(sum)) throw new RangeError(`${spec} gave ${sum}`); // and nothing was optimised away
  return best;
}

const results = specs.map((spec, i) => ({
  spec,
  nanoseconds: Math.round(nanosecondsPerEvaluation(spec, stream(4, "bench", i)) * 10) / 10,
}));

if (process.argv.includes("--json")) console.log(JSON.stringify(results, null, 2));
else {
  for (const { spec, nanoseconds } of results) {
    const shown = spec.length > 90 ? `${spec.slice(0, 89)}…` : spec;
    console.log(`${nanoseconds.toFixed(1).padStart(8)} ns  ${shown}`);
  }
}
