// The rules that the kernel enforces by itself, as lines of the chains kernel_output, kernel_input and kernel_forward.

import type { Direction } from '#model/flow.ts';
import type { FailMode } from '#model/mode.ts';
import { formatPrefix, type Prefix, prefixHolds } from '#model/net/address.ts';
import type { KernelRule } from '#policy/index.ts';
import { copyBytes } from './observetable.ts';
import { copyGroup, type Hook, hooks } from './table.ts';

export const hookOf: Readonly<Record<Direction, Hook>> = { out: 'output', in: 'input', forward: 'forward' };

/** Copies a second of what one rule decides, for the journal; the rule itself holds for every packet. */
const copyRate = { perSecond: 2000, burst: 4000 } as const;

/** `k12:3` in a copy's prefix: rule 3 of revision 12. */
export function copyPrefix(revision: number, index: number): string {
  return `k${revision}:${index}`;
}

/** The index that a prefix of this revision names; undefined for another revision's, or another program's. */
export function parseCopyPrefix(prefix: string, revision: number): number | undefined {
  const match = /^k(\d{1,10}):(\d{1,6})$/.exec(prefix);
  return match !== null && Number(match[1]) === revision ? Number(match[2]) : undefined;
}

const list = (items: readonly (string | number)[]) => `{ ${items.join(', ')} }`;

/** nft refuses overlapping elements: a prefix inside another one says nothing of its own. */
function widest(prefixes: readonly Prefix[]): Prefix[] {
  return prefixes.filter(
    (prefix, index) =>
      !prefixes.some(
        (other, at) =>
          at !== index &&
          prefixHolds(other, prefix.address) &&
          (other.length < prefix.length || (other.length === prefix.length && at < index)),
      ),
  );
}

function mergedRanges(ranges: readonly (readonly [number, number])[]): [number, number][] {
  const merged: [number, number][] = [];
  for (const [low, high] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last !== undefined && low <= last[1] + 1) last[1] = Math.max(last[1], high);
    else merged.push([low, high]);
  }
  return merged;
}

function addresses(
  word: string,
  prefixes: readonly Prefix[] | undefined,
  family: 4 | 6,
  not: boolean,
): string | undefined {
  const own = (prefixes ?? []).filter((prefix) => prefix.address.family === family);
  if (own.length === 0) return undefined;
  return `${family === 4 ? 'ip' : 'ip6'} ${word} ${not ? '!= ' : ''}${list(widest(own).map(formatPrefix))}`;
}

/** The conditions for one family; undefined when the rule names addresses of the other family alone. */
function familyMatch(rule: KernelRule, family: 4 | 6): string | undefined {
  const far = rule.direction === 'in' ? 'saddr' : 'daddr';
  const near = rule.direction === 'in' ? 'daddr' : 'saddr';
  const parts = [`meta nfproto ipv${family}`];
  for (const [word, prefixes] of [
    [far, rule.remote],
    [near, rule.local],
  ] as const) {
    if (prefixes === undefined) continue;
    const match = addresses(word, prefixes, family, false);
    if (match === undefined) return undefined;
    parts.push(match);
  }
  const outside = addresses(far, rule.notRemote, family, true);
  if (outside !== undefined) parts.push(outside);
  return parts.join(' ');
}

function commonMatch(rule: KernelRule): string {
  const parts: string[] = [];
  if (rule.uids !== undefined) parts.push(`meta skuid ${list(rule.uids)}`);
  if (rule.gids !== undefined) parts.push(`meta skgid ${list(rule.gids)}`);
  if (rule.interfaces !== undefined) {
    const word = rule.direction === 'in' ? 'iifname' : 'oifname';
    parts.push(`${word} ${list(rule.interfaces.map((name) => `"${name}"`))}`);
  }
  if (rule.icmpTypes !== undefined) return parts.join(' ');
  if (rule.protocols !== undefined) parts.push(`meta l4proto ${list(rule.protocols)}`);
  else if (rule.ports !== undefined) parts.push('meta l4proto { tcp, udp, udplite, sctp }');
  if (rule.ports !== undefined) {
    parts.push(
      `th dport ${list(mergedRanges(rule.ports).map(([low, high]) => (low === high ? low : `${low}-${high}`)))}`,
    );
  }
  return parts.join(' ');
}

/** ICMP types are of one family each; undefined for the family whose ICMP the rule does not mean. */
function icmpMatch(rule: KernelRule, family: 4 | 6): string | undefined {
  if (rule.icmpTypes === undefined) return '';
  const { number, word } = family === 4 ? { number: 1, word: 'icmp' } : { number: 58, word: 'icmpv6' };
  if (rule.protocols !== undefined && !rule.protocols.includes(number)) return undefined;
  return `${word} type ${list(rule.icmpTypes)}`;
}

/** What is allowed goes on in the hook's chain of that name, where the kernel's programs are told of it. */
function verdictOf({ action, direction }: KernelRule): string {
  if (action === 'allow') return `counter goto passed_${hookOf[direction]}`;
  return action === 'reject' ? 'goto refuse' : 'counter name refused drop';
}

/** Whether every text in the rule may stand in nft's language; interface names are the only ones. IFNAMSIZ is 16. */
function isPlain(rule: KernelRule): boolean {
  return (rule.interfaces ?? []).every((name) => /^[A-Za-z0-9_.:@-]{1,15}$/.test(name));
}

/** What the rule asks for, once for each family that it may be about. */
function matches(rule: KernelRule): string[] {
  return ([4, 6] as const).flatMap((family) => {
    const own = familyMatch(rule, family);
    const icmp = icmpMatch(rule, family);
    if (own === undefined || icmp === undefined) return [];
    return [[own, commonMatch(rule), icmp].filter((part) => part !== '').join(' ')];
  });
}

function lines(rule: KernelRule, prefix: string): string[] {
  return matches(rule).flatMap((match) => {
    const limit = `limit rate ${copyRate.perSecond}/second burst ${copyRate.burst} packets`;
    return [
      `${match} ${limit} log prefix "${prefix}" group ${copyGroup} snaplen ${copyBytes}`,
      `${match} ${verdictOf(rule)}`,
    ];
  });
}

/** The same for a table that stands alone; undefined where a text of it may not stand in nft's language. */
export function standaloneLines(rule: KernelRule): string[] | undefined {
  if (!isPlain(rule)) return undefined;
  const verdict =
    rule.action === 'allow' ? 'accept' : rule.action === 'drop' ? 'drop' : 'reject with icmpx admin-prohibited';
  return matches(rule).map((match) => `${match} ${verdict}`);
}

/**
 * The chains' lines, in the policy's order. With fail mode `closed` the kernel allows nothing by itself: only refusals stand,
 * up to the first allow rule that would have come before them. A rule that cannot be written ends its chain likewise, so
 * that none after it decides in its place; the gate judges the rest.
 */
export function renderKernelRules(
  rules: readonly KernelRule[],
  revision: number,
  failMode: FailMode,
): Record<Hook, string[]> {
  const rendered: Record<Hook, string[]> = { output: [], input: [], forward: [] };
  for (const hook of hooks) {
    for (const [index, rule] of rules.entries()) {
      if (hookOf[rule.direction] !== hook) continue;
      if ((rule.action === 'allow' && failMode === 'closed') || !isPlain(rule)) break;
      rendered[hook].push(...lines(rule, copyPrefix(revision, index)));
    }
  }
  return rendered;
}
