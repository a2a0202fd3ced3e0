// The questions that people ask of the journal, as the API hands them on.
import type { CountQuery, GroupQuery, LogQuery, Served } from '#api/services.ts';
import type { FieldName } from '#model/query/fields.ts';
import type { Facets, Groups, PreviewRequest, RulePreview } from '#model/query/history.ts';
import type { Query } from '#model/query/query.ts';
import type { RuleRecord } from '#model/rule.ts';
import { fail, ok, type Result } from '#std/result.ts';
import type { Scope } from '#store/columns/asking.ts';
import type { Span } from '#store/columns/selection.ts';
import { readConnections, readLog } from '#store/history.ts';
import type { Journal, JournalRow } from '#store/journal.ts';
import type { PolicyKeeper } from '../policykeeper.ts';
import type { HistoryThread } from './thread.ts';

const facetValues = 12;
const defaultDays = 7;

export interface HistoryParts {
  readonly journal: Journal;
  readonly thread: HistoryThread;
  readonly keeper: PolicyKeeper;
  readonly now: () => number;
}

const served = <T>(result: Result<T>): Served<T> =>
  result.ok ? result : fail({ code: 'unavailable', message: result.error });

/** Whether the journal itself can tell, without its columns: of Postern's own connections it can. */
function ownAlone(query: Query): boolean | undefined {
  const [term, another] = query;
  const [value, second] = term?.values ?? [];
  if (term?.field !== 'own' || another !== undefined || value === undefined || second !== undefined) return undefined;
  const text = value.text.toLowerCase();
  return value.pattern || (text !== 'yes' && text !== 'no') ? undefined : (text === 'yes') !== term.negated;
}

export class History {
  readonly #parts: HistoryParts;

  constructor(parts: HistoryParts) {
    this.#parts = parts;
  }

  #scope({ since, until }: Span, uid: number | undefined): Scope {
    const users = Object.fromEntries(Object.entries(this.#parts.keeper.accounts.users).map(([name, id]) => [id, name]));
    return { since, until, uid, users };
  }

  async log(asked: LogQuery, uid: number | undefined): Promise<Served<readonly JournalRow[]>> {
    const { journal, thread } = this.#parts;
    const { query, ...filter } = asked;
    const own = ownAlone(query);
    if (query.length === 0 || own !== undefined) return ok(readLog(journal, { ...filter, uid, own }));
    const { app, action, before, after, limit } = filter;
    const terms: Query = [
      ...query,
      ...(app === undefined
        ? []
        : [{ field: 'app' as const, negated: false, values: [{ text: `*${app}*`, pattern: true }] }]),
      ...(action === undefined
        ? []
        : [{ field: 'verdict' as const, negated: false, values: [{ text: action, pattern: false }] }]),
    ];
    journal.flush();
    const found = await thread.ask('list', {
      query: terms,
      scope: this.#scope(filter, uid),
      page: { before, after, limit },
    });
    if (!found.ok) return served(found);
    const rows = readConnections(journal, found.value, uid);
    return ok(after === undefined ? rows.reverse() : rows);
  }

  async facets(
    { query, ...span }: CountQuery,
    fields: readonly FieldName[] | undefined,
    uid: number | undefined,
  ): Promise<Served<Facets>> {
    this.#parts.journal.flush();
    const ask = { query, scope: this.#scope(span, uid), top: facetValues, ...(fields && { fields }) };
    return served(await this.#parts.thread.ask('facets', ask));
  }

  async groups(
    { query, ...span }: CountQuery,
    { by, limit, earlier }: GroupQuery,
    uid: number | undefined,
  ): Promise<Served<Groups>> {
    this.#parts.journal.flush();
    const ask = { query, scope: this.#scope(span, uid), by, top: limit, earlier };
    return served(await this.#parts.thread.ask('groups', ask));
  }

  async preview(
    { rule, instead, days = defaultDays }: PreviewRequest,
    uid: number | undefined,
    signal: AbortSignal,
  ): Promise<Served<RulePreview>> {
    const { journal, keeper, thread, now } = this.#parts;
    const others = keeper.records.filter((record) => record.rule.name !== instead);
    const taken = new Set(others.map((record) => record.rule.name));
    const tried = [rule].flat().map((one, at): RuleRecord => {
      const { enabled: _, until: __, ...text } = one;
      // A name is only a name: whoever writes the rule may not have come to it yet.
      return { rule: taken.has(text.name) ? { ...text, name: `tried ${at} ${now()}` } : text, origin: 'local' };
    });
    journal.flush();
    const asked = await thread.ask('preview', { trial: keeper.trial(others, tried), days, now: now(), uid }, signal);
    // What it says of a rule is what adding it would say.
    return asked.ok ? asked : fail({ code: 'bad-request', message: asked.error });
  }
}
