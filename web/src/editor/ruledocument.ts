// A rule's YAML as the form sees it: values are read from the text and written into it, and its comments stay.
import { type Document, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { RuleTest } from '#model/rule.ts';
import type { RuleKey } from './fields.ts';

export type AppEntry = Readonly<Record<string, unknown>>;

export interface RuleValues {
  /** False where the text is no rule that a form could show. */
  readonly readable: boolean;
  readonly values: Readonly<Record<string, unknown>>;
}

const read = (text: string) => parseDocument(text, { logLevel: 'silent' });
const written = (document: Document) => document.toString({ lineWidth: 0 });

export function readValues(text: string): RuleValues {
  const document = read(text);
  if (document.errors.length > 0 || !isMap(document.contents)) return { readable: false, values: {} };
  try {
    return { readable: true, values: document.toJS({ maxAliasCount: 100 }) as Record<string, unknown> };
  } catch {
    return { readable: false, values: {} };
  }
}

/** The text with this value for the key; undefined takes the key away. */
export function withValue(text: string, key: RuleKey, value: unknown): string {
  const document = read(text);
  if (value === undefined) {
    document.delete(key);
    return written(document);
  }
  const before: unknown = document.get(key, true);
  if (isScalar(before) && typeof value !== 'object') {
    before.value = value;
    // Quotes are for what needs them, as it was while it was typed.
    delete before.type;
  } else {
    const made = document.createNode(value);
    if (isSeq(made) || isMap(made)) made.flow = true;
    // What was said beside the value is said beside the new one.
    if (isNode(before) && typeof before.comment === 'string') made.comment = before.comment;
    document.set(key, made);
  }
  return written(document);
}

export function withTest(text: string, test: RuleTest): string {
  const document = read(text);
  const made = document.createNode(test);
  if (isMap(made)) made.flow = true;
  const tests: unknown = document.get('tests');
  if (isSeq(tests)) tests.add(made);
  else document.set('tests', document.createNode([made]));
  return written(document);
}

export function withoutTest(text: string, index: number): string {
  const document = read(text);
  document.deleteIn(['tests', index]);
  const tests: unknown = document.get('tests');
  if (isSeq(tests) && tests.items.length === 0) document.delete('tests');
  return written(document);
}

/** The key whose lines hold this one, from 1; undefined where none does. */
export function keyAt(text: string, line: number): string | undefined {
  const lines = new LineCounter();
  const { contents } = parseDocument(text, { logLevel: 'silent', lineCounter: lines });
  if (!isMap(contents)) return undefined;
  let found: string | undefined;
  for (const { key } of contents.items) {
    if (!isScalar(key) || key.range == null) continue;
    if (lines.linePos(key.range[0]).line <= line) found = String(key.value);
  }
  return found;
}

const several = (value: unknown): readonly unknown[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

export const toLines = (value: unknown): string => several(value).map(String).join('\n');

/** Numbers are numbers, so that the file shows them as people write them. */
export function fromLines(text: string, numbers: boolean): unknown {
  const values = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => (numbers && /^\d{1,10}$/.test(line) ? Number(line) : line));
  return values.length > 1 ? values : values[0];
}

export function appEntries(value: unknown): readonly AppEntry[] {
  return several(value).map((one) => (typeof one === 'string' ? { path: one } : ((one ?? {}) as AppEntry)));
}

/** A path alone is text, as people write it; an entry that says nothing is none. */
export function appValue(entries: readonly AppEntry[]): unknown {
  const said = entries
    .map((entry) =>
      Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined && value !== '')),
    )
    .filter((entry) => Object.keys(entry).length > 0)
    .map((entry) => (Object.keys(entry).length === 1 && typeof entry.path === 'string' ? entry.path : entry));
  return said.length > 1 ? said : said[0];
}
