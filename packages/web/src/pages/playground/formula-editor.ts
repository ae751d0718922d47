/**
 * CodeMirror for the formula language: colours for names that mean something, completion, and a linter that is the compiler itself. The linter's words are the
 * compiler's, and so is the place.
 */
import { autocompletion, type CompletionContext, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching, HighlightStyle, StreamLanguage, syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic, forceLinting, linter } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { EditorView, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { AGGREGATES, CALLABLE, FormulaError } from "@thalweg/formula";
import { declareOwn, type OwnRule } from "../../race/racer.ts";

export interface FormulaEditorOptions {
  readonly name: string;
  readonly update: string;
  /** The hyperparameters and state beside the formula, or what is wrong with them. */
  readonly fields: () => Pick<OwnRule, "hyper" | "state"> | string;
  /** What is wrong; empty when it compiles. */
  readonly onproblem: (text: string) => void;
  /** A rule that compiles. */
  readonly onchange: (own: OwnRule) => void;
  readonly addHyper: (name: string) => void;
  readonly addState: (name: string) => void;
}

export interface FormulaEditorHandle {
  /** Compile again, as the fields changed. */
  check(): void;
  dispose(): void;
}

const FUNCTIONS: readonly string[] = [...CALLABLE, ...Object.keys(AGGREGATES)];
const FIXED = ["theta", "thetaOld", "g", "t", "noise"];

const language = StreamLanguage.define<null>({
  name: "formula",
  startState: () => null,
  token(stream) {
    if (stream.eatSpace()) return null;
    if (stream.match(/#.*/)) return "comment";
    if (stream.match(/\d+(\.\d*)?([eE][-+]?\d+)?|\.\d+/)) return "number";
    if (stream.match(/[A-Za-z_]\w*/)) {
      const word = stream.current();
      if (FIXED.includes(word)) return "keyword";
      return FUNCTIONS.includes(word) ? "function" : "variableName";
    }
    stream.next();
    return "operator";
  },
  tokenTable: { function: tags.function(tags.variableName) },
});

const colours = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--accent)", fontWeight: "600" },
  { tag: tags.function(tags.variableName), color: "var(--rule-3)" },
  { tag: tags.number, color: "var(--rule-2)" },
  { tag: tags.comment, color: "var(--muted)", fontStyle: "italic" },
]);

const look = EditorView.theme({
  "&": {
    border: "1px solid var(--edge)",
    borderRadius: "5px",
    background: "var(--raised)",
    color: "var(--ink)",
    fontSize: "0.84rem",
  },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "1px" },
  ".cm-content": {
    fontFamily: "ui-monospace, Menlo, Consolas, 'Liberation Mono', monospace",
    caretColor: "var(--ink)",
    padding: "0.4rem 0",
  },
  ".cm-gutters": { background: "transparent", color: "var(--muted)", border: "0" },
  ".cm-tooltip": {
    background: "var(--raised)",
    color: "var(--ink)",
    border: "1px solid var(--edge)",
    maxWidth: "26rem",
  },
  ".cm-diagnostic": { whiteSpace: "pre-wrap" },
  ".cm-selectionBackground, &.cm-focused .cm-selectionBackground": {
    background: "color-mix(in srgb, var(--accent) 25%, transparent) !important",
  },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
});

export function formulaEditor(host: HTMLElement, options: FormulaEditorOptions): FormulaEditorHandle {
  const { name, fields, onproblem, onchange, addHyper, addState } = options;

  const compile = (view: EditorView): Diagnostic[] => {
    const update = view.state.doc.toString();
    const beside = fields();
    if (typeof beside === "string") {
      onproblem(beside);
      return [];
    }
    try {
      const own = { ...beside, update };
      declareOwn(name, own);
      onproblem("");
      onchange(own);
      return [];
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      onproblem(message);
      if (!(error instanceof FormulaError) || error.line > view.state.doc.lines) return [];
      const line = view.state.doc.line(error.line);
      const from = Math.min(line.from + error.column - 1, line.to);
      const word = /^\w+/.exec(update.slice(from, line.to))?.[0];
      const to = Math.max(Math.min(from + (word?.length ?? 1), line.to), from);
      const unknown =
        word !== undefined &&
        /^[A-Za-z_]\w*$/.test(word) &&
        error.found.includes(word) &&
        !FUNCTIONS.includes(word);
      return [
        {
          from: from === to ? Math.max(line.from, from - 1) : from,
          to,
          severity: "error",
          message: `found ${error.found}; accepted here: ${error.accepted}`,
          ...(unknown
            ? {
                actions: [
                  { name: `make ${word} a hyperparameter`, apply: () => addHyper(word) },
                  { name: `make ${word} a state slot`, apply: () => addState(word) },
                ],
              }
            : {}),
        },
      ];
    }
  };

  const complete = (context: CompletionContext) => {
    const word = context.matchBefore(/[A-Za-z_]\w*/);
    if (word === null) return null;
    const beside = fields();
    const own = typeof beside === "string" ? [] : [...Object.keys(beside.hyper), ...beside.state];
    return {
      from: word.from,
      options: [
        ...[...FIXED, ...own].map((label) => ({ label, type: "variable" })),
        ...FUNCTIONS.map((label) => ({ label, type: "function" })),
      ],
    };
  };

  const view = new EditorView({
    parent: host,
    state: EditorState.create({
      doc: options.update,
      extensions: [
        lineNumbers(),
        history(),
        bracketMatching(),
        language,
        syntaxHighlighting(colours),
        autocompletion({ override: [complete] }),
        linter(compile, { delay: 150 }),
        keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap]),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ "aria-label": `Formula of ${name}`, spellcheck: "false" }),
        look,
      ],
    }),
  });
  forceLinting(view);
  return {
    check: () => {
      view.dispatch({}); // the linter looks again only when something happened
      forceLinting(view);
      void compile(view);
    },
    dispose: () => view.destroy(),
  };
}
