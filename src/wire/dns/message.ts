// Reads DNS messages (RFC 1035 4): the question, and of the answers what can lead from a name to an address.
import type { Address } from '#model/net/address.ts';
import { fail, ok, type Result } from '#std/result.ts';
import { Reader } from '../reader.ts';
import { readName, skipName } from './name.ts';
import {
  CLASS_IN,
  FLAG_QR,
  FLAG_TC,
  TYPE_A,
  TYPE_AAAA,
  TYPE_CNAME,
  TYPE_DNAME,
  TYPE_HTTPS,
  TYPE_OPT,
  TYPE_PTR,
  TYPE_SRV,
  TYPE_SVCB,
} from './numbers.ts';
import { readAddress, readService, type Service, type ServiceError } from './service.ts';

/** `question-count`: not exactly one question (RFC 9619: a query has one); the others as of names and records. */
export type DnsError = ServiceError | 'question-count';

export interface DnsQuestion {
  /** As `readName` writes names. */
  readonly name: string;
  /** A TYPE_… number. */
  readonly type: number;
  /** CLASS_IN nearly always. */
  readonly class: number;
}

interface Owned {
  /** The name that the record is about. */
  readonly owner: string;
  /** Seconds, 0 to 2^31 − 1. */
  readonly ttl: number;
}

export type DnsRecord = Owned &
  (
    | { readonly type: 'A' | 'AAAA'; readonly address: Address }
    | { readonly type: 'CNAME' | 'DNAME' | 'PTR'; readonly target: string }
    | {
        readonly type: 'SRV';
        readonly priority: number;
        readonly weight: number;
        readonly port: number;
        readonly target: string;
      }
    /** `data` is a copy of all that the record has behind its length: its names are never compressed. */
    | { readonly type: 'SVCB' | 'HTTPS'; readonly service: Service; readonly data: Uint8Array }
  );

export interface DnsMessage {
  readonly id: number;
  /** The QR bit: an answer. */
  readonly response: boolean;
  readonly opcode: number;
  /** The TC bit. Nothing after the question was read: it may end anywhere, and the answer comes again by TCP. */
  readonly truncated: boolean;
  /** With the upper bits that an OPT record brings (RFC 6891 6.1.3). */
  readonly rcode: number;
  readonly question: DnsQuestion;
  /** Of the answer section, in class IN, in their order. */
  readonly records: readonly DnsRecord[];
  /** Records and hints beyond `maxRecords` and `maxHints`. */
  readonly notTaken: number;
  /** A and AAAA of the authority and additional sections, which nobody asked for. */
  readonly besides: number;
}

/** Records of one message that are taken. */
export const maxRecords = 256;

// Scratch of one call, as in ip.ts.
const reader = new Reader();

interface Found {
  readonly records: DnsRecord[];
  notTaken: number;
  besides: number;
  upperRcode: number;
}

/**
 * The message that `bytes` holds from `start` to `end`. Bytes after its last record are not looked at. Reads at most once
 * over the message, and names beyond that only for the records taken.
 */
export function parseDnsMessage(bytes: Uint8Array, start = 0, end = bytes.length): Result<DnsMessage, DnsError> {
  reader.reset(bytes, start, end);
  const id = reader.be16();
  const flags = reader.be16();
  const questions = reader.be16();
  const answers = reader.be16();
  const others = reader.be16() + reader.be16();
  if (reader.error !== undefined) return fail('truncated');
  if (questions !== 1) return fail('question-count');
  const name = readName(reader, start);
  if (!name.ok) return name;
  const question = { name: name.value, type: reader.be16(), class: reader.be16() };
  if (reader.error !== undefined) return fail('truncated');
  const truncated = (flags & FLAG_TC) !== 0;
  const found: Found = { records: [], notTaken: 0, besides: 0, upperRcode: 0 };
  if (!truncated) {
    const problem = readRecords(start, end, answers, true, found) ?? readRecords(start, end, others, false, found);
    if (problem !== undefined) return fail(problem);
  }
  const { records, notTaken, besides, upperRcode } = found;
  return ok({
    id,
    response: (flags & FLAG_QR) !== 0,
    opcode: (flags >> 11) & 15,
    truncated,
    rcode: (upperRcode << 4) | (flags & 15),
    question,
    records,
    notTaken,
    besides,
  });
}

