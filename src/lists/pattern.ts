// Regular expressions that say no more than a name and what lies below it, as lists for OpenSnitch and Pi-hole have them.
// All others are kept out: some millions of patterns cannot be tried for each name.
import type { EntryKind } from './line.ts';

/** What stands before a name, longest first. */
const fronts: readonly (readonly [text: string, kind: EntryKind])[] = [
  ...[
    '(^|\\.)',
    '(\\.|^)',
    '(?:^|\\.)',
    '(?:\\.|^)',
    '^(.+\\.)?',
    '^(.*\\.)?',
    '^(?:.+\\.)?',
    '^(?:.*\\.)?',
    '(.*\\.)?',
  ].map((text) => [text, 'both'] as const),
  ...['^.+\\.', '^.*\\.', '.+\\.', '.*\\.', '\\.'].map((text) => [text, 'below'] as const),
  ['^', 'exact'],
];

/** The name, without checking it, and how it is meant; undefined for what is no such pattern. */
export function parsePattern(text: string): { readonly name: string; readonly kind: EntryKind } | undefined {
  if (!text.endsWith('$')) return undefined;
  const front = fronts.find(([begin]) => text.startsWith(begin));
  if (front === undefined) return undefined;
  const labels = text.slice(front[0].length, -1).split('\\.');
  if (labels.length < 2 || !labels.every((label) => /^[a-z0-9_-]+$/i.test(label))) return undefined;
  return { name: labels.join('.'), kind: front[1] };
}
