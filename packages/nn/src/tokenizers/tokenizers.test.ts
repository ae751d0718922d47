/** Tokenizers against examples worked by hand, GPT-2's own numbers, and a trainer that counts everything anew. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { characterTokenizer, readBytePair, trainBytePair } from "../index.ts";

describe("characterTokenizer()", () => {
  test("numbers characters by their code points, and reads them back", () => {
    const tokenizer = characterTokenizer("hello");
    expect(tokenizer.size).toBe(4); // e h l o
    expect(Array.from(tokenizer.encode("hole"))).toEqual([1, 3, 2, 0]);
    expect(tokenizer.decode([1, 0, 2, 2, 3])).toBe("hello");
  });

  test("a character outside the first plane is one token", () => {
    const tokenizer = characterTokenizer("a🙂b");
    expect(Array.from(tokenizer.encode("🙂ab"))).toEqual([2, 0, 1]);
    expect(tokenizer.decode([2])).toBe("🙂");
  });

  test("refuses characters and tokens that it does not know", () => {
    const tokenizer = characterTokenizer("ab");
    expect(() => tokenizer.encode("abc")).toThrow(
      /Cannot encode "c" as the tokenizer knows only the 2 characters/,
    );
    expect(() => tokenizer.decode([0, 2])).toThrow(
      /Cannot decode token 2 as tokens are whole numbers in \[0, 2\)/,
    );
    expect(() => characterTokenizer("")).toThrow(/must have a character/);
  });
});

describe("trainBytePair()", () => {
  test("merges the most frequent pair first: aaabdaaabac", () => {
    // a b c d are bytes 97 … 100, tokens 64 … 67. aa occurs four times → 256: 256 a b d 256 a b a c.
    // ab and (256 a) occur twice, and ab has the smaller numbers → 257: 256 257 d 256 257 a c.
    // (256 257) occurs twice → 258: 258 d 258 a c. No pair occurs twice any more.
    const tokenizer = trainBytePair("aaabdaaabac", { size: 1000 });
    expect(tokenizer.size).toBe(259);
    expect(tokenizer.files.merges).toBe("#version: 0.2\na a\na b\naa ab\n");
    expect(Array.from(tokenizer.encode("aaabdaaabac"))).toEqual([258, 67, 258, 64, 66]);
    expect(tokenizer.decode([258, 67])).toBe("aaabd");
  });

  test("gives bytes the numbers that GPT-2 gives them", () => {
    const tokenizer = trainBytePair("", { size: 256 });
    expect(Array.from(tokenizer.encode("!A\n"))).toEqual([0, 32, 198]);
    expect(Array.from(tokenizer.encode(" "))).toEqual([220]);
  });

  test("agrees with counting every pair anew for each merge", () => {
    const text = fc
      .array(fc.constantFrom("a", "b", "c", " ", "é"), { maxLength: 60 })
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(text, (given) => {
        const tokenizer = trainBytePair(given, { size: 270 });
        expect(tokenizer.files.merges.trim().split("\n").slice(1)).toEqual(slowMerges(given, tokenizer.size));
        expect(tokenizer.decode(tokenizer.encode(given))).toBe(given);
      }),
      { seed: 4, numRuns: 200 },
    );
  });

  test("decodes what it encodes, whatever the text, also what it was not trained on", () => {
    const tokenizer = trainBytePair(
      "the cat sat on the mat, and that's that; die Katze lag auf der Matratze",
      {
        size: 290,
      },
    );
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
      }),
      { seed: 5 },
    );
  });

  test("keeps special texts whole, and splits them where they are not special", () => {
    const end = "<|endoftext|>";
    const tokenizer = trainBytePair("ab ab", { size: 300, special: [end] });
    expect(Array.from(tokenizer.encode(`ab${end}ab`))).toEqual([256, tokenizer.size - 1, 256]);
    expect(tokenizer.decode([256, tokenizer.size - 1])).toBe(`ab${end}`);
    const plain = readBytePair(tokenizer.files);
    expect(plain.encode(end).length).toBe(13);
    expect(() => trainBytePair("", { size: 256, special: [end] })).toThrow(
      /257 or more: current value is 256/,
    );
  });
});

describe("readBytePair()", () => {
  // GPT-2's alphabet and its first seven merges, whose tokens are 256 … 262 there too
  const merges = ["Ġ t", "Ġ a", "h e", "i n", "r e", "o n", "Ġt he"];
  const alphabet = JSON.parse(trainBytePair("", { size: 256 }).files.vocabulary) as Record<string, number>;
  const pieces = merges.map((merge, k) => [merge.replace(" ", ""), 256 + k] as const);
  const files = {
    vocabulary: JSON.stringify({ ...alphabet, ...Object.fromEntries(pieces) }),
    merges: `#version: 0.2\n${merges.join("\n")}\n`,
  };

  test("encodes as GPT-2: earliest merge first, words with the space before them", () => {
    const tokenizer = readBytePair(files);
    expect(Array.from(tokenizer.encode(" the the"))).toEqual([262, 262]);
    // t is 83; without a space before it there is no Ġt
    expect(Array.from(tokenizer.encode("the a in"))).toEqual([83, 258, 257, 220, 259]);
    expect(tokenizer.decode([83, 258, 257, 220, 259])).toBe("the a in");
  });

  test("cuts words as GPT-2's pattern does: clitics, numbers, signs, all spaces but the last", () => {
    // were "'s" no word of its own, "a's" would hold the pair (a ')
    const tokenizer = readBytePair({
      vocabulary: JSON.stringify({ ...alphabet, "a'": 256, "1a": 257, ĠĠ: 258 }),
      merges: "a '\n1 a\nĠ Ġ\n",
    });
    expect(Array.from(tokenizer.encode("a's 1a   b"))).toEqual([64, 6, 82, 220, 16, 64, 258, 220, 65]);
  });

  test("refuses files that do not fit together, naming what is missing", () => {
    expect(() => readBytePair({ ...files, merges: "x y z" })).toThrow(/line 1 is "x y z"/);
    expect(() => readBytePair({ ...files, merges: "q q" })).toThrow(
      /vocabulary must number "qq": found nothing/,
    );
    expect(() => readBytePair({ vocabulary: "{}", merges: "" })).toThrow(/must number "Ā": found nothing/);
    expect(() => readBytePair({ vocabulary: "{", merges: "" })).toThrow(SyntaxError);
  });
});

/** Merges of a text by the plainest means: words as lists of letters, every pair counted anew, until there are `size` tokens. */
function slowMerges(text: string, size: number): string[] {
  const base = trainBytePair("", { size: 256 });
  const numberOf = new Map(
    Object.entries(JSON.parse(base.files.vocabulary) as Record<string, number>).map(([letter, k]) => [
      letter,
      k,
    ]),
  );
  const letterOf = new Map([...numberOf].map(([letter, k]) => [k, letter]));
  const pattern = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;
  let words = (text.match(pattern) ?? []).map((word) =>
    Array.from(base.encode(word), (k) => letterOf.get(k)!),
  );
  const merges: string[] = [];
  while (numberOf.size < size || merges.length === 0) {
    const counts = new Map<string, number>();
    for (const word of words) {
      for (let i = 0; i + 1 < word.length; i++) {
        const pair = `${word[i]} ${word[i + 1]}`;
        counts.set(pair, (counts.get(pair) ?? 0) + 1);
      }
    }
    const order = ([pair, count]: [string, number]) => {
      const [a, b] = pair.split(" ").map((letters) => numberOf.get(letters)!);
      return [-count, a!, b!] as const;
    };
    const [best] = [...counts]
      .filter(([, count]) => count > 1)
      .sort((x, y) => {
        const [p, q] = [order(x), order(y)];
        return p[0] - q[0] || p[1] - q[1] || p[2] - q[2];
      });
    if (!best) break;
    const [a, b] = best[0].split(" ") as [string, string];
    merges.push(best[0]);
    if (!numberOf.has(a + b)) numberOf.set(a + b, numberOf.size);
    words = words.map((word) => {
      const out: string[] = [];
      for (let i = 0; i < word.length; i++) {
        const follows = word[i] === a && word[i + 1] === b;
        out.push(follows ? a + b : word[i]!);
        if (follows) i++;
      }
      return out;
    });
  }
  return merges;
}
