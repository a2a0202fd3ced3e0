// Reads what SVCB and HTTPS records say of a service: where it is, and addresses to try at once (RFC 9460).
import { type Address, ipv4, ipv6 } from '#model/net/address.ts';
import { fail, ok, type Result } from '#std/result.ts';
import type { Reader } from '../reader.ts';
import { type NameError, readLabel, readName } from './name.ts';
import {
  SVC_ALPN,
  SVC_ECH,
  SVC_IPV4HINT,
  SVC_IPV6HINT,
  SVC_MANDATORY,
  SVC_NO_DEFAULT_ALPN,
  SVC_PORT,
} from './numbers.ts';

/** `bad-record`: its length or an order in it contradicts its type. */
export type ServiceError = NameError | 'bad-record';

export interface Service {
  /** 0 is AliasMode: `target` is another name of the owner, and there are no parameters. */
  readonly priority: number;
  /** `.` is the owner itself, or with priority 0 that there is no such service. */
  readonly target: string;
  /** Printable as names are. */
  readonly alpn: readonly string[];
  /** 0–65535; undefined: that of the scheme. */
  readonly port: number | undefined;
  /** Of ipv4hint and ipv6hint, each at most `maxHints`. */
  readonly hints: readonly Address[];
  /** There were more. */
  readonly hintsNotTaken: number;
  /** Whether there are keys for Encrypted ClientHello, so that a ClientHello may not say the name. */
  readonly ech: boolean;
}

/** Addresses of one family that are taken from one record; a service that needs more has a load balancer. */
export const maxHints = 32;
const maxAlpn = 32;

interface Parameters {
  alpn: string[];
  port: number | undefined;
  hints: Address[];
  hintsNotTaken: number;
  ech: boolean;
  noDefaultAlpn: boolean;
  mandatory: number[];
}

/** The reader's window must be the record's data; all of it is read. What RFC 9460 2.2 and 8 call malformed is an error. */
export function readService(reader: Reader, message: number): Result<Service, ServiceError> {
  const priority = reader.be16();
  // RFC 9460 2.2: "uncompressed".
  const target = readName(reader, message, false);
  if (!target.ok) return target;
  const found = readParameters(reader);
  if (found === undefined) return fail('bad-record');
  // RFC 9460 2.4.2: recipients must ignore the parameters of AliasMode.
  const { alpn, port, hints, hintsNotTaken, ech } = priority === 0 ? none() : found;
  return ok({ priority, target: target.value, alpn, port, hints, hintsNotTaken, ech });
}

function none(): Parameters {
  return { alpn: [], port: undefined, hints: [], hintsNotTaken: 0, ech: false, noDefaultAlpn: false, mandatory: [] };
}

function readParameters(reader: Reader): Parameters | undefined {
  const found = none();
  const { end } = reader;
  const keys = new Set<number>();
  let last = -1;
  while (reader.remaining() > 0) {
    const key = reader.be16();
    const length = reader.be16();
    // Ascending order makes each key stand once.
    if (reader.error !== undefined || key <= last || length > reader.remaining()) return undefined;
    last = key;
    keys.add(key);
    const behind = reader.offset + length;
    reader.move(reader.offset, behind);
    if (!readParameter(reader, key, length, found) || reader.error !== undefined) return undefined;
    reader.move(behind, end);
  }
  if (reader.error !== undefined) return undefined;
  // RFC 9460 7.1.1 and 8: self-consistent.
  if (found.noDefaultAlpn && !keys.has(SVC_ALPN)) return undefined;
  return found.mandatory.every((key) => keys.has(key)) ? found : undefined;
}

/** False when the value is malformed. The window is the value. */
function readParameter(reader: Reader, key: number, length: number, into: Parameters): boolean {
  switch (key) {
    case SVC_MANDATORY:
      return readMandatory(reader, length, into);
    case SVC_ALPN:
      return length > 0 && readAlpn(reader, into);
    case SVC_NO_DEFAULT_ALPN:
      into.noDefaultAlpn = true;
      return length === 0;
    case SVC_PORT:
      into.port = reader.be16();
      return length === 2;
    case SVC_IPV4HINT:
      return readHints(reader, length, 4, into);
    case SVC_ECH:
      into.ech = true;
      return length > 0;
    case SVC_IPV6HINT:
      return readHints(reader, length, 16, into);
    default:
      return true;
  }
}

function readMandatory(reader: Reader, length: number, into: Parameters): boolean {
  if (length === 0 || length % 2 !== 0) return false;
  while (reader.remaining() > 0) {
    const key = reader.be16();
    // Ascending, each once, and never itself.
    if (key <= (into.mandatory.at(-1) ?? SVC_MANDATORY)) return false;
    into.mandatory.push(key);
  }
  return true;
}

function readAlpn(reader: Reader, into: Parameters): boolean {
  while (reader.remaining() > 0) {
    const length = reader.u8();
    if (length === 0 || length > reader.remaining()) return false;
    if (into.alpn.length < maxAlpn) into.alpn.push(readLabel(reader, length));
    else reader.skip(length);
  }
  return true;
}

function readHints(reader: Reader, length: number, size: 4 | 16, into: Parameters): boolean {
  if (length === 0 || length % size !== 0) return false;
  const count = length / size;
  for (let at = 0; at < Math.min(count, maxHints); at++) into.hints.push(readAddress(reader, size));
  into.hintsNotTaken += Math.max(0, count - maxHints);
  return true;
}

/** 4 or 16 bytes in network order; one that stands for an IPv4 address is that. */
export function readAddress(reader: Reader, size: 4 | 16): Address {
  if (size === 4) return ipv4(reader.be32());
  return ipv6(reader.be32(), reader.be32(), reader.be32(), reader.be32());
}
