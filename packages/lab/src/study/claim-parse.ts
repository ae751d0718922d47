/**
 * Reading a claim:   RULE ("<" | ">" | "better than" | "worse than") RULE ["on" (TASK | "all")] ["at" SCHEDULE]
 *
 * Names are those of the study and may hold spaces and signs of their own ("clipByGlobalNorm(maxNorm=1) > adamw"): where a name is due the
 * longest known one is taken, or what stands in quotes. A claim without `on` is about all tasks; one without `at` is answered at every schedule.
 */
import { nearest } from "@thalweg/formula";
import { type Claim, RELATIONS, type Relation } from "./claim.ts";

/** What claims about a study can name. */
export interface Vocabulary {
  rules: readonly string[];
  tasks: readonly string[];
  schedules: readonly string[];
}

/** A claim that cannot be meant; the message shows the place. */
export class ClaimError extends SyntaxError {
  override readonly name = "ClaimError";
  /** Of the first character that cannot be read, from 0. */
  readonly position: number;
  constructor(requirement: string, found: string, text: string, position: number, length: number) {
    const caret = `${" ".repeat(position)}${"^".repeat(Math.max(1, length))}`;
    super(`Cannot read the claim as ${requirement}: current value is ${found}\n  ${text}\n  ${caret}`);
    this.position = position;
  }
}

const ALL = "all";

const FORMS: Readonly<Record<Relation, RegExp>> = {
  "<": /^<(?!=)/,
  ">": /^>(?!=)/,
  "better than": /^better +than(?!\w)/,
  "worse than": /^worse +than(?!\w)/,
};

/** Raises ClaimError. */
export function parseClaim(written: string, { rules, tasks, schedules }: Vocabulary): Claim {
  const text = written.replace(/\s/g, " "); // so that the caret stands under its place
  const reader = new Reader(text);
  const left = reader.name("rule", rules);
  const relation = reader.relation();
  const right = reader.name("rule", rules);
  if (right.name === left.name) {
    throw new ClaimError(
      "a rule cannot be compared with itself",
      `${left.name} twice`,
      text,
      right.from,
      right.to - right.from,
    );
  }
  const on = reader.word("on") ? reader.name("task", [...tasks, ALL]).name : ALL;
  const at = reader.word("at") ? reader.name("schedule", schedules).name : null;
  reader.end();
  return { left: left.name, relation, right: right.name, on, at };
}

interface Found {
  name: string;
  from: number;
  to: number;
}

class Reader {
  private readonly text: string;
  private at = 0;
  constructor(text: string) {
    this.text = text;
  }

  /** A name of the study, in quotes or not. */
  name(kind: string, known: readonly string[]): Found {
    this.skip();
    const from = this.at;
    const rest = this.text.slice(from);
    const inQuotes = /^(["'`])(.*?)\1/.exec(rest)?.[2];
    if (inQuotes !== undefined) {
      if (!known.includes(inQuotes)) this.refuseName(kind, known, inQuotes, inQuotes.length + 2);
      this.at += inQuotes.length + 2;
      return { name: inQuotes, from, to: this.at };
    }
    const [name] = known
      .filter((one) => rest.startsWith(one) && /^(?:$|[\s<>])/.test(rest.slice(one.length)))
      .sort((a, b) => b.length - a.length);
    if (name === undefined) {
      const word = /^[^\s<>]*/.exec(rest)?.[0] ?? "";
      this.refuseName(kind, known, word, word.length);
    }
    this.at += name.length;
    return { name, from, to: this.at };
  }

  relation(): Relation {
    this.skip();
    const rest = this.text.slice(this.at);
    for (const relation of RELATIONS) {
      const [found] = FORMS[relation].exec(rest) ?? [];
      if (found === undefined) continue;
      this.at += found.length;
      return relation;
    }
    const word = /^\S*/.exec(rest)?.[0] ?? "";
    throw this.error(`${RELATIONS.join(", ")} must follow the first rule`, word || "nothing", word.length);
  }

  /** Whether this word comes next; then it is read. */
  word(word: string): boolean {
    this.skip();
    if (!new RegExp(`^${word}(?: |$|['"\`])`).test(this.text.slice(this.at))) return false;
    this.at += word.length;
    return true;
  }

  end(): void {
    this.skip();
    const rest = this.text.slice(this.at).trimEnd();
    if (rest === "") return;
    throw this.error(
      'only "on TASK" and "at SCHEDULE", in this order, may follow the rules',
      rest,
      rest.length,
    );
  }

  private skip(): void {
    while (this.text[this.at] === " ") this.at += 1;
  }

  private refuseName(kind: string, known: readonly string[], found: string, length: number): never {
    const close = nearest(found, known);
    const hint = close === undefined ? "" : `; did you mean ${close}?`;
    throw this.error(
      `a ${kind} of the study is due here (${known.join(", ")})`,
      `${found || "nothing"}${hint}`,
      length,
    );
  }

  private error(requirement: string, found: string, length: number): ClaimError {
    return new ClaimError(requirement, found, this.text, this.at, length);
  }
}
