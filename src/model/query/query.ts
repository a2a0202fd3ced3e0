// The language in which the journal is asked, by commands and pages alike: `app:firefox verdict:reject country:!DE "free text"`.
import { fail, ok, type Result } from '#std/result.ts';
import { escapeText } from '#std/text.ts';
import { parsePrefix } from '../net/address.ts';
import { type FieldName, fieldNames, isField, kindOf } from './fields.ts';

export const maxQueryLength = 2000;
const maxTerms = 64;
const maxValues = 64;
const maxValueLength = 300;

export interface QueryValue {
  /** As it is meant: without quotes. Empty: not known, or none. */
  readonly text: string;
  /** Whether its `*` and `?` stand for anything; those in quotes never do. */
  readonly pattern: boolean;
}

/** Holds where one of the values does; negated, where none does. */
export interface Term {
  /** undefined: free text, looked for in whatever can be read. */
  readonly field: FieldName | undefined;
  readonly negated: boolean;
  readonly values: readonly QueryValue[];
}

/** All terms hold. */
export type Query = readonly Term[];

/** `at` and `length` are where it stands, in UTF-16 units from 0. */
export interface QueryError {
  readonly message: string;
  readonly at: number;
  readonly length: number;
}

const wrong = (message: string, at: number, length: number) => fail({ message, at, length: Math.max(1, length) });

interface Scanned {
  readonly value: QueryValue;
  readonly end: number;
}

const isSpace = (character: string | undefined) => character !== undefined && /\s/.test(character);

/** One value from `start`: up to a space or, of a field, a comma; quotes hold both together. */
function scanValue(text: string, start: number, commas: boolean): Result<Scanned, QueryError> {
  const ends = (at: number) => at >= text.length || isSpace(text[at]) || (commas && text[at] === ',');
  let value = '';
  let at = start;
  const quoted = text[at] === '"';
  if (quoted) {
    for (at += 1; at < text.length && text[at] !== '"'; at += 1) {
      if (text[at] === '\\' && at + 1 < text.length) at += 1;
      value += text[at];
    }
    if (at >= text.length) return wrong('This quote has no other one that closes it.', start, text.length - start);
    at += 1;
    if (!ends(at)) return wrong('Quotes hold a whole value; behind this one it goes on.', start, at - start);
  } else {
    while (!ends(at) && text[at] !== '"') at += 1;
    value = text.slice(start, at);
    if (text[at] === '"') return wrong('Quotes hold a whole value; this one begins within it.', at, 1);
  }
  if (value.length > maxValueLength)
    return wrong(`A value has at most ${maxValueLength} characters.`, start, at - start);
  return ok({ value: { text: value, pattern: !quoted && /[*?]/.test(value) }, end: at });
}

/** What is wrong with a value of a field, as a sentence. */
function complaintOf(field: FieldName, { text, pattern }: QueryValue): string | undefined {
  const { kind, values = [] } = kindOf(field);
  if (text === '' || pattern) return undefined;
  const said = escapeText(text);
  if (kind === 'one-of' && !values.includes(text.toLowerCase())) {
    return `“${said}” is no ${field}: it is one of ${values.join(', ')}.`;
  }
  if (kind === 'number' && !/^\d{1,10}(-\d{1,10})?$/.test(text)) {
    return `“${said}” is no ${field}: write a number, or a range such as 8000-8999.`;
  }
  if (kind === 'address' && 'error' in parsePrefix(text)) {
    return `“${said}” is no address: write 192.0.2.1, 10.0.0.0/8, or a pattern such as 192.0.2.*.`;
  }
  return undefined;
}

/** Never throws, whatever the text is. */
export function parseQuery(text: string): Result<Query, QueryError> {
  if (text.length > maxQueryLength) {
    return wrong(`A query has at most ${maxQueryLength} characters.`, maxQueryLength, text.length - maxQueryLength);
  }
  const terms: Term[] = [];
  let at = 0;
  for (;;) {
    while (isSpace(text[at])) at += 1;
    if (at >= text.length) return ok(terms);
    if (terms.length === maxTerms) return wrong(`A query has at most ${maxTerms} terms.`, at, text.length - at);
    const term = parseTerm(text, at);
    if (!term.ok) return term;
    terms.push(term.value.term);
    at = term.value.end;
  }
}

function parseTerm(text: string, start: number): Result<{ term: Term; end: number }, QueryError> {
  let at = start;
  let negated = false;
  if ((text[at] === '-' || text[at] === '!') && at + 1 < text.length && !isSpace(text[at + 1])) {
    negated = true;
    at += 1;
  }
  // A word with a colon behind it is a field; an address of the sixth version has no such word in front, or is quoted.
  const name = /^[A-Za-z][\w-]*(?=:)/.exec(text.slice(at, at + 40))?.[0];
  if (name === undefined) {
    const scanned = scanValue(text, at, false);
    if (!scanned.ok) return scanned;
    const { value, end } = scanned.value;
    return ok({ term: { field: undefined, negated, values: [value] }, end });
  }
  const field = name.toLowerCase();
  if (!isField(field)) {
    return wrong(
      `There is no field “${escapeText(name)}”; there are ${fieldNames.join(', ')}. Text with a colon stands in quotes.`,
      at,
      name.length,
    );
  }
  at += name.length + 1;
  if (text[at] === '!') {
    negated = !negated;
    at += 1;
  }
  const values: QueryValue[] = [];
  for (;;) {
    const scanned = scanValue(text, at, true);
    if (!scanned.ok) return scanned;
    const { value, end } = scanned.value;
    if (end === at) {
      return wrong(`“${field}:” has no value here; ${field}:"" means that none is known.`, start, end - start);
    }
    const complaint = complaintOf(field, value);
    if (complaint !== undefined) return wrong(complaint, at, end - at);
    if (values.length === maxValues) return wrong(`A term has at most ${maxValues} values.`, at, end - at);
    values.push(value);
    if (text[end] !== ',') return ok({ term: { field, negated, values }, end });
    at = end + 1;
  }
}

/** A value as it is written in a query, with quotes where it needs them. */
export function formatValue({ text, pattern }: QueryValue, isFree = false): string {
  // What is a pattern has no quotes, and therefore nothing that needs them.
  if (pattern) return text;
  const plain = isFree ? /^[^\s"*?!:-][^\s"*?:]*$/ : /^[^\s"*?,!][^\s"*?,]*$/;
  return plain.test(text) ? text : `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** The query in its plainest writing: what is read of it is the same. */
export function formatQuery(query: Query): string {
  return query
    .map(({ field, negated, values }) => {
      const written = values.map((value) => formatValue(value, field === undefined)).join(',');
      if (field === undefined) return `${negated ? '-' : ''}${written}`;
      // A pattern that begins with what negates is negated twice.
      const twice = !negated && values[0]?.pattern === true && written.startsWith('!');
      return `${twice ? '-' : ''}${field}:${negated || twice ? '!' : ''}${written}`;
    })
    .join(' ');
}
