// What the thread of the history is asked, and what it says.

import type { Accounts, PlacesMessage } from '#model/messages.ts';
import type { Mode } from '#model/mode.ts';
import type { FieldName } from '#model/query/fields.ts';
import type { Facets, Groups, RulePreview } from '#model/query/history.ts';
import type { Query } from '#model/query/query.ts';
import type { RuleRecord } from '#model/rule.ts';
import type { Result } from '#std/result.ts';
import type { Scope } from '#store/columns/asking.ts';
import type { Span } from '#store/columns/selection.ts';

/** What the policy is made of, without and with the rules that are tried. */
export interface Trial {
  readonly tried: readonly RuleRecord[];
  readonly records: readonly RuleRecord[];
  readonly disabled: ReadonlySet<string>;
  readonly accounts: Accounts;
  readonly aliases: Readonly<Record<string, string>>;
  readonly places: PlacesMessage;
  readonly mode: Mode;
}

export interface Asks {
  list: {
    readonly ask: {
      readonly query: Query;
      readonly scope: Scope;
      readonly page: {
        readonly before?: number | undefined;
        readonly after?: number | undefined;
        readonly limit: number;
      };
    };
    /** Places in the journal. */
    readonly answer: readonly number[];
  };
  facets: {
    readonly ask: {
      readonly query: Query;
      readonly scope: Scope;
      readonly top: number;
      readonly fields?: readonly FieldName[];
    };
    readonly answer: Facets;
  };
  groups: {
    readonly ask: {
      readonly query: Query;
      readonly scope: Scope;
      readonly by: FieldName;
      readonly top: number;
      readonly earlier?: Span | undefined;
    };
    readonly answer: Groups;
  };
  preview: {
    readonly ask: {
      readonly trial: Trial;
      readonly days: number;
      readonly now: number;
      readonly uid?: number | undefined;
    };
    readonly answer: RulePreview;
  };
}
export type AskName = keyof Asks;

export type ToThread =
  | {
      readonly [Name in AskName]: { readonly type: Name; readonly id: number; readonly ask: Asks[Name]['ask'] };
    }[AskName]
  | { readonly type: 'gone'; readonly sequences: readonly number[] }
  | { readonly type: 'cancel'; readonly id: number };

export interface FromThread {
  readonly id: number;
  readonly result: Result<unknown>;
}
