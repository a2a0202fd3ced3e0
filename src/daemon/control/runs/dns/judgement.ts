// Decides which questions are passed on, and which answers: a name must be allowed, and must not lead into this machine.
//
// A name that is not allowed gets NXDOMAIN and not REFUSED, because of what programs do with each. REFUSED means to them that this
// server will not: glibc 2.36 asks everything twice and says "Temporary failure in name resolution" (EAI_AGAIN), which invites
// retries; musl 1.2.3 does not take it for an answer and waits 5 s. NXDOMAIN ends it at once for both and for c-ares, goes on along
// the search list as it should, and says "not known". There is no SOA with it, so nobody may cache it (RFC 2308 5).
// A type that is not answered gets NOERROR without records, since NXDOMAIN would deny the name's addresses too (RFC 8020).
// Who asks with EDNS is told the truth beside it (RFC 8914, "Blocked", and a sentence).
import { followChain } from '#attribution/names/chain.ts';
import { type Address, type Prefix, parsePrefix, prefixHolds } from '#model/net/address.ts';
import { scopeOf } from '#model/net/scope.ts';
import type { DnsAnswer } from '#wire/dns/answer.ts';
import type { DnsMessage, DnsQuestion, DnsRecord } from '#wire/dns/message.ts';
import { nameBytes } from '#wire/dns/name.ts';
import {
  CLASS_IN,
  EDE_BLOCKED,
  EDE_NO_REACHABLE_AUTHORITY,
  EDE_OTHER,
  RCODE_BADVERS,
  RCODE_NOERROR,
  RCODE_NXDOMAIN,
  RCODE_SERVFAIL,
  TYPE_A,
  TYPE_AAAA,
  TYPE_CNAME,
  TYPE_HTTPS,
  TYPE_PTR,
  TYPE_SRV,
  TYPE_SVCB,
} from '#wire/dns/numbers.ts';
import type { DnsQuery } from '#wire/dns/query.ts';
import { parseReverseName } from '#wire/dns/reverse.ts';
import type { DnsLesson, RefusalReason } from './plan.ts';

/**
 * What leads to a connection. The others (TXT, MX, NULL, ANY and what nobody knows yet) carry whatever their owner likes and lead
 * nowhere. PTR beside them for addresses that this stub gave.
 */
const answeredTypes = new Set([TYPE_A, TYPE_AAAA, TYPE_CNAME, TYPE_HTTPS, TYPE_SVCB, TYPE_SRV]);

const blocked = (text: string) => ({ code: EDE_BLOCKED, text });
export const refusals: Readonly<Record<RefusalReason, DnsAnswer>> = {
  name: { rcode: RCODE_NXDOMAIN, because: blocked('Postern: no rule of this command allows this name') },
  type: { rcode: RCODE_NOERROR, because: blocked('Postern: records of this type are not answered to this command') },
  address: { rcode: RCODE_NOERROR, because: blocked('Postern: the name leads into this machine or its link') },
  malformed: { rcode: RCODE_BADVERS },
  upstream: {
    rcode: RCODE_SERVFAIL,
    because: { code: EDE_NO_REACHABLE_AUTHORITY, text: 'Postern: no name server answered' },
  },
  flood: { rcode: RCODE_SERVFAIL, because: { code: EDE_OTHER, text: 'Postern: too many questions at once' } },
};

/** Why a question is not passed on; undefined: it is. `gave` is whether this address was in an answer before. */
export function refusalOf(
  { question, edns }: Pick<DnsQuery, 'question' | 'edns'>,
  allows: (name: string) => boolean,
  gave: (address: Address) => boolean,
): RefusalReason | undefined {
  // RFC 6891 6.1.3: of the versions there is only 0.
  if (edns !== undefined && edns.version > 0) return 'malformed';
  const { name, type } = question;
  if (question.class !== CLASS_IN) return 'type';
  if (type === TYPE_PTR) {
    const address = parseReverseName(name);
    if (address !== undefined) return gave(address) ? undefined : 'name';
  }
  // What has other bytes than names of hosts is none, whatever domain it is below.
  if (name === '.' || name.includes('\\') || !allows(name)) return 'name';
  return answeredTypes.has(type) ? undefined : 'type';
}

/** What of an upstream's answer is passed on. */
export interface Passed {
  readonly records: readonly DnsRecord[];
  readonly lessons: readonly DnsLesson[];
  /** Addresses of the own site among them, which are passed. */
  readonly ofLan: number;
}

/**
 * Only what the question leads to. Undefined: an address that can only be this machine, its link or a group is in it. Since names are
 * allowed by name, their owner could open those otherwise; honest zones do not mix them with others, so nothing of it is passed.
 */
export function passedOf(question: DnsQuestion, { records }: Pick<DnsMessage, 'records'>): Passed | undefined {
  const { found, used } = followChain(question, records);
  const passed = records.filter((record) => used.has(record) && !isUnread(record));
  const addresses = passed.flatMap(addressesOf);
  if (!addresses.every(isElsewhere) || passed.some(isMapped)) return undefined;
  const byCanonical = Map.groupBy(found, ({ canonical }) => canonical);
  const lessons = [...byCanonical].map(([canonical, of]) => ({
    name: question.name,
    ...(canonical === undefined ? {} : { canonical }),
    addresses: of.map(({ address, ttl }) => ({ address, ttl })),
  }));
  return { records: passed, lessons, ofLan: addresses.filter((address) => scopeOf(address) === 'lan').length };
}

/** Whether there is something in it that was not looked at: more hints than are taken, or parameters of an alias, which has none. */
function isUnread(record: DnsRecord): boolean {
  if (!('service' in record)) return false;
  const { priority, target, hintsNotTaken } = record.service;
  return hintsNotTaken > 0 || (priority === 0 && record.data.length !== 2 + nameBytes(target));
}

function addressesOf(record: DnsRecord): readonly Address[] {
  if ('address' in record) return [record.address];
  return 'service' in record ? record.service.hints : [];
}

/** An IPv4 address in six: no answer has a reason for it. */
function isMapped(record: DnsRecord): boolean {
  return record.type === 'AAAA' && record.address.family === 4;
}

/** "This host", link-local: RFC 1122 3.2.1.3, RFC 3927, RFC 4291 2.5.2 and 2.5.6. */
const here: readonly Prefix[] = ['0.0.0.0/8', '169.254.0.0/16', '::/128', 'fe80::/10'].flatMap((text) => {
  const prefix = parsePrefix(text);
  return 'error' in prefix ? [] : [prefix];
});

function isElsewhere(address: Address): boolean {
  const scope = scopeOf(address);
  return scope !== 'loopback' && scope !== 'multicast' && !here.some((prefix) => prefixHolds(prefix, address));
}
