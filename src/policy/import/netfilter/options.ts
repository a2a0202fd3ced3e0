// The options of one iptables rule, read from left to right.
import { type Prefix, parseAddress, prefixOf } from '#model/net/address.ts';
import { fail, ok, type Result } from '#std/result.ts';
import type { Range } from '../ranges.ts';
import { type Match, otherPorts, outside } from './match.ts';

type Taken = string | undefined;

const protocolNames: Readonly<Record<string, string | number>> = {
  ...{
    tcp: 'tcp',
    udp: 'udp',
    icmp: 'icmp',
    icmpv6: 'icmpv6',
    'ipv6-icmp': 'icmpv6',
    sctp: 'sctp',
    udplite: 'udplite',
  },
  ...{ esp: 50, ah: 51, gre: 47, igmp: 2 },
  ...{ 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmpv6', 132: 'sctp', 136: 'udplite' },
};

/** Modules that only make options of the protocol known. */
const plainModules = /^(tcp|udp|icmp|icmp6|sctp|udplite|owner|cgroup|multiport|conntrack|state|comment)$/;

export class Options {
  target: string | undefined;
  comment: string | undefined;
  readonly #match: Record<string, unknown> = {};
  #wrong: string | undefined;
  #later = false;
  #supplementary = false;
  #not = false;

  constructor(words: readonly string[]) {
    let at = 0;
    while (at < words.length && this.#wrong === undefined) {
      const word = words[at] ?? '';
      at += 1;
      if (word === '!') {
        this.#not = true;
        continue;
      }
      const option = Object.hasOwn(readers, word) ? readers[word] : undefined;
      if (option === undefined) {
        this.#wrong = `"${word.slice(0, 40)}" asks for something that no rule can ask for`;
        return;
      }
      const values = words.slice(at, at + option.values);
      at += option.values;
      if (values.length < option.values) this.#wrong = `"${word}" has no value`;
      else this.#wrong ??= option.read(this, values[0] ?? '', this.#not);
      this.#not = false;
    }
  }

  /** None where it is about packets of flows that stand already. */
  matches(): Result<readonly Match[]> {
    if (this.#wrong !== undefined) return fail(this.#wrong);
    if (this.#later) return ok([]);
    const match = this.#match as Match;
    if (!this.#supplementary || match.groups === undefined) return ok([match]);
    return fail(
      '--suppl-groups means the effective group or any other one, and the rule would be two; write supplementary-group beside it',
    );
  }

  put(key: keyof Match, value: unknown): Taken {
    if (Object.hasOwn(this.#match, key)) return `it asks for ${key} twice`;
    this.#match[key] = value;
    return undefined;
  }

  later(): Taken {
    this.#later = true;
    return undefined;
  }

  supplementary(): Taken {
    this.#supplementary = true;
    return undefined;
  }
}

interface Reader {
  readonly values: number;
  readonly read: (options: Options, value: string, not: boolean) => Taken;
}

const put =
  <T>(key: keyof Match, parse: (value: string) => Result<T>, opposite?: (value: T) => unknown): Reader['read'] =>
  (options, value, not) => {
    const parsed = parse(value);
    if (!parsed.ok) return parsed.error;
    if (not && opposite === undefined) return `"!" before ${key} asks for all others, which no rule can list`;
    return options.put(key, not && opposite !== undefined ? opposite(parsed.value) : parsed.value);
  };

export function prefix(text: string): Result<readonly Prefix[]> {
  const [base = '', mask] = text.split('/');
  const address = parseAddress(base);
  if (address === undefined) return fail(`"${text}" is no address`);
  const full = address.family === 4 ? 32 : 128;
  const length = mask === undefined ? full : /^\d{1,3}$/.test(mask) ? Number(mask) : lengthOf(mask);
  if (length === undefined || length > full) return fail(`"${text}" has a mask that is no prefix`);
  return ok([prefixOf(address, length)]);
}

/** Of a mask in dots. */
function lengthOf(mask: string): number | undefined {
  const address = parseAddress(mask);
  if (address?.family !== 4) return undefined;
  const bits = address.w3.toString(2).padStart(32, '0');
  return /^1*0*$/.test(bits) ? (bits.indexOf('0') < 0 ? 32 : bits.indexOf('0')) : undefined;
}

export function portList(text: string): Result<Range[]> {
  const found: Range[] = [];
  for (const part of text.split(',')) {
    const range = /^(\d{0,5})([:-])?(\d{0,5})$/.exec(part);
    const low = Number(range?.[1] || 0);
    const high = range?.[2] === undefined ? low : Number(range[3] || 65_535);
    if (range === null || part === '' || low > high || high > 65_535) return fail(`"${part}" is no port in figures`);
    found.push([low, high]);
  }
  return ok(found);
}

/** `1000`, `1000-1999`, `www-data`. */
export function ids(text: string): Result<(string | number)[]> {
  const range = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(text);
  if (range !== null) {
    const [low, high] = [Number(range[1]), Number(range[2] ?? range[1])];
    if (low > high || high - low >= 4096 || high > 0xfffffffe)
      return fail(`"${text}" is more ids than a rule may list`);
    return ok(Array.from({ length: high - low + 1 }, (_, at) => low + at));
  }
  return /^[A-Za-z_][\w.-]*\$?$/.test(text) ? ok([text]) : fail(`"${text}" is no user or group`);
}

export function protocol(text: string): Result<(string | number)[]> {
  const known = Object.hasOwn(protocolNames, text) ? protocolNames[text] : undefined;
  if (known !== undefined) return ok([known]);
  if (/^\d{1,3}$/.test(text) && Number(text) <= 255) return ok([Number(text)]);
  return fail(`"${text}" is no protocol that is known here`);
}

export function interfaceName(text: string): Result<string[]> {
  if (!/^[\w.:@-]+\+?$/.test(text)) return fail(`"${text}" is no name of an interface`);
  return ok([text.replace(/\+$/, '*')]);
}

function types(text: string): Result<number[]> {
  return /^\d{1,3}$/.test(text) && Number(text) <= 255
    ? ok([Number(text)])
    : fail(`ICMP type "${text}": rules ask for types in figures, without codes`);
}

/** Whatever is not new belongs to a flow that was judged. */
export function states(options: Pick<Options, 'later'>, text: string): Taken {
  const all = text.toUpperCase().split(',');
  if (all.includes('NEW')) return undefined;
  if (all.every((state) => state === 'ESTABLISHED' || state === 'RELATED')) return options.later();
  return `state ${text}: Postern judges flows as they begin, and knows no other state`;
}

const readers: Readonly<Record<string, Reader>> = {
  '-m': {
    values: 1,
    read: (_, value) => (plainModules.test(value) ? undefined : `the match "${value}" has no counterpart in rules`),
  },
  '-p': {
    values: 1,
    read: (options, value, not) => (value === 'all' ? undefined : put('protocols', protocol)(options, value, not)),
  },
  '-s': { values: 1, read: put('from', prefix, (all) => all.flatMap(outside)) },
  '-d': { values: 1, read: put('to', prefix, (all) => all.flatMap(outside)) },
  '-i': { values: 1, read: put('interfacesIn', interfaceName) },
  '-o': { values: 1, read: put('interfacesOut', interfaceName) },
  '--dport': { values: 1, read: put('ports', portList, otherPorts) },
  '--dports': { values: 1, read: put('ports', portList, otherPorts) },
  '--sport': { values: 1, read: put('sourcePorts', portList, otherPorts) },
  '--sports': { values: 1, read: put('sourcePorts', portList, otherPorts) },
  '--icmp-type': { values: 1, read: put('icmpTypes', types) },
  '--icmpv6-type': { values: 1, read: put('icmpTypes', types) },
  '--uid-owner': { values: 1, read: put('users', ids) },
  '--gid-owner': { values: 1, read: put('groups', ids) },
  '--suppl-groups': { values: 0, read: (options) => options.supplementary() },
  '--path': {
    values: 1,
    read: put('cgroups', (value) => ok([`/${value.replace(/^\/+|\/+$/g, '')}`])),
  },
  '--ctstate': {
    values: 1,
    read: (options, value, not) => (not ? `"!" before a state has no counterpart` : states(options, value)),
  },
  '--state': {
    values: 1,
    read: (options, value, not) => (not ? `"!" before a state has no counterpart` : states(options, value)),
  },
  // A TCP packet that opens a connection, as each flow does.
  '--syn': {
    values: 0,
    read: (_, __, not) => (not ? 'packets that open no connection belong to a flow that was judged' : undefined),
  },
  '--comment': {
    values: 1,
    read: (options, value) => {
      options.comment = value;
      return undefined;
    },
  },
  '-j': {
    values: 1,
    read: (options, value) => {
      options.target = value;
      return undefined;
    },
  },
  '--reject-with': { values: 1, read: () => undefined },
};
