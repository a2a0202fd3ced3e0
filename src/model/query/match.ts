// Whether a connection is one that a query asks for: value by value, so that a journal may ask once for each value it has.
import { parseAddress, parsePrefix, prefixHolds } from '../net/address.ts';
import { type Asked, type FieldName, fieldNames, fieldValue, kindOf } from './fields.ts';
import type { Query, QueryValue, Term } from './query.ts';

export type ValueTest = (value: string) => boolean;

/** `*` any text, `?` one character; both texts in lower case. Takes time by the product of their lengths at most. */
function patternHolds(pattern: string, text: string): boolean {
  let [at, from, star, mark] = [0, 0, -1, 0];
  while (at < text.length) {
    if (pattern[from] === '*') {
      [star, mark] = [from, at];
      from += 1;
    } else if (from < pattern.length && (pattern[from] === '?' || pattern[from] === text[at])) {
      at += 1;
      from += 1;
    } else if (star >= 0) {
      from = star + 1;
      mark += 1;
      at = mark;
    } else return false;
  }
  while (pattern[from] === '*') from += 1;
  return from === pattern.length;
}

function testOf(field: FieldName, { text, pattern }: QueryValue): ValueTest {
  const wanted = text.toLowerCase();
  if (text === '') return (value) => value === '';
  if (pattern) return (value) => patternHolds(wanted, value.toLowerCase());
  const { kind } = kindOf(field);
  if (kind === 'number') {
    const [from = 0, to = from] = text.split('-').map(Number);
    return (value) => value !== '' && Number(value) >= from && Number(value) <= to;
  }
  if (kind === 'address') {
    const prefix = parsePrefix(text);
    if ('error' in prefix) return () => false;
    return (value) => {
      const address = parseAddress(value);
      return address !== undefined && prefixHolds(prefix, address);
    };
  }
  return (value) => value.toLowerCase() === wanted;
}

/** Whether one of the term's values is this one; negation is not looked at. */
export function valueTest(field: FieldName, values: readonly QueryValue[]): ValueTest {
  const tests = values.map((value) => testOf(field, value));
  return (value) => tests.some((test) => test(value));
}

/** Where free text is looked for, and how. */
export const freeFields = fieldNames.filter((name) => kindOf(name).free === true);

export function freeTest(values: readonly QueryValue[]): ValueTest {
  const tests = values.map(({ text, pattern }) => {
    const wanted = text.toLowerCase();
    const around = `*${wanted}*`;
    return pattern
      ? (value: string) => patternHolds(around, value.toLowerCase())
      : (value: string) => value.toLowerCase().includes(wanted);
  });
  return (value) => tests.some((test) => test(value));
}

function lineTest({ field, negated, values }: Term): (line: Asked) => boolean {
  if (field === undefined) {
    const test = freeTest(values);
    return (line) => freeFields.some((name) => test(fieldValue(name, line))) !== negated;
  }
  const test = valueTest(field, values);
  // A user has a number beside the name.
  const numberOf = ({ attempt: { process } }: Asked) => (field === 'user' ? process?.uid : undefined);
  return (line) => {
    const number = numberOf(line);
    return (test(fieldValue(field, line)) || (number !== undefined && test(String(number)))) !== negated;
  };
}

/** For connections one by one, as they come. */
export function queryTest(query: Query): (line: Asked) => boolean {
  const tests = query.map(lineTest);
  return (line) => tests.every((test) => test(line));
}
