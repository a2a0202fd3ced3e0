// What a person has chosen in the terminal view: pure values, changed by the keys.
import type { Subject } from '#client/question/meaning.ts';
import type { LogLine, ModePreview, RuleView } from '#model/api.ts';
import type { Answer } from '#model/prompt.ts';
import type { Lifetime } from '#model/rule.ts';

export type Pane =
  | { readonly type: 'help' }
  | { readonly type: 'mode'; readonly preview: ModePreview | undefined }
  /** Escaped. */
  | { readonly type: 'explain'; readonly title: string; readonly lines: readonly string[]; readonly from: number }
  | {
      readonly type: 'rule';
      readonly subject: Subject;
      readonly answer: Answer;
      /** What an exception must have to win. */
      readonly priority: RuleView['priority'] | undefined;
    };

export interface Ui {
  readonly selected: string | undefined;
  /** Nodes of the tree that are otherwise than they begin. */
  readonly turned: ReadonlySet<string>;
  readonly search: string;
  readonly typing: boolean;
  readonly pane: Pane | undefined;
  /** The connections as they were when the person began to move through them: they stand still. */
  readonly held: { readonly lines: readonly LogLine[]; readonly time: number; readonly until: number } | undefined;
  /** What was chosen for open questions. */
  readonly answers: ReadonlyMap<string, Answer>;
  /** For how long the last answer was. */
  readonly lifetime: Lifetime;
  readonly message: { readonly text: string; readonly bad: boolean; readonly until: number } | undefined;
}

export const firstUi: Ui = {
  ...{ selected: undefined, turned: new Set(), search: '', typing: false, pane: undefined, held: undefined },
  ...{ answers: new Map(), lifetime: 'once', message: undefined },
};

/** How long the list stands still after the last key. */
export const heldMs = 20_000;

/** The one that is `by` rows further, within the rows; from nowhere, the first or the last. */
export function moved(keys: readonly string[], selected: string | undefined, by: number): string | undefined {
  const at = selected === undefined ? -1 : keys.indexOf(selected);
  if (at < 0) return by > 0 ? keys[0] : keys.at(-1);
  return keys[Math.max(0, Math.min(keys.length - 1, at + by))];
}

/** Which rows are in sight, so that the selected one is, and nothing moves that need not. */
export function windowOf(count: number, at: number, height: number, before: number): number {
  const last = Math.max(0, count - height);
  if (at < 0) return 0;
  if (at < before) return Math.min(at, last);
  return Math.min(last, at >= before + height ? at - height + 1 : before);
}

/** The next of a cycle; the first where there is none yet. */
export const nextOf = <Value>(values: readonly Value[], isNow: (value: Value) => boolean): Value | undefined =>
  values[(values.findIndex(isNow) + 1) % values.length];
