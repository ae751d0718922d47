/**
 * Byte-pair encoding as GPT-2 does it: text is cut into words, each word into the bytes of its UTF-8 form, and neighbours are merged as
 * long as a merge is known, the earliest learnt first. Every text can be encoded, as every byte is a token.
 *
 *   " lower"  →  Ġ l o w e r  →  (l o) (lo w) (e r) (Ġ low)  →  Ġlow er            Ġ is how files write the byte of a space
 *
 * Sources  Sennrich et al., arXiv:1508.07909, Algorithm 1; Radford et al., 2019, §2.2; github.com/openai/gpt-2, src/encoder.py (the
 *          pattern, the alphabet, the files vocab.json and merges.txt).
 * Differs  A lone surrogate, which has no UTF-8 form, is encoded as U+FFFD; spaces are JavaScript's, which differ from Python's in a few
 *          control characters.
 */
import { pieceOf, type Tokenizer } from "./tokenizer.ts";

/** Words with the space before them, numbers, signs, the clitics of English, and spaces. */
const WORDS = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

/** Bytes in the order of their tokens: first those whose character can be seen in Latin-1, then the others. */
const BYTES = (() => {
  const range = (first: number, last: number) =>
    Array.from({ length: last - first + 1 }, (_, k) => first + k);
  const seen = [...range(0x21, 0x7e), ...range(0xa1, 0xac), ...range(0xae, 0xff)];
  return [...seen, ...range(0, 255).filter((byte) => !seen.includes(byte))];
})();
/** Seen bytes are written as themselves, the others as U+0100 and on: 32, the space, as Ġ. */
const LETTERS = BYTES.map((byte, k) => String.fromCodePoint(k < 188 ? byte : 256 + k - 188));
const TOKEN_OF_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => BYTES.indexOf(byte));
const BYTE_OF_LETTER = new Map(LETTERS.map((letter, k) => [letter, BYTES[k]!]));

/** The two files of a GPT-2 tokenizer. */
export interface BytePairFiles {
  /** vocab.json: each token's letters with its number. */
  readonly vocabulary: string;
  /** merges.txt: a pair of tokens per line, the first learnt first. */
  readonly merges: string;
}

export interface BytePairTokenizer extends Tokenizer {
  readonly files: BytePairFiles;
}

export interface BytePairOptions {
  /** Texts that are one token of their own wherever they stand, such as `<|endoftext|>`. They must be in the vocabulary. */
  readonly special?: readonly string[];
}

/** The key of a pair in maps: exact, as tokens stay below 2²⁶. */
const RADIX = 2 ** 26;
const keyOf = (a: number, b: number): number => a * RADIX + b;

/** Merges by their pair: when each was learnt, and which token it gives. */
type Merges = ReadonlyMap<number, { readonly rank: number; readonly merged: number }>;

/**
 * A tokenizer from GPT-2's files.
 *
 * @throws RangeError for a vocabulary that lacks a byte or a merge's token, SyntaxError for one that is not JSON
 */
export function readBytePair(
  { vocabulary, merges }: BytePairFiles,
  options: BytePairOptions = {},
): BytePairTokenizer {
  const numbers = new Map(Object.entries(JSON.parse(vocabulary) as Record<string, number>));
  const numberOf = (letters: string) => {
    const number = numbers.get(letters);
    if (number !== undefined && Number.isInteger(number) && number >= 0 && number < RADIX) return number;
    throw new RangeError(
      `Cannot read byte-pair tokenizer as the vocabulary must number ${JSON.stringify(letters)}: found ${number ?? "nothing"}`,
    );
  };
  const learnt = new Map<number, { rank: number; merged: number }>();
  const pairs = merges.split(/\r?\n/).filter((line) => line !== "" && !line.startsWith("#version"));
  pairs.forEach((line, rank) => {
    const [a, b, ...more] = line.split(" ");
    if (!a || !b || more.length > 0) {
      throw new RangeError(
        `Cannot read byte-pair tokenizer as each merge must be two tokens with a space between: line ${rank + 1} is ${JSON.stringify(line)}`,
      );
    }
    learnt.set(keyOf(numberOf(a), numberOf(b)), { rank, merged: numberOf(a + b) });
  });
  const special = new Map((options.special ?? []).map((text) => [text, numberOf(lettersOf(text))]));
  const pieces: Uint8Array[] = [];
  for (const letters of numbers.keys()) pieces[numberOf(letters)] = bytesOf(letters);
  const alphabet = Int32Array.from({ length: 256 }, (_, byte) => numberOf(LETTERS[TOKEN_OF_BYTE[byte]!]!));
  return tokenizer(pieces, alphabet, learnt, special, { vocabulary, merges });
}

