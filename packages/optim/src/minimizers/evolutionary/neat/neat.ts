/**
 * NEAT: networks whose weights and shape evolve together, from the smallest on. New shapes are given time by competing within
 * species of their like; a species has as many children as its members are fit, divided by how many they are.
 *
 * Ask for `population`, give `tell` a value for each, and so on: evaluation is somebody else's, at once or not. `evolve` is the loop.
 *
 * Source   Stanley & Miikkulainen, Evolutionary Computation 10 (2002) 99–127, §3 and §4.1 for the defaults.
 * Differs  Values are minimised and may have any sign, so fitness is how far a member lies between the generation's worst (0) and
 *          best (1) value; weights move by normal, not uniform, amounts; links never close circles.
 */
import { type Stream, stream } from "@thalweg/random";
import { ranked } from "../population.ts";
import { distanceOf, firstHidden, type Genome } from "./genome.ts";
import { cross, firstGenome, Innovations, mutate } from "./variation.ts";

export interface NeatOptions {
  readonly inputs: number;
  readonly outputs: number;
  readonly population?: number;
  readonly seed?: number;
  /** δ above which two genomes are of different species, and its coefficients c₁, c₂, c₃. */
  readonly threshold?: number;
  readonly excess?: number;
  readonly disjoint?: number;
  readonly weight?: number;
  /** Generations after which a species that has not become better has no children. */
  readonly patience?: number;
  /** Share of a species that may be parents. */
  readonly survivors?: number;
  /** Share of children with two parents, and of those with one of another species. */
  readonly crossing?: number;
  readonly abroad?: number;
  /** Chances of changes: `Chances` says of what. */
  readonly changeWeights?: number;
  readonly anew?: number;
  readonly move?: number;
  readonly fresh?: number;
  readonly addLink?: number;
  readonly addNode?: number;
  readonly off?: number;
}

/** Weights of the authors' program change by up to 2.5 either way, alike: the deviation of that is 2.5/√3. */
const DEVIATION = 1.44;

export const NEAT_DEFAULTS = {
  ...{ population: 150, seed: 0, threshold: 3, excess: 1, disjoint: 1, weight: 0.4 },
  ...{ patience: 15, survivors: 0.2, crossing: 0.75, abroad: 0.001 },
  ...{
    changeWeights: 0.8,
    anew: 0.1,
    move: DEVIATION,
    fresh: DEVIATION,
    addLink: 0.05,
    addNode: 0.03,
    off: 0.75,
  },
} as const;

interface Species {
  representative: Genome;
  /** Indices into the population. */
  members: number[];
  best: number;
  /** Generations without a better value. */
  idle: number;
}

/** What a generation came to. */
export interface Generation {
  readonly generation: number;
  /** Its least value, and that of the run so far. */
  readonly value: number;
  readonly best: number;
  readonly species: number;
  /** Mean number of enabled connections. */
  readonly size: number;
}

export class Neat {
  /** The genomes to evaluate next. */
  population: readonly Genome[];
  generation = 0;
  /** The genome with the least value so far, and that. */
  best: { genome: Genome; value: number };
  private readonly options: Required<NeatOptions>;
  private readonly innovations: Innovations;
  private species: Species[] = [];

  /** Raises RangeError for options that cannot be. */
  constructor(options: NeatOptions) {
    this.options = { ...NEAT_DEFAULTS, ...options };
    checkOptions(this.options);
    const { inputs, outputs, population, seed } = this.options;
    this.innovations = new Innovations(firstHidden({ inputs, outputs }));
    const random = stream(seed, "neat: first generation");
    this.population = Array.from({ length: population }, () =>
      firstGenome({ inputs, outputs }, this.innovations, this.chances, random),
    );
    this.best = { genome: this.population[0]!, value: Number.POSITIVE_INFINITY };
  }

  /** The values of the population, in its order; NaN and ∞ are the worst. The next population is there afterwards. */
  tell(values: readonly number[]): Generation {
    if (values.length !== this.population.length) {
      throw new RangeError(
        `Cannot tell neat the values of a generation as there must be ${this.population.length}, one per genome: got ${values.length}`,
      );
    }
    const clean = values.map((value) => (Number.isNaN(value) ? Number.POSITIVE_INFINITY : value));
    const random = stream(this.options.seed, "neat: generation", this.generation);
    const [first] = ranked(clean) as [number];
    if (clean[first]! < this.best.value)
      this.best = { genome: this.population[first]!, value: clean[first]! };
    this.speciate(clean, random);
    const told: Generation = {
      generation: this.generation++,
      ...{ value: clean[first]!, best: this.best.value, species: this.species.length },
      size: mean(
        this.population.map(({ connections }) => connections.filter(({ enabled }) => enabled).length),
      ),
    };
    this.population = this.reproduce(clean, random);
    return told;
  }

  private get chances() {
    const { changeWeights, addLink, addNode, anew, move, fresh, off } = this.options;
    return { weights: changeWeights, link: addLink, node: addNode, anew, move, fresh, off };
  }

