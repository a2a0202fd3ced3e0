// Values as OpenSnitch compares them, as text, to the values that rules have: ports, addresses, names, protocols.
import { RE2JS } from 're2js';
import { formatAddress, type Prefix, parseAddress, prefixOf } from '#model/net/address.ts';
import { fail, ok, type Result } from '#std/result.ts';
import { parseName } from '../../match/name.ts';
import { type Range, ranges } from '../ranges.ts';
import { type Sequence, sequencesOf, textsOf } from '../regexp/sequences.ts';
import type { Operator } from './operator.ts';

/** It matches nothing there, so that nothing is lost without it. */
export const never = (why: string) => `it never matches in OpenSnitch: ${why}`;

/** The protocols of its connections; with a 6 those over IPv6. */
export const protocolTexts = [
  ...['tcp', 'tcp6', 'udp', 'udp6', 'udplite', 'udplite6', 'sctp', 'sctp6', 'icmp', 'icmp6'],
] as const;
export type ProtocolText = (typeof protocolTexts)[number];

/** What the daemon compiles: lower-cased as a whole where case does not count. */
export function sourceOf({ data, sensitive }: Operator): string {
  return sensitive ? data : data.toLowerCase();
}

/** Longer expressions are none that somebody wrote. */
const maxExpression = 20_000;

export function compiled(operator: Operator): Result<RE2JS> {
  if (operator.data.length > maxExpression) {
    return fail(`its expression has ${operator.data.length} characters, and ${maxExpression} are read at most`);
  }
  try {
    return ok(RE2JS.compile(sourceOf(operator)));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return fail(
      `OpenSnitch does not load it: "${sourceOf(operator).slice(0, 200)}" is no regular expression (${reason.replace(/^error parsing regexp: /, '')})`,
    );
  }
}

/** Whether the expression says nothing at all: it matches every text, also the empty one. */
export function matchesAll({ type, data, operand }: Operator): boolean {
  if (type !== 'regexp') return false;
  const source = data.replace(/^\(\?i\)/, '');
  // Arguments may have several lines, and a dot ends with the line.
  if (/^\^\(?\.\*\)?\$$/.test(source)) return operand !== 'process.command';
  return /^(\^?\(?\.\*\)?|\(?\.\*\)?\$|\^|\$)?$/.test(source);
}

export function equal({ data, sensitive }: Operator, value: string): boolean {
  if (sensitive) return data === value;
  // Simple folding, as Go's EqualFold and RE2 have it.
  return data === value || new RegExp(`^${data.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')}$`, 'iu').test(value);
}

/** The sequences of a regular expression without flags; undefined when it says too much. */
function spelledOut(operator: Operator): readonly Sequence[] | undefined {
  const source = sourceOf(operator).replace(/^\(\?i\)/, '');
  return sequencesOf(source);
}

/** Every text that the expression matches, where these can be listed. */
function texts(operator: Operator, alphabet: string): string[] | undefined {
  const all: string[] = [];
  for (const sequence of spelledOut(operator) ?? [['ANY']]) {
    const some = textsOf(sequence, alphabet);
    if (some === undefined || all.length > 20_000) return undefined;
    all.push(...some);
  }
  return all;
}

const canonical = (text: string) => /^(0|[1-9]\d{0,9})$/.test(text);

/** Trying an expression on each port takes a tenth of a second; more of these than anybody has are not tried. */
const maxTried = 50;

export class Ports {
  readonly #tried = new Map<string, Range[]>();

