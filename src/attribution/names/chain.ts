// From a question and the records of its answer to addresses: only what lies on the way from the name that was asked for counts.
import type { Address } from '#model/net/address.ts';
import type { DnsQuestion, DnsRecord } from '#wire/dns/message.ts';
import { maxNameBytes, nameBytes } from '#wire/dns/name.ts';
import {
  CLASS_IN,
  TYPE_A,
  TYPE_AAAA,
  TYPE_ANY,
  TYPE_CNAME,
  TYPE_HTTPS,
  TYPE_PTR,
  TYPE_SRV,
  TYPE_SVCB,
} from '#wire/dns/numbers.ts';

export interface Found {
  readonly address: Address;
  /** Seconds: the shortest of the records that led here. */
  readonly ttl: number;
  /** The last name of the way, where it is not the one asked for. */
  readonly canonical: string | undefined;
  /** The type of the record that has the address; of SVCB and HTTPS it is a hint. */
  readonly via: 'A' | 'AAAA' | 'SVCB' | 'HTTPS';
}

export interface Chain {
  /** What is learned is that these are addresses of the question's name. */
  readonly found: readonly Found[];
  /** The records that answer the question or lead there. */
  readonly used: ReadonlySet<DnsRecord>;
  /** Records that nothing leads to, or that the question did not ask for. */
  readonly offChain: number;
  /** Ways that came back to where they had been, and ways of more than `maxChain` names. */
  readonly loops: number;
  readonly tooLong: number;
  /** Addresses beyond `maxFound`. */
  readonly notTaken: number;
}

/** Names that one leads to after another; resolvers follow about as many (16 in BIND and glibc). */
export const maxChain = 16;
export const maxFound = 256;

type Alias = { readonly target: string; readonly ttl: number };
type ServiceRecord = Extract<DnsRecord, { readonly type: 'SVCB' | 'HTTPS' }>;

/** Follows CNAME, DNAME, and targets of SVCB and HTTPS. Where a name has two aliases, the first is the one. */
export function followChain(question: DnsQuestion, records: readonly DnsRecord[]): Chain {
  const asked = question.class === CLASS_IN ? answersTo(question.type) : nothing;
  const walk = new Walk(records, asked);
  const chain = new Map<string, number>();
  walk.from(question.name, Number.POSITIVE_INFINITY, chain);
  // What asks for a service is not answered with addresses of the name, but may be with those of the service's targets.
  const hosts = asked.addresses ? chain : new Map<string, number>();
  const found: Found[] = [];
  let notTaken = 0;
  const take = (address: Address, ttl: number, name: string, via: Found['via']) => {
    const canonical = name === question.name ? undefined : name;
    if (found.length < maxFound) found.push({ address, ttl, canonical, via });
    else notTaken += 1;
  };
  for (const record of walk.services) {
    const way = chain.get(record.owner);
    if (way === undefined) continue;
    const { priority, target, hints } = record.service;
    walk.used.add(record);
    // RFC 9460 2.5: a target of "." is the owner, and in AliasMode nothing at all.
    if (priority === 0 && target === '.') continue;
    const ttl = Math.min(way, record.ttl);
    const name = target === '.' ? record.owner : target;
    walk.from(name, ttl, hosts);
    for (const hint of hints) take(hint, ttl, name, record.type);
  }
  for (const record of records) {
    if ((record.type === 'SRV' || record.type === 'PTR') && asked.types.has(record.type) && chain.has(record.owner)) {
      walk.used.add(record);
    }
    if (record.type !== 'A' && record.type !== 'AAAA') continue;
    const way = hosts.get(record.owner);
    if (way === undefined || !asked.types.has(record.type)) continue;
    walk.used.add(record);
    take(record.address, Math.min(way, record.ttl), record.owner, record.type);
  }
  const { loops, tooLong } = walk;
  return { found, used: walk.used, offChain: records.length - walk.used.size, loops, tooLong, notTaken };
}