const lettersOf = (text: string): string =>
  Array.from(new TextEncoder().encode(text), (byte) => LETTERS[TOKEN_OF_BYTE[byte]!]).join("");

/** The bytes that letters stand for; what is not written in the alphabet stands for itself. */
function bytesOf(letters: string): Uint8Array {
  const bytes = Array.from(letters, (letter) => BYTE_OF_LETTER.get(letter));
  return bytes.includes(undefined) ? new TextEncoder().encode(letters) : Uint8Array.from(bytes as number[]);
}

function tokenizer(
  pieces: readonly Uint8Array[],
  alphabet: Int32Array,
  merges: Merges,
  special: ReadonlyMap<string, number>,
  files: BytePairFiles,
): BytePairTokenizer {
  const words = new Map<string, readonly number[]>();
  const encodeWord = (word: string): readonly number[] => {
    const known = words.get(word);
    if (known) return known;
    const tokens = mergeAll(
      Array.from(new TextEncoder().encode(word), (byte) => alphabet[byte]!),
      merges,
    );
    words.set(word, tokens);
    return tokens;
  };
  const encodePlain = (text: string) => Array.from(text.matchAll(WORDS), ([word]) => encodeWord(word)).flat();
  const longestFirst = [...special.keys()].sort((a, b) => b.length - a.length);
  const escaped = longestFirst.map((text) => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  const specials = special.size > 0 ? new RegExp(`(${escaped.join("|")})`) : undefined;
  return {
    size: pieces.length,
    files,
    encode: (text) =>
      Int32Array.from(
        specials
          ? text.split(specials).flatMap((part) => special.get(part) ?? encodePlain(part))
          : encodePlain(text),
      ),
    decode(tokens) {
      const parts = Array.from(tokens, (token) => pieceOf(token, pieces));
      const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
      let at = 0;
      for (const part of parts) {
        bytes.set(part, at);
        at += part.length;
      }
      return new TextDecoder().decode(bytes);
    },
  };
}

/** All known merges, the earliest learnt first, each wherever it applies. */
function mergeAll(word: number[], merges: Merges): number[] {
  let tokens = word;
  for (;;) {
    let best: { readonly rank: number; readonly merged: number } | undefined;
    let pair: readonly [number, number] = [0, 0];
    for (let i = 0; i + 1 < tokens.length; i++) {
      const merge = merges.get(keyOf(tokens[i]!, tokens[i + 1]!));
      if (merge && !(best && best.rank <= merge.rank)) {
        best = merge;
        pair = [tokens[i]!, tokens[i + 1]!];
      }
    }
    if (!best) return tokens;
    tokens = mergePair(tokens, pair[0], pair[1], best.merged);
  }
}

/** Each a that b follows, from the left, as one token. */
function mergePair(tokens: readonly number[], a: number, b: number, merged: number): number[] {
  const out: number[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const follows = tokens[i] === a && tokens[i + 1] === b;
    out.push(follows ? merged : tokens[i]!);
    if (follows) i++;
  }
  return out;
}

export interface TrainBytePairOptions extends BytePairOptions {
  /** Tokens to end with: 256 bytes, then merges, then the special ones. Fewer where no pair occurs twice. */
  readonly size: number;
}

/**
 * Learn merges from a text: again and again the pair of neighbours that occurs most often, inside words, becomes a token. Of
 * equally frequent pairs the one of smaller numbers wins, so that the result depends on the text alone.
 */
export function trainBytePair(text: string, options: TrainBytePairOptions): BytePairTokenizer {
  const { size, special = [] } = options;
  if (!(Number.isInteger(size) && size >= 256 + special.length && size < RADIX)) {
    throw new RangeError(
      `Cannot train byte-pair tokenizer as size must be a whole number, ${256 + special.length} or more: current value is ${size}`,
    );
  }
  const letters = [...LETTERS];
  const numbers = new Map(letters.map((piece, k) => [piece, k]));
  const lines = ["#version: 0.2"];
  const corpus = new Corpus(text);
  while (letters.length < size - special.length) {
    const pair = corpus.mostFrequentPair();
    if (!pair) break;
    const [a, b] = pair;
    const piece = letters[a]! + letters[b]!;
    // "abc" may come from "ab" and "c" when it has come from "a" and "bc" before: it is one token all the same
    const merged = numbers.get(piece) ?? letters.push(piece) - 1;
    numbers.set(piece, merged);
    corpus.merge(a, b, merged);
    lines.push(`${letters[a]} ${letters[b]}`);
  }
  for (const piece of special.map(lettersOf))
    numbers.set(piece, numbers.get(piece) ?? letters.push(piece) - 1);
  const vocabulary = JSON.stringify(Object.fromEntries(numbers));
  return readBytePair({ vocabulary, merges: `${lines.join("\n")}\n` }, { special });
}

/** Words of a text as tokens, with how often each word and each pair of neighbours occurs. */
class Corpus {
  readonly #words: { tokens: number[]; readonly count: number }[];
  readonly #counts = new Map<number, number>();
  /** Words in which a pair has occurred; it may have gone since. */
  readonly #places = new Map<number, Set<number>>();

  constructor(text: string) {
    const counts = new Map<string, number>();
    for (const [word] of text.matchAll(WORDS)) counts.set(word, (counts.get(word) ?? 0) + 1);
    this.#words = Array.from(counts, ([word, count]) => ({
      tokens: Array.from(new TextEncoder().encode(word), (byte) => TOKEN_OF_BYTE[byte]!),
      count,
    }));
    this.#words.forEach((_, k) => {
      this.#count(k, 1);
    });
  }

  /** Add the word's pairs to the counts, or take them away. */
  #count(k: number, sign: 1 | -1): void {
    const { tokens, count } = this.#words[k]!;
    for (let i = 0; i + 1 < tokens.length; i++) {
      const key = keyOf(tokens[i]!, tokens[i + 1]!);
      const left = (this.#counts.get(key) ?? 0) + sign * count;
      if (left > 0) this.#counts.set(key, left);
      else this.#counts.delete(key);
      if (sign > 0) {
        const places = this.#places.get(key) ?? new Set();
        this.#places.set(key, places.add(k));
      }
    }
  }

  /** Undefined when every pair occurs once at most. */
  mostFrequentPair(): readonly [number, number] | undefined {
    let best = -1;
    let most = 1;
    for (const [key, count] of this.#counts) {
      if (count > most || (count === most && best >= 0 && key < best)) [best, most] = [key, count];
    }
    return best < 0 ? undefined : [Math.floor(best / RADIX), best % RADIX];
  }

  merge(a: number, b: number, merged: number): void {
    const places = this.#places.get(keyOf(a, b)) ?? [];
    this.#places.delete(keyOf(a, b));
    for (const k of places) {
      this.#count(k, -1);
      this.#words[k]!.tokens = mergePair(this.#words[k]!.tokens, a, b, merged);
      this.#count(k, 1);
    }
  }
}
