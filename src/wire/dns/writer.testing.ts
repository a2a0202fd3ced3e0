// Writes DNS messages for tests, by itself and not with the tables of the reader: right ones by default, wrong ones when asked to.
import { type Address, addressToBytes, parseAddress } from '#model/net/address.ts';

export const types = {
  A: 1,
  NS: 2,
  CNAME: 5,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  DNAME: 39,
  OPT: 41,
  SVCB: 64,
  HTTPS: 65,
  ANY: 255,
};

export interface QuestionParts {
  readonly name: string;
  readonly type: number;
  readonly class?: number;
}

/** What stands in a record's data: bytes, or a name that may be compressed. */
export type DataPart = readonly number[] | { readonly name: string };

export interface RecordParts {
  readonly owner: string;
  readonly type: number;
  readonly ttl?: number;
  readonly class?: number;
  readonly data: readonly DataPart[];
  /** Instead of the right one. */
  readonly length?: number;
}

export interface MessageParts {
  readonly id?: number;
  readonly response?: boolean;
  readonly opcode?: number;
  readonly tc?: boolean;
  readonly rcode?: number;
  readonly questions?: readonly QuestionParts[];
  readonly answers?: readonly RecordParts[];
  readonly authority?: readonly RecordParts[];
  readonly additional?: readonly RecordParts[];
  /** Instead of the right ones: QDCOUNT, ANCOUNT, NSCOUNT, ARCOUNT. */
  readonly counts?: readonly number[];
  /** False writes every name out. */
  readonly compress?: boolean;
}

export const be16 = (value: number): number[] => [(value >>> 8) & 255, value & 255];
const be32 = (value: number): number[] => [...be16(value >>> 16), ...be16(value)];

/** The labels of a name in master-file text: `\DDD` is a byte, and a dot separates. Case stays. */
function labelsOf(name: string): number[][] {
  if (name === '.') return [];
  return name
    .split('.')
    .map((label) =>
      [...label.matchAll(/\\(\d{3})|./gs)].map((found) =>
        found[1] === undefined ? found[0].charCodeAt(0) : Number(found[1]),
      ),
    );
}

export function nameOf(name: string): number[] {
  return [...labelsOf(name).flatMap((label) => [label.length, ...label]), 0];
}

function address(text: string | Address): number[] {
  const value = typeof text === 'string' ? parseAddress(text) : text;
  if (value === undefined) throw new Error(`not an address: ${text}`);
  return [...addressToBytes(value)];
}

export const a = (owner: string, to: string | Address, ttl = 300): RecordParts => ({
  owner,
  type: types.A,
  ttl,
  data: [address(to)],
});
export const aaaa = (owner: string, to: string | Address, ttl = 300): RecordParts => ({
  ...a(owner, to, ttl),
  type: types.AAAA,
});
export const cname = (owner: string, target: string, ttl = 300): RecordParts => ({
  owner,
  type: types.CNAME,
  ttl,
  data: [{ name: target }],
});
export const dname = (owner: string, target: string, ttl = 300): RecordParts => ({
  owner,
  type: types.DNAME,
  ttl,
  data: [nameOf(target)],
});

/** One SvcParam. */
export const param = (key: number, value: readonly number[]): number[] => [
  ...be16(key),
  ...be16(value.length),
  ...value,
];
export const ipv4hint = (...to: string[]): number[] => param(4, to.flatMap(address));
export const ipv6hint = (...to: string[]): number[] => param(6, to.flatMap(address));
export const alpn = (...ids: string[]): number[] =>
  param(
    1,
    ids.flatMap((id) => [id.length, ...Buffer.from(id, 'latin1')]),
  );

export const https = (
  owner: string,
  priority: number,
  target: string,
  params: readonly number[] = [],
  ttl = 300,
): RecordParts => ({
  owner,
  type: types.HTTPS,
  ttl,
  data: [be16(priority), nameOf(target), params],
});

export function buildMessage(parts: MessageParts): Uint8Array {
  const { questions = [], answers = [], authority = [], additional = [], compress = true } = parts;
  const counts = parts.counts ?? [questions.length, answers.length, authority.length, additional.length];
  const flags =
    (parts.response === false ? 0 : 0x8000) |
    ((parts.opcode ?? 0) << 11) |
    (parts.tc === true ? 0x0200 : 0) |
    0x0100 |
    (parts.rcode ?? 0);
  const out = [...be16(parts.id ?? 1), ...be16(flags), ...counts.flatMap(be16)];
  const seen = new Map<string, number>();
  const putName = (name: string) => {
    const labels = labelsOf(name);
    for (let at = 0; at < labels.length; at++) {
      const suffix = JSON.stringify(labels.slice(at));
      const before = seen.get(suffix);
      if (compress && before !== undefined) {
        out.push(...be16(0xc000 | before));
        return;
      }
      if (out.length < 0x4000) seen.set(suffix, out.length);
      const label = labels[at] ?? [];
      out.push(label.length, ...label);
    }
    out.push(0);
  };
  for (const question of questions) {
    putName(question.name);
    out.push(...be16(question.type), ...be16(question.class ?? 1));
  }
  for (const record of [...answers, ...authority, ...additional]) {
    putName(record.owner);
    out.push(...be16(record.type), ...be16(record.class ?? 1), ...be32(record.ttl ?? 300), 0, 0);
    const data = out.length;
    for (const part of record.data) {
      if ('name' in part) putName(part.name);
      else for (const byte of part) out.push(byte);
    }
    const [high = 0, low = 0] = be16(record.length ?? out.length - data);
    out[data - 2] = high;
    out[data - 1] = low;
  }
  return Uint8Array.from(out);
}

/** A query for a name, as a resolver sends it. */
export function buildQuery(id: number, name: string, type = types.A): Uint8Array {
  return buildMessage({ id, response: false, questions: [{ name, type }] });
}

/** With the two-byte length that DNS over TCP has. */
export function framed(...messages: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(messages.flatMap((message) => [...be16(message.length), ...message]));
}
