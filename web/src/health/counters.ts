// What each counter counts, out of the page that explains them; and which of them speak of losses.
import type { Counters } from '#model/status.ts';

export interface CounterGroup {
  readonly title: string;
  readonly counters: readonly { readonly name: keyof Counters; readonly text: string }[];
}

/** Words of the page without its marks: links as their words, code without its quotes. */
const plain = (text: string) =>
  text
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll('`', '')
    .trim();

/** The tables of the page, each with its heading; only counters that the gate has, each where it stands first. */
export function counterGroups(page: string, counters: Counters): CounterGroup[] {
  const groups: { title: string; counters: { name: keyof Counters; text: string }[] }[] = [];
  const found = new Set<string>();
  for (const line of page.split('\n')) {
    const heading = /^## (.+)$/.exec(line)?.[1];
    if (heading !== undefined) groups.push({ title: heading, counters: [] });
    const [, name = '', text = ''] = /^\| `(\w+)`\s*\|(.+)\|\s*$/.exec(line) ?? [];
    if (!(name in counters) || found.has(name)) continue;
    found.add(name);
    groups.at(-1)?.counters.push({ name: name as keyof Counters, text: plain(text) });
  }
  return groups.filter((group) => group.counters.length > 0);
}

const lossGroups = new Set(['Too much at once', 'Losses']);
/** What the kernel refuses by rules is no loss. */
const noLoss = new Set<keyof Counters>(['kernelRefused']);

export const isLoss = (group: string, name: keyof Counters): boolean => lossGroups.has(group) && !noLoss.has(name);
