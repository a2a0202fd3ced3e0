// Changes of a query by a click: a value is asked for, then left out, then neither.
import type { FieldName } from '#model/query/fields.ts';
import { formatQuery, parseQuery, type Query, type Term } from '#model/query/query.ts';

export type Standing = 'asked' | 'left-out' | undefined;

const read = (text: string): Query | undefined => {
  const query = parseQuery(text);
  return query.ok ? query.value : undefined;
};

const same = (value: string) => (one: { text: string; pattern: boolean }) =>
  !one.pattern && one.text.toLowerCase() === value.toLowerCase();

export function standingOf(query: Query, field: FieldName, value: string): Standing {
  const term = query.find((one) => one.field === field && one.values.some(same(value)));
  return term === undefined ? undefined : term.negated ? 'left-out' : 'asked';
}

function without(query: Query, field: FieldName, value: string): Term[] {
  return query
    .map((term) => (term.field === field ? { ...term, values: term.values.filter((one) => !same(value)(one)) } : term))
    .filter(({ values }) => values.length > 0);
}

function having(query: Query, field: FieldName, negated: boolean, value: string): Term[] {
  const added = { text: value, pattern: false };
  const at = query.findIndex((term) => term.field === field && term.negated === negated);
  if (at === -1) return [...query, { field, negated, values: [added] }];
  return query.map((term, index) => (index === at ? { ...term, values: [...term.values, added] } : term));
}

/** The text stays as it is where it cannot be read. */
export function turned(text: string, field: FieldName, value: string): string {
  const query = read(text);
  if (query === undefined) return text;
  const standing = standingOf(query, field, value);
  const rest = without(query, field, value);
  if (standing === 'left-out') return formatQuery(rest);
  return formatQuery(having(rest, field, standing === 'asked', value));
}

/** Whether Postern's own connections are among those asked for. */
export function showsOwn(text: string): boolean {
  const query = read(text) ?? [];
  return !query.some(({ field, negated, values }) => field === 'own' && values.some(same(negated ? 'yes' : 'no')));
}

/** `own:*` where nothing else is asked: no query at all stands for all but these. */
export function withOwn(text: string, shown: boolean): string {
  const rest = (read(text) ?? []).filter(({ field }) => field !== 'own');
  if (!shown) return formatQuery([...rest, { field: 'own', negated: false, values: [{ text: 'no', pattern: false }] }]);
  return rest.length === 0 ? 'own:*' : formatQuery(rest);
}
