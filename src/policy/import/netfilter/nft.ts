// nft list ruleset: the base chains of the filter hooks, as rules in their order.
import type { Direction } from '#model/flow.ts';
import { fail, ok, type Result } from '#std/result.ts';
import { rangePrefixes } from '../addressrange.ts';
import { Collection, type ImportedRules, type TextFile } from '../collection.ts';
import { type ChainRule, Chains, type Verdict } from './chains.ts';
import { both, type Match, otherPorts, outside } from './match.ts';
import { readNftJson } from './nftjson.ts';
import type { NftChain, NftRule, NftTable, Piece } from './nftpieces.ts';
import { readNftText } from './nfttext.ts';
import { ids, interfaceName, portList, prefix, protocol, states } from './options.ts';

const hooks: Readonly<Record<string, Direction>> = { input: 'in', output: 'out', forward: 'forward' };
const families: Readonly<Record<string, 4 | 6 | undefined>> = { ip: 4, ip6: 6, inet: undefined };

export function importNft({ files }: { readonly files: readonly TextFile[] }): ImportedRules {
  const collection = new Collection('nft');
  for (const { name, text } of files) {
    const tables = readNftJson(text, name) ?? readNftText(text, name, (from, why) => collection.leave(from, why));
    takeTables(tables, collection);
  }
  return collection.finish();
}

interface Base {
  readonly table: NftTable;
  readonly chain: NftChain;
  readonly direction: Direction;
}

function takeTables(tables: readonly NftTable[], collection: Collection): void {
  const bases: Base[] = [];
  for (const table of tables) {
    for (const chain of table.chains.values()) {
      if (chain.hook === undefined) continue;
      const direction = Object.hasOwn(hooks, chain.hook) ? hooks[chain.hook] : undefined;
      if (direction !== undefined && chain.type === 'filter' && Object.hasOwn(families, table.family)) {
        bases.push({ table, chain, direction });
        continue;
      }
      const why = `chain ${chain.name} of table ${table.family} ${table.name} (${chain.type}, hook ${chain.hook}) is not about who may talk`;
      for (const { from } of chain.rules) collection.leave(from, why);
    }
  }
  bases.sort((a, b) => a.chain.priority - b.chain.priority);
  const flattened = new Map(tables.map((table) => [table, new Chains(chainsOf(table), collection)]));
  for (const { table, chain, direction } of bases) {
    const before = bases.find((base) => base.direction === direction);
    // What one chain accepts goes on to the next, so that both must accept it.
    if (before !== undefined && before.chain !== chain && accepts(bases, direction, chain)) {
      const why = `chain ${chain.name} stands behind ${before.chain.name}, which accepts some of it first; no order of rules says that both must accept`;
      for (const { from } of chain.rules) collection.leave(from, why);
      continue;
    }
    const policy = chain.policy === 'drop' ? 'drop' : 'allow';
    flattened
      .get(table)
      ?.take({ chain: chain.name, direction, policy, from: chain.from, family: families[table.family] });
  }
  for (const chains of flattened.values()) chains.settle(false);
  if (bases.length > 0) {
    collection.trap(
      null,
      'nft judges each packet, also those that answer what came in; Postern judges a flow when it begins, by who began it',
    );
  }
}

function accepts(bases: readonly Base[], direction: Direction, until: NftChain): boolean {
  for (const base of bases) {
    if (base.chain === until) return false;
    if (base.direction !== direction) continue;
    // What a chain accepts may stand in another to which it jumps.
    const verdicts = [...base.table.chains.values()].flatMap(({ rules }) => rules.map(({ verdict }) => verdict));
    if (verdicts.includes('accept')) return true;
  }
  return false;
}

function chainsOf(table: NftTable): Map<string, ChainRule[]> {
  return new Map(
    [...table.chains.values()].map((chain) => [chain.name, chain.rules.map((rule) => chainRule(rule, chain, table))]),
  );
}

function chainRule(rule: NftRule, chain: NftChain, table: NftTable): ChainRule {
  const { from, comment } = rule;
  const word = rule.verdict?.replace('accept', 'allow') ?? 'rule';
  const place = from.slice(Math.max(from.lastIndexOf(':'), from.lastIndexOf(' ')) + 1);
  return {
    from,
    name: comment ?? `${chain.name} ${word} ${place}`,
    matches: rule.wrong === undefined ? matchesOf(rule.pieces, table) : fail(rule.wrong),
    verdict: verdictOf(rule.verdict),
  };
}

function verdictOf(verdict: string | undefined): Result<Verdict> {
  if (verdict === undefined) return fail('it decides nothing');
  if (verdict === 'accept') return ok({ type: 'allow' });
  if (verdict.startsWith('jump ')) return ok({ type: 'jump', chain: verdict.slice(5) });
  return verdict === 'drop' || verdict === 'reject' || verdict === 'return'
    ? ok({ type: verdict })
    : fail(`"${verdict}" has no counterpart in rules`);
}

