// Writes an answer: the question as it came, records that were read before, and where the client knows EDNS, why it is none.
import { addressToBytes } from '#model/net/address.ts';
import { Writer } from '../writer.ts';
import type { DnsRecord } from './message.ts';
import { NameWriter } from './namewriter.ts';
import {
  CLASS_IN,
  FLAG_QR,
  FLAG_RA,
  FLAG_TC,
  HEADER_LENGTH,
  OPTION_EDE,
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
import { type DnsQuery, ednsSize } from './query.ts';

export interface DnsAnswer {
  /** An RCODE_… number. */
  readonly rcode: number;
  readonly records?: readonly DnsRecord[];
  /** RFC 8914: an EDE_… number and a sentence of at most 100 bytes for people. */
  readonly because?: { readonly code: number; readonly text: string };
}

const typeNumbers: Readonly<Record<DnsRecord['type'], number>> = {
  A: TYPE_A,
  AAAA: TYPE_AAAA,
  CNAME: TYPE_CNAME,
  DNAME: TYPE_DNAME,
  HTTPS: TYPE_HTTPS,
  PTR: TYPE_PTR,
  SRV: TYPE_SRV,
  SVCB: TYPE_SVCB,
};
const encoder = new TextEncoder();

/** At most `most` bytes, 512 or more: what is longer is said to be truncated, and has no records. TTLs are at most `ttl` seconds. */
export function formatAnswer(query: DnsQuery, answer: DnsAnswer, most: number, ttl: number): Uint8Array {
  const whole = write(query, answer, answer.records ?? [], 0, ttl);
  return whole.length <= most ? whole : write(query, answer, [], FLAG_TC, ttl);
}

function write(
  query: DnsQuery,
  { rcode, because }: DnsAnswer,
  records: readonly DnsRecord[],
  flags: number,
  ttl: number,
): Uint8Array {
  const { id, repeated, question, asked, edns } = query;
  const writer = Writer.growing(512);
  writer.be16(id);
  writer.be16(FLAG_QR | FLAG_RA | repeated | flags | (rcode & 15));
  for (const count of [1, records.length, 0, edns === undefined ? 0 : 1]) writer.be16(count);
  writer.put(asked);
  const names = new NameWriter(writer);
  names.found(question.name, HEADER_LENGTH);
  for (const record of records) writeRecord(writer, names, record, ttl);
  if (edns !== undefined) writeOpt(writer, rcode, because);
  return writer.finished();
}

function writeRecord(writer: Writer, names: NameWriter, record: DnsRecord, ttl: number): void {
  names.write(record.owner);
  writer.be16(typeNumbers[record.type]);
  writer.be16(CLASS_IN);
  writer.be32(Math.min(record.ttl, ttl));
  const lengthAt = writer.length;
  writer.be16(0);
  writeData(writer, names, record);
  const length = writer.length - lengthAt - 2;
  writer.bytes[lengthAt] = length >>> 8;
  writer.bytes[lengthAt + 1] = length & 255;
}

function writeData(writer: Writer, names: NameWriter, record: DnsRecord): void {
  switch (record.type) {
    case 'A':
    case 'AAAA':
      writer.put(addressToBytes(record.address));
      return;
    case 'CNAME':
    case 'PTR':
      names.write(record.target);
      return;
    case 'DNAME':
      names.write(record.target, false);
      return;
    case 'SRV':
      for (const word of [record.priority, record.weight, record.port]) writer.be16(word);
      names.write(record.target, false);
      return;
    case 'SVCB':
    case 'HTTPS':
      writer.put(record.data);
      return;
  }
}

/** RFC 6891 6.1.3, and RFC 8914 2 in it. */
function writeOpt(writer: Writer, rcode: number, because: DnsAnswer['because']): void {
  writer.u8(0);
  writer.be16(TYPE_OPT);
  writer.be16(ednsSize);
  writer.be32((rcode >> 4) << 24);
  if (because === undefined) {
    writer.be16(0);
    return;
  }
  const text = encoder.encode(because.text);
  writer.be16(6 + text.length);
  writer.be16(OPTION_EDE);
  writer.be16(2 + text.length);
  writer.be16(because.code);
  writer.put(text);
}