/** Counts that lie end at the message's end: a record has at least 11 bytes. */
function readRecords(start: number, end: number, count: number, answers: boolean, found: Found): DnsError | undefined {
  for (let at = 0; at < count; at++) {
    const ownerAt = reader.offset;
    const problem = skipName(reader);
    if (problem !== undefined) return problem;
    const type = reader.be16();
    const inClass = reader.be16();
    const ttl = reader.be32();
    const length = reader.be16();
    const data = reader.offset;
    reader.skip(length);
    if (reader.error !== undefined) return 'truncated';
    const behind = reader.offset;
    if (!answers) {
      if (type === TYPE_A || type === TYPE_AAAA) found.besides += 1;
      else if (type === TYPE_OPT) found.upperRcode = ttl >>> 24;
    } else if (inClass === CLASS_IN && wanted.has(type)) {
      if (found.records.length < maxRecords) {
        reader.move(ownerAt, end);
        const owner = readName(reader, start);
        if (!owner.ok) return owner.error;
        reader.move(data, behind);
        const record = readRecord(type, start, { owner: owner.value, ttl: secondsOf(ttl) });
        if (!record.ok) return record.error;
        if ('service' in record.value) found.notTaken += record.value.service.hintsNotTaken;
        found.records.push(record.value);
      } else {
        found.notTaken += 1;
      }
    }
    reader.move(behind, end);
  }
  return undefined;
}

/**
 * The one record that `bytes` is, by itself and so without pointers; undefined where it is of a class or a type that leads
 * nowhere.
 */
export function parseDnsRecord(bytes: Uint8Array): Result<DnsRecord | undefined, DnsError> {
  reader.reset(bytes);
  // Pointers count from the message: from its end none leads back.
  const nowhere = bytes.length;
  const owner = readName(reader, nowhere);
  if (!owner.ok) return owner;
  const type = reader.be16();
  const inClass = reader.be16();
  const ttl = secondsOf(reader.be32());
  const length = reader.be16();
  if (reader.error !== undefined || length > reader.remaining()) return fail('truncated');
  if (length < reader.remaining()) return fail('bad-record');
  if (inClass !== CLASS_IN || !wanted.has(type)) return ok(undefined);
  return readRecord(type, nowhere, { owner: owner.value, ttl });
}

/** RFC 2181 8: a TTL with the highest bit set is zero. */
function secondsOf(ttl: number): number {
  return ttl >= 0x8000_0000 ? 0 : ttl;
}

const targets = new Map<number, 'CNAME' | 'DNAME' | 'PTR'>([
  [TYPE_CNAME, 'CNAME'],
  [TYPE_DNAME, 'DNAME'],
  [TYPE_PTR, 'PTR'],
]);
const wanted = new Set<number>([TYPE_A, TYPE_AAAA, ...targets.keys(), TYPE_SRV, TYPE_SVCB, TYPE_HTTPS]);

/** The reader's window is the data of a record of a wanted type. */
function readRecord(type: number, message: number, owned: Owned): Result<DnsRecord, DnsError> {
  if (type === TYPE_A || type === TYPE_AAAA) {
    const size = type === TYPE_A ? 4 : 16;
    if (reader.remaining() !== size) return fail('bad-record');
    return ok({ ...owned, type: size === 4 ? 'A' : 'AAAA', address: readAddress(reader, size) });
  }
  const named = targets.get(type);
  if (named !== undefined) {
    // RFC 3597 4: well-known types may be compressed. RFC 6672 2.5 forbids it for DNAME to senders alone.
    const target = readWhole(message);
    return target.ok ? ok({ ...owned, type: named, target: target.value }) : target;
  }
  if (type === TYPE_SRV) {
    const [priority, weight, port] = [reader.be16(), reader.be16(), reader.be16()];
    const target = readWhole(message);
    return target.ok ? ok({ ...owned, type: 'SRV', priority, weight, port, target: target.value }) : target;
  }
  const data = reader.bytes.slice(reader.offset, reader.end);
  const service = readService(reader, message);
  if (!service.ok) return service;
  return ok({ ...owned, type: type === TYPE_SVCB ? 'SVCB' : 'HTTPS', service: service.value, data });
}

/** The name that is all the rest of the record. */
function readWhole(message: number): Result<string, DnsError> {
  const name = readName(reader, message);
  return name.ok && reader.remaining() !== 0 ? fail('bad-record') : name;
}