function matchesOf(pieces: readonly Piece[], table: NftTable): Result<readonly Match[]> {
  let match: Match = {};
  for (const piece of pieces) {
    const [only] = piece.values;
    let resolved = piece;
    if (only?.startsWith('@')) {
      const elements = table.sets.get(only.slice(1));
      if (elements === undefined) return fail(`the set ${only} is not there, or changes by itself`);
      resolved = { ...piece, values: elements };
    }
    if (piece.left === 'ct state') {
      let later = false;
      const note = {
        later: () => {
          later = true;
          return undefined;
        },
      };
      const why = states(note, resolved.values.join(','));
      if (piece.not || why !== undefined) return fail(why ?? 'a state with != has no counterpart');
      if (later) return ok([]);
      continue;
    }
    const narrowed = matchOf(resolved);
    if (!narrowed.ok) return narrowed;
    const merged = both(match, narrowed.value);
    if (!merged.ok) return merged;
    match = merged.value;
  }
  return ok([match]);
}

/** All values of a piece, each read; or the first sentence of what is wrong. */
function each<T>(values: readonly string[], read: (value: string) => Result<readonly T[]>): Result<T[]> {
  const found: T[] = [];
  for (const value of values) {
    const one = read(value);
    if (!one.ok) return one;
    found.push(...one.value);
  }
  return ok(found);
}

function put<T>(key: keyof Match, values: Result<T[]>, more: Match = {}): Result<Match> {
  return values.ok ? ok({ ...more, [key]: values.value }) : values;
}

const icmpNames: Readonly<Record<string, readonly [four: number | undefined, six: number | undefined]>> = {
  'echo-reply': [0, 129],
  'destination-unreachable': [3, 1],
  'packet-too-big': [undefined, 2],
  redirect: [5, undefined],
  'echo-request': [8, 128],
  'router-advertisement': [9, undefined],
  'router-solicitation': [10, undefined],
  'time-exceeded': [11, 3],
  'parameter-problem': [12, 4],
  'mld-listener-query': [undefined, 130],
  'mld-listener-report': [undefined, 131],
  'mld-listener-done': [undefined, 132],
  'nd-router-solicit': [undefined, 133],
  'nd-router-advert': [undefined, 134],
  'nd-neighbor-solicit': [undefined, 135],
  'nd-neighbor-advert': [undefined, 136],
  'nd-redirect': [undefined, 137],
  'mld2-listener-report': [undefined, 143],
};

function icmpType(text: string, index: 0 | 1): Result<number[]> {
  const known = Object.hasOwn(icmpNames, text) ? icmpNames[text]?.[index] : undefined;
  if (known !== undefined) return ok([known]);
  return /^\d{1,3}$/.test(text) && Number(text) <= 255
    ? ok([Number(text)])
    : fail(`"${text}" is no ICMP type that is known here`);
}

function matchOf({ left, not, values }: Piece): Result<Match> {
  const [first = '', second = ''] = left.split(' ');
  if ((first === 'ip' || first === 'ip6') && (second === 'saddr' || second === 'daddr')) {
    const prefixes = each(values, (value) => (value.includes('-') ? rangePrefixes(value) : prefix(value)));
    const family = first === 'ip' ? 4 : 6;
    if (!prefixes.ok) return prefixes;
    if (not && prefixes.value.length !== 1)
      return fail(`${left} != of several asks for all others, which no rule can list`);
    return put(second === 'saddr' ? 'from' : 'to', ok(not ? prefixes.value.flatMap(outside) : prefixes.value), {
      family,
    });
  }
  if (/^(tcp|udp|sctp|udplite|th)$/.test(first) && (second === 'dport' || second === 'sport')) {
    const ports = each(values, portList);
    const protocols = first === 'th' ? {} : { protocols: [first] };
    if (!ports.ok) return ports;
    return put(
      second === 'dport' ? 'ports' : 'sourcePorts',
      ok(not ? otherPorts(ports.value) : ports.value),
      protocols,
    );
  }
  if (not) return fail(`${left} != asks for all others, which no rule can list`);
  if (left === 'ip protocol' || left === 'ip6 nexthdr' || left === 'meta l4proto') {
    const family = first === 'ip' ? 4 : first === 'ip6' ? 6 : undefined;
    return put('protocols', each(values, protocol), family === undefined ? {} : { family });
  }
  if (left === 'meta nfproto') {
    const [only] = values.length === 1 ? values : [];
    if (only !== 'ipv4' && only !== 'ipv6') return fail(`nfproto ${values.join(', ')} has no counterpart in rules`);
    return ok({ family: only === 'ipv4' ? 4 : 6 });
  }
  if (left === 'meta skuid') return put('users', each(values, ids));
  if (left === 'meta skgid') return put('groups', each(values, ids));
  if (/^meta oif(name)?$/.test(left)) return put('interfacesOut', each(values, device));
  if (/^meta iif(name)?$/.test(left)) return put('interfacesIn', each(values, device));
  if (left === 'icmp type')
    return put(
      'icmpTypes',
      each(values, (value) => icmpType(value, 0)),
      { protocols: ['icmp'] },
    );
  if (left === 'icmpv6 type')
    return put(
      'icmpTypes',
      each(values, (value) => icmpType(value, 1)),
      { protocols: ['icmpv6'] },
    );
  if (left === 'socket cgroupv2')
    return put('cgroups', ok(values.map((value) => `/${value.replace(/^\/+|\/+$/g, '')}`)));
  return fail(`${left} has no counterpart in rules`);
}

/** nft writes a star where iptables writes a plus. */
const device = (value: string) => interfaceName(value.replace(/\*$/, '+'));
