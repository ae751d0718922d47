/**
 * From text to whole numbers and back: what a language model reads. The simplest tokenizer gives each character of a text a
 * number; `byte-pair.ts` finds longer pieces.
 */

export interface Tokenizer {
  /** How many different tokens there are: the vocabulary of a model that reads them. */
  readonly size: number;
  encode(text: string): Int32Array;
  decode(tokens: ArrayLike<number>): string;
}

/**
 * One token for each different character (code point) of `text`, numbered in the order of their code points, as nanoGPT's
 * shakespeare_char does.
 *
 * @example characterTokenizer("hello").encode("hole") // [1, 3, 2, 0], of e h l o
 */
export function characterTokenizer(text: string): Tokenizer {
  const characters = [...new Set(text)].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!);
  if (characters.length === 0) {
    throw new RangeError("Cannot build characterTokenizer as its text must have a character: found none");
  }
  const numbers = new Map(characters.map((character, k) => [character, k]));
  return {
    size: characters.length,
    encode: (given) =>
      Int32Array.from(given, (character) => {
        const number = numbers.get(character);
        if (number !== undefined) return number;
        throw new RangeError(
          `Cannot encode ${JSON.stringify(character)} as the tokenizer knows only the ${characters.length} characters of its text: build it from a text that has this one`,
        );
      }),
    decode: (tokens) => Array.from(tokens, (token) => pieceOf(token, characters)).join(""),
  };
}

/** What a token stands for. */
export function pieceOf<T>(token: number, pieces: readonly T[]): T {
  const piece = pieces[token];
  if (piece !== undefined) return piece;
  throw new RangeError(
    `Cannot decode token ${token} as tokens are whole numbers in [0, ${pieces.length}): decode with the tokenizer that encoded`,
  );
}