  /** Port 0 stands for the protocols that have none. */
  of(operator: Operator): Result<Range[]> {
    const { type, data } = operator;
    if (type === 'range') return numberRange(data, 65_535);
    if (type === 'simple') {
      if (canonical(data) && Number(data) <= 65_535) return ok([[Number(data), Number(data)]]);
      return fail(never(`"${data}" is no port as it writes them`));
    }
    const regex = compiled(operator);
    if (!regex.ok) return regex;
    const listed = texts(operator, '0123456789');
    if (listed !== undefined)
      return ok(ranges(listed.filter((text) => canonical(text) && Number(text) <= 65_535).map(Number)));
    const key = sourceOf(operator);
    const known = this.#tried.get(key);
    if (known !== undefined) return ok(known);
    if (this.#tried.size >= maxTried)
      return fail(`there are more than ${maxTried} expressions about ports; write "${data}" as ports or ranges`);
    const found: number[] = [];
    for (let port = 0; port <= 65_535; port++) if (regex.value.test(String(port))) found.push(port);
    const tried = ranges(found);
    this.#tried.set(key, tried);
    return ok(tried);
  }
}

function numberRange(data: string, highest: number): Result<Range[]> {
  const found = /^(\d{1,19})-(\d{1,19})$/.exec(data.replaceAll(' ', ''));
  const [low, high] = [Number(found?.[1]), Number(found?.[2])];
  if (found === null || low > high) return fail(`OpenSnitch does not load it: "${data}" is no range such as 8000-8999`);
  return ok(low > highest ? [] : [[low, Math.min(high, highest)]]);
}

export function users(operator: Operator): Result<Range[]> {
  const { type, data } = operator;
  const highest = 0xfffffffe;
  if (type === 'range') return numberRange(data, highest);
  if (type === 'regexp') {
    const regex = compiled(operator);
    if (!regex.ok) return regex;
  }
  const listed = type === 'simple' ? [data] : texts(operator, '0123456789');
  if (listed === undefined) return fail(`rules cannot list all user ids that "${data}" matches`);
  const ids = listed.filter(canonical).map(Number);
  return ok(ranges(ids.filter((id) => id <= highest)));
}

export function protocolsOf(operator: Operator): Result<ReadonlySet<ProtocolText>> {
  if (operator.type === 'simple') return ok(new Set(protocolTexts.filter((text) => equal(operator, text))));
  const regex = compiled(operator);
  return regex.ok ? ok(new Set(protocolTexts.filter((text) => regex.value.test(text)))) : regex;
}

/** An address as Go writes it; any other text is never equal to one. */
function addressOf(text: string): Prefix | undefined {
  if (!/^(\d{1,3}\.){3}\d{1,3}$|:.*:/.test(text)) return undefined;
  const address = parseAddress(text);
  if (address === undefined || formatAddress(address) !== text) return undefined;
  return prefixOf(address, address.family === 4 ? 32 : 128);
}

/** Prefixes that hold exactly the addresses that match. */
export function addresses(operator: Operator): Result<Prefix[]> {
  const { type, data, sensitive } = operator;
  if (type === 'simple') {
    const prefix = addressOf(sensitive ? data : data.toLowerCase());
    return prefix === undefined ? fail(never(`"${data}" is no address as it writes them`)) : ok([prefix]);
  }
  const regex = compiled(operator);
  if (!regex.ok) return regex;
  const found: Prefix[] = [];
  for (const sequence of spelledOut(operator) ?? [['ANY']]) {
    const some = sequence.at(-1) === 'ANY' ? begun(sequence.slice(0, -1)) : exact(sequence);
    if (some === undefined) return fail(`rules cannot list all addresses that "${data}" matches; write prefixes`);
    found.push(...some);
  }
  return ok(found);
}

function exact(sequence: Sequence): Prefix[] | undefined {
  return textsOf(sequence, '.:0123456789abcdef')?.flatMap((text) => addressOf(text) ?? []);
}

/** The networks of all addresses that begin so: `192.168.` and, of part of a number, `10.1`. */
function begun(sequence: Sequence): Prefix[] | undefined {
  const starts = textsOf(sequence, '.:0123456789abcdef');
  if (starts === undefined) return undefined;
  const found: Prefix[] = [];
  for (const start of starts) {
    const parts = /^((?:\d{1,3}\.){1,3})(\d{0,3})$/.exec(start);
    if (parts === null) {
      // It could be the beginning of an IPv6 address too, or of one of many networks.
      if (/^[0-9a-f:]*$/.test(start)) return undefined;
      continue;
    }
    const [, whole = '', part = ''] = parts;
    const octets = whole.slice(0, -1).split('.');
    const next = Array.from({ length: 256 }, (_, octet) => String(octet)).filter((octet) => octet.startsWith(part));
    for (const last of part === '' ? [undefined] : next) {
      const given = last === undefined ? octets : [...octets, last];
      const zeros = Array.from({ length: 4 - given.length }, () => '0');
      const address = addressOf([...given, ...zeros].join('.'))?.address;
      if (address !== undefined) found.push(prefixOf(address, given.length * 8));
    }
  }
  return found;
}

/** Names as rules write them that stand for exactly the host names that match. */
export function hosts(operator: Operator): Result<string[]> {
  const { type, data } = operator;
  if (data === '') return fail('rules cannot ask that a destination has no name');
  const sequences = type === 'simple' ? [[...data.toLowerCase()]] : spelledOut(operator);
  if (operator.sensitive && data !== data.toLowerCase())
    return fail('rules compare names without regard to case, and this asks for capitals');
  const wide = `rules cannot say which names "${data}" matches; write names, *.name or .name`;
  if (sequences === undefined) return fail(wide);
  const found = new Set<string>();
  for (const sequence of sequences) {
    const start = sequence.findLastIndex((item) => item === 'ANY' || item === 'ONE') + 1;
    const head = sequence.slice(0, start);
    const tail = sequence.slice(start).join('');
    const below = head.length > 0;
    const open = /^(ONE,)?ANY$/.test(head.join(','));
    if (below && !(open && tail.startsWith('.'))) return fail(wide);
    const name = parseName(below ? tail.slice(1) : tail);
    // What is no name, an address for example, is never the name of a destination.
    if (!name.ok || name.value.reach !== 'exact' || name.value.domain !== (below ? tail.slice(1) : tail)) continue;
    if (parseAddress(name.value.domain) !== undefined) continue;
    if (!below && !tail.includes('.')) return fail(`rules name hosts with a dot, and "${tail}" has none`);
    found.add(below ? `*${tail}` : tail);
  }
  if (found.size === 0) return fail(never(`"${data}" is no host name`));
  // A domain and what is below it have a word of their own.
  const both = [...found].filter((name) => !name.startsWith('*.') && found.has(`*.${name}`));
  for (const name of both) {
    found.delete(name);
    found.delete(`*.${name}`);
    found.add(`.${name}`);
  }
  return ok([...found]);
}

/** `10.1.2.3/8` as Go reads it: what stands behind the prefix does not count. */
export function network(text: string): Prefix | undefined {
  const found = /^([^/]+)\/(\d{1,3})$/.exec(text);
  const address = parseAddress(found?.[1] ?? '');
  const length = Number(found?.[2]);
  if (address === undefined || length > (address.family === 4 ? 32 : 128)) return undefined;
  return prefixOf(address, length);
}