  /** Each genome to the first species whose representative is like it; representatives are members of the generation before. */
  private speciate(values: readonly number[], random: Stream): void {
    const { threshold } = this.options;
    for (const species of this.species) species.members = [];
    for (const [i, genome] of this.population.entries()) {
      const like = this.species.find(
        ({ representative }) => distanceOf(genome, representative, this.options) < threshold,
      );
      if (like !== undefined) like.members.push(i);
      else {
        const best = Number.POSITIVE_INFINITY;
        this.species.push({ representative: genome, members: [i], best, idle: 0 });
      }
    }
    this.species = this.species.filter(({ members }) => members.length > 0);
    for (const species of this.species) {
      const { members } = species;
      species.representative = this.population[members[random.integer(members.length)]!]!;
      const least = Math.min(...members.map((i) => values[i]!));
      species.idle = least < species.best ? 0 : species.idle + 1;
      species.best = Math.min(species.best, least);
    }
  }

  private reproduce(values: readonly number[], random: Stream): Genome[] {
    const { population: size, patience, survivors, crossing, abroad } = this.options;
    const fitness = between(values);
    // the species of the best lives on whatever its patience
    const overall = Math.min(...values);
    const alive = this.species.filter(
      ({ idle, members }) => idle < patience || members.some((i) => values[i] === overall),
    );
    const shares = alive.map(({ members }) => mean(members.map((i) => fitness[i]!)));
    const counts = apportion(shares, size);
    const children: Genome[] = [];
    for (const [s, { members }] of alive.entries()) {
      const order = members.toSorted((a, b) => fitness[b]! - fitness[a]!);
      const parents = order.slice(0, Math.max(1, Math.ceil(survivors * order.length)));
      const pick = (from: readonly number[]) => from[random.integer(from.length)]!;
      for (let k = 0; k < counts[s]!; k++) {
        // the champion of a species of five and more lives on as it is
        if (k === 0 && order.length >= 5) {
          children.push(this.population[order[0]!]!);
          continue;
        }
        const a = pick(parents);
        if (random.uniform() >= crossing) {
          children.push(mutate(this.population[a]!, this.innovations, this.chances, random));
          continue;
        }
        const b =
          random.uniform() < abroad ? pick(alive[random.integer(alive.length)]!.members) : pick(parents);
        const [fitter, other] = fitness[a]! >= fitness[b]! ? [a, b] : [b, a];
        const child = cross(this.population[fitter]!, this.population[other]!, this.chances, random);
        children.push(mutate(child, this.innovations, this.chances, random));
      }
    }
    return children;
  }
}

/** From 0, the worst finite value and what is infinite, to 1, the best. */
function between(values: readonly number[]): number[] {
  const finite = values.filter(Number.isFinite);
  const [least, most] = [Math.min(...finite), Math.max(...finite)];
  return values.map((value) =>
    !Number.isFinite(value) ? 0 : most > least ? (most - value) / (most - least) : 1,
  );
}

/** Whole numbers in proportion to the shares that add up to `total`: the largest remainders are rounded up. */
export function apportion(shares: readonly number[], total: number): number[] {
  const sum = shares.reduce((all, one) => all + one, 0);
  const exact = shares.map((one) => (sum > 0 ? (total * one) / sum : total / shares.length));
  const counts = exact.map(Math.floor);
  const missing = total - counts.reduce((all, one) => all + one, 0);
  const order = exact.map((_, i) => i).sort((a, b) => exact[b]! - counts[b]! - (exact[a]! - counts[a]!));
  for (const i of order.slice(0, missing)) counts[i]! += 1;
  return counts;
}

const mean = (list: readonly number[]): number => list.reduce((sum, one) => sum + one, 0) / list.length;

const SHARES = [
  "survivors",
  "crossing",
  "abroad",
  "changeWeights",
  "anew",
  "addLink",
  "addNode",
  "off",
] as const;
const COUNTS = ["inputs", "outputs", "patience"] as const;
const SIZES = ["threshold", "excess", "disjoint", "weight", "move", "fresh"] as const;

function checkOptions(options: Required<NeatOptions>): void {
  const check = (names: readonly (keyof NeatOptions)[], holds: (value: number) => boolean, must: string) => {
    for (const name of names) {
      if (holds(options[name])) continue;
      throw new RangeError(`Cannot build neat as ${name} must be ${must}: current value is ${options[name]}`);
    }
  };
  check(COUNTS, (value) => Number.isInteger(value) && value >= 1, "a whole number above 0");
  check(["population"], (value) => Number.isInteger(value) && value >= 2, "a whole number above 1");
  check(SHARES, (value) => value >= 0 && value <= 1, "in [0, 1]");
  check(SIZES, (value) => value >= 0 && value < Number.POSITIVE_INFINITY, "finite and at least 0");
}

export interface NeatResult {
  readonly genome: Genome;
  readonly value: number;
  readonly reason: "target reached" | "budget spent";
  readonly evaluations: number;
  readonly generations: readonly Generation[];
}

/**
 * Evolve until a value is at most `target` or another generation would exceed the budget.
 *
 * @example evolve({ inputs: 2, outputs: 1, seed: 1 }, (genome) => errorOf(networkOf(genome)), { target: 0.01, budget: 30_000 })
 */
export function evolve(
  options: NeatOptions,
  value: (genome: Genome) => number,
  { target = Number.NEGATIVE_INFINITY, budget }: { target?: number; budget: number },
): NeatResult {
  const neat = new Neat(options);
  const generations: Generation[] = [];
  let evaluations = 0;
  while (evaluations + neat.population.length <= budget) {
    evaluations += neat.population.length;
    generations.push(neat.tell(neat.population.map(value)));
    const { genome, value: best } = neat.best;
    if (best <= target) return { genome, value: best, reason: "target reached", evaluations, generations };
  }
  const { genome, value: best } = neat.best;
  return { genome, value: best, reason: "budget spent", evaluations, generations };
}
