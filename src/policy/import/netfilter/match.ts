// What a rule of netfilter asks of a packet, as far as rules can ask it too.

import type { Direction } from '#model/flow.ts';
import { type Address, formatPrefix, type Prefix, prefixHolds, prefixOf } from '#model/net/address.ts';
import { fail, ok, type Result } from '#std/result.ts';
import type { Body } from '../collection.ts';
import { commonRanges, oneOrMany, portTexts, type Range } from '../ranges.ts';

/** All that is given must hold; a list holds when one of its items does. */
export interface Match {
  readonly users?: readonly (string | number)[];
  readonly groups?: readonly (string | number)[];
  readonly cgroups?: readonly string[];
  readonly protocols?: readonly (string | number)[];
  readonly icmpTypes?: readonly number[];
  /** Of the destination, and of the source. */
  readonly ports?: readonly Range[];
  readonly sourcePorts?: readonly Range[];
  readonly to?: readonly Prefix[];
  readonly from?: readonly Prefix[];
  readonly interfacesIn?: readonly string[];
  readonly interfacesOut?: readonly string[];
  readonly family?: 4 | 6;
}

/** What fulfils both; a sentence where no rule could ask for it. */
export function both(a: Match, b: Match): Result<Match> {
  const merged: Record<string, unknown> = { ...a };
  for (const [key, value] of Object.entries(b)) {
    const before = merged[key];
    if (before === undefined) merged[key] = value;
    else if (key === 'ports' || key === 'sourcePorts') merged[key] = commonRanges(before as Range[], value as Range[]);
    else if (key === 'to' || key === 'from') merged[key] = commonPrefixes(before as Prefix[], value as Prefix[]);
    else if (key === 'family') {
      if (before !== value) return fail('it asks for IPv4 and IPv6 at once, which nothing is');
    } else {
      const kept = (before as unknown[]).filter((item) => (value as unknown[]).includes(item));
      const exact = [...(before as unknown[]), ...(value as unknown[])].every(
        (item) => typeof item === 'number' || /^[\w.-]+$/.test(String(item)),
      );
      const [first, second] = [JSON.stringify(before), JSON.stringify(value)];
      // Globs and paths may overlap without being the same, and so may a user and an id.
      const plain =
        key === 'protocols' || key === 'icmpTypes' || (exact && sameKind(before as unknown[], value as unknown[]));
      if (first !== second && !plain) return fail(`it asks for two things of ${key} at once`);
      merged[key] = first === second ? before : kept;
    }
  }
  return ok(merged as Match);
}

const sameKind = (a: readonly unknown[], b: readonly unknown[]) =>
  new Set([...a, ...b].map((item) => typeof item)).size === 1;

function commonPrefixes(a: readonly Prefix[], b: readonly Prefix[]): Prefix[] {
  const within = (inner: Prefix, outer: Prefix) => inner.length >= outer.length && prefixHolds(outer, inner.address);
  return a.flatMap((p) => b.flatMap((q) => (within(p, q) ? [p] : within(q, p) ? [q] : [])));
}

/** The prefixes that hold all addresses but those of this one. */
export function outside({ address, length }: Prefix): Prefix[] {
  return Array.from({ length }, (_, at) => prefixOf(flipped(address, at), at + 1));
}

/** The address with this bit the other way round, counted from the left. */
function flipped(address: Address, bit: number): Address {
  const at = address.family === 4 ? bit + 96 : bit;
  const flip = (1 << (31 - (at % 32))) >>> 0;
  const word = (['w0', 'w1', 'w2', 'w3'] as const)[at >> 5] ?? 'w3';
  return { ...address, [word]: (address[word] ^ flip) >>> 0 };
}

/** All ports but these. */
export function otherPorts(set: readonly Range[]): Range[] {
  let rest: Range[] = [[0, 65_535]];
  for (const [low, high] of set) {
    rest = commonRanges(
      rest,
      [
        [0, low - 1],
        [high + 1, 65_535],
      ].filter((range): range is [number, number] => (range[0] ?? 0) <= (range[1] ?? 0)),
    );
  }
  return rest;
}

const families = { 4: '0.0.0.0/0', 6: '::/0' } as const;
const maxValues = 4096;

/** The conditions of a rule of this direction that asks for the same; undefined where nothing can fulfil them. */
export function bodyOf(match: Match, direction: Direction): Result<Body | undefined> {
  const lists = Object.values(match).filter(Array.isArray);
  if (lists.some((list) => list.length === 0)) return ok(undefined);
  if (direction !== 'out' && (match.users ?? match.groups ?? match.cgroups) !== undefined) {
    return fail('whose packets these are is known of what goes out alone');
  }
  const near = direction === 'in' ? match.interfacesIn : match.interfacesOut;
  const other = direction === 'in' ? match.interfacesOut : match.interfacesIn;
  if (other !== undefined)
    return fail('rules ask for the interface by which it leaves, or by which what is for this machine comes');
  const of = (prefixes: readonly Prefix[] | undefined) =>
    prefixes?.filter(({ address }) => match.family === undefined || address.family === match.family);
  const [to, from] = [of(match.to), of(match.from)];
  if (to?.length === 0 || from?.length === 0) return ok(undefined);
  const body: Record<string, unknown> = {};
  if (direction !== 'out') body.direction = direction;
  const put = (key: string, values: readonly unknown[] | undefined) => {
    if (values !== undefined) body[key] = oneOrMany(values);
  };
  put('user', match.users);
  put('group', match.groups);
  put('cgroup', match.cgroups);
  put('to', to?.map(formatPrefix));
  const sources = sourcesOf(from, match.sourcePorts && commonRanges(match.sourcePorts, [[1, 65_535]]));
  put('from', sources);
  const ports = match.ports && commonRanges(match.ports, [[1, 65_535]]);
  if (ports?.length === 0 || sources?.length === 0) return ok(undefined);
  put('port', ports && portTexts(ports));
  put('protocol', match.protocols);
  put('icmp-type', match.icmpTypes);
  put('interface', near);
  const ofOneFamily = match.protocols?.every((name) => name === 'icmp' || name === 'icmpv6') === true;
  if (match.family !== undefined && to === undefined && from === undefined && !ofOneFamily) {
    if (body.from === undefined && direction === 'in') body.from = families[match.family];
    else body.to = families[match.family];
  }
  for (const [key, value] of Object.entries(body)) {
    if (Array.isArray(value) && value.length > maxValues) {
      return fail(`${key} would have ${value.length} values, and a rule has ${maxValues} at most`);
    }
  }
  return ok(body as Body);
}

function sourcesOf(prefixes: readonly Prefix[] | undefined, ports: readonly Range[] | undefined): string[] | undefined {
  if (ports === undefined) return prefixes?.map(formatPrefix);
  const places = prefixes?.map((prefix) => {
    const text = formatPrefix(prefix);
    return prefix.address.family === 6 ? `[${text}]` : text;
  });
  return (places ?? ['any']).flatMap((place) => portTexts(ports).map((port) => `${place}:${port}`));
}