interface Asks {
  /** Records that can be an answer, beside aliases. */
  readonly types: ReadonlySet<DnsRecord['type']>;
  /** Whether addresses of the name itself are. */
  readonly addresses: boolean;
}

const asks = (addresses: boolean, ...types: DnsRecord['type'][]): Asks => ({ addresses, types: new Set(types) });
const nothing = asks(false);
const byType = new Map<number, Asks>([
  [TYPE_A, asks(true, 'A')],
  [TYPE_AAAA, asks(true, 'AAAA')],
  [TYPE_CNAME, asks(false, 'CNAME')],
  [TYPE_PTR, asks(false, 'PTR')],
  [TYPE_SRV, asks(false, 'SRV')],
  [TYPE_SVCB, asks(false, 'SVCB', 'A', 'AAAA')],
  [TYPE_HTTPS, asks(false, 'HTTPS', 'A', 'AAAA')],
  [TYPE_ANY, asks(true, 'A', 'AAAA', 'SVCB', 'HTTPS')],
]);

function answersTo(type: number): Asks {
  return byType.get(type) ?? nothing;
}

/** The aliases of one answer, and which records were of use. */
class Walk {
  readonly used = new Set<DnsRecord>();
  readonly services: readonly ServiceRecord[];
  loops = 0;
  tooLong = 0;
  readonly #cnames = new Map<string, DnsRecord & Alias>();
  readonly #dnames = new Map<string, DnsRecord & Alias>();
  readonly #modes = new Map<string, ServiceRecord>();

  constructor(records: readonly DnsRecord[], { types }: Asks) {
    const services: ServiceRecord[] = [];
    for (const record of types.size === 0 ? [] : records) {
      if (record.type === 'CNAME') putFirst(this.#cnames, record);
      else if (record.type === 'DNAME') putFirst(this.#dnames, record);
      else if ('service' in record && types.has(record.type)) {
        services.push(record);
        if (record.service.priority === 0 && record.service.target !== '.') putFirst(this.#modes, record);
      }
    }
    this.services = services;
  }

  /** Adds the names that `name` leads to, itself first, with the TTL of the way to each. */
  from(name: string, ttl: number, into: Map<string, number>): void {
    const way = new Set<string>();
    let at: Alias | undefined = { target: name, ttl };
    while (at !== undefined) {
      if (way.has(at.target)) {
        this.loops += 1;
        return;
      }
      if (way.size >= maxChain) {
        this.tooLong += 1;
        return;
      }
      way.add(at.target);
      into.set(at.target, Math.max(at.ttl, into.get(at.target) ?? 0));
      const next = this.#aliasOf(at.target);
      at = next && { target: next.target, ttl: Math.min(at.ttl, next.ttl) };
    }
  }

  #aliasOf(name: string): Alias | undefined {
    const substituted = this.#substituted(name);
    const cname = this.#cnames.get(name);
    if (cname !== undefined) this.used.add(cname);
    // RFC 6672 3.1: with a DNAME there comes the CNAME that it makes, so that this one counts where both stand.
    if (cname ?? substituted) return cname ?? substituted;
    const mode = this.#modes.get(name);
    return mode && { target: mode.service.target, ttl: mode.ttl };
  }

  /** RFC 6672 2.2: the DNAME of the nearest name above, and never the name's own. */
  #substituted(name: string): Alias | undefined {
    if (this.#dnames.size === 0) return undefined;
    for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
      const record = this.#dnames.get(name.slice(dot + 1));
      if (record === undefined) continue;
      this.used.add(record);
      const target = record.target === '.' ? name.slice(0, dot) : `${name.slice(0, dot)}.${record.target}`;
      return nameBytes(target) > maxNameBytes ? undefined : { target, ttl: record.ttl };
    }
    return undefined;
  }
}

function putFirst<T extends DnsRecord>(map: Map<string, T>, record: T): void {
  if (!map.has(record.owner)) map.set(record.owner, record);
}
