// What may stand where the cursor is in a query: fields, and the values of one.
import { type FieldName, fieldNames, isField, kindOf } from '#model/query/fields.ts';
import { formatValue } from '#model/query/query.ts';

export interface Completion {
  /** What is replaced, in UTF-16 units. */
  readonly from: number;
  readonly to: number;
  readonly options: readonly { readonly text: string; readonly about: string }[];
}

export interface Place {
  readonly from: number;
  readonly to: number;
  /** undefined: a field, or free text. */
  readonly field: FieldName | undefined;
  readonly begun: string;
}

const maxOptions = 10;

/** What is being written at the cursor: quotes that stand open hold spaces and commas. */
export function placeAt(text: string, cursor: number): Place {
  const before = text.slice(0, cursor);
  const [word = ''] = /(?:[^\s"]|"(?:[^"\\]|\\.)*(?:"|$))*$/.exec(before) ?? [];
  const [, lead = '', name = ''] = /^([-!]?)([A-Za-z]\w*):/.exec(word) ?? [];
  const field = name.toLowerCase();
  if (!isField(field)) {
    const from = cursor - word.length + (/^[-!]/.test(word) ? 1 : 0);
    return { from, to: cursor, field: undefined, begun: text.slice(from, cursor) };
  }
  const start = cursor - word.length + lead.length + name.length + 1;
  const rest = text.slice(start, cursor);
  const [value = ''] = /(?:[^,"]|"(?:[^"\\]|\\.)*(?:"|$))*$/.exec(rest) ?? [];
  const not = value.startsWith('!') && value.length === rest.length ? 1 : 0;
  return { from: cursor - value.length + not, to: cursor, field, begun: value.slice(not) };
}

const plain = (begun: string) => begun.replace(/^"|"$/g, '').toLowerCase();

/** `known`: values that were seen of the field, the most frequent first. */
export function complete(place: Place, known: readonly string[]): Completion {
  const { from, to, field, begun } = place;
  const wanted = plain(begun);
  if (field === undefined) {
    const options = fieldNames
      .filter((name) => name.startsWith(wanted))
      .map((name) => ({ text: `${name}:`, about: kindOf(name).about }));
    return { from, to, options };
  }
  const all = [...new Set([...known, ...(kindOf(field).values ?? [])])];
  const begins = all.filter((value) => value.toLowerCase().startsWith(wanted));
  const holds = all.filter((value) => !begins.includes(value) && value.toLowerCase().includes(wanted));
  const options = [...begins, ...holds]
    .filter((value) => value.toLowerCase() !== wanted || value === '')
    .slice(0, maxOptions)
    .map((value) => ({
      text: formatValue({ text: value, pattern: false }),
      about: value === '' ? 'not known, or none' : '',
    }));
  return { from, to, options };
}
