// Reads what a program asks, strictly, and writes questions of our own: nothing of the one reaches the other but name and type.
import { fail, ok, type Result } from '#std/result.ts';
import { Reader } from '../reader.ts';
import { Writer } from '../writer.ts';
import type { DnsQuestion } from './message.ts';
import { readName } from './name.ts';
import { NameWriter } from './namewriter.ts';
import {
  CLASS_IN,
  FLAG_AD,
  FLAG_CD,
  FLAG_QR,
  FLAG_RD,
  HEADER_LENGTH,
  OPCODE_QUERY,
  RCODE_FORMERR,
  RCODE_NOTIMP,
  TYPE_OPT,
} from './numbers.ts';

export interface DnsQuery {
  readonly id: number;
  /** The RD and CD bits, which an answer repeats. */
  readonly repeated: number;
  readonly question: DnsQuestion;
  /** The question section as it came, for the answer: clients compare even the case of its letters. */
  readonly asked: Uint8Array;
  /** What the OPT record says, where there is one: bytes that the client takes by UDP, and the version. */
  readonly edns: { readonly size: number; readonly version: number } | undefined;
}

/** Why this is no question; `reply` is an answer that says so, and is undefined where none is due. */
export interface QueryProblem {
  readonly reply: Uint8Array | undefined;
}

/** RFC 9715 3.2: bytes that pass by UDP nearly everywhere without being cut. */
export const ednsSize = 1232;

// Scratch of one call, as in message.ts.
const reader = new Reader();
/** Of the second word of the header, what a question may have. */
const allowedFlags = FLAG_RD | FLAG_AD | FLAG_CD;

/**
 * One question in the first section without compression, at most an OPT record behind it, and not a byte more. Its class may
 * be any.
 */
export function parseQuery(bytes: Uint8Array): Result<DnsQuery, QueryProblem> {
  reader.reset(bytes);
  const id = reader.be16();
  const flags = reader.be16();
  const [questions, answers, authority, additional] = [reader.be16(), reader.be16(), reader.be16(), reader.be16()];
  // Whoever answers answers can be made to talk to himself.
  if (reader.error !== undefined || (flags & FLAG_QR) !== 0) return fail({ reply: undefined });
  const opcode = (flags >> 11) & 15;
  if (opcode !== OPCODE_QUERY) return fail({ reply: formatProblem(id, flags, RCODE_NOTIMP) });
  const malformed = fail({ reply: formatProblem(id, flags, RCODE_FORMERR) });
  const counts = questions === 1 && answers === 0 && authority === 0 && (additional ?? 0) <= 1;
  if (!counts || (flags & ~allowedFlags) !== 0) return malformed;
  const name = readName(reader, 0, false);
  if (!name.ok) return malformed;
  const question = { name: name.value, type: reader.be16(), class: reader.be16() };
  const asked = bytes.slice(HEADER_LENGTH, reader.offset);
  const edns = additional === 1 ? readOpt() : undefined;
  if (reader.error !== undefined || reader.remaining() !== 0) return malformed;
  return ok({ id, repeated: flags & (FLAG_RD | FLAG_CD), question, asked, edns });
}

/** RFC 6891 6.1.2 and 6.1.3. Options are checked for their lengths and left. */
function readOpt(): DnsQuery['edns'] {
  const [root, type, size, ttl, length] = [reader.u8(), reader.be16(), reader.be16(), reader.be32(), reader.be16()];
  if (root !== 0 || type !== TYPE_OPT || length !== reader.remaining()) reader.fail('bad-length');
  while (reader.remaining() > 0) {
    reader.skip(2);
    reader.skip(reader.be16());
  }
  return { size, version: (ttl >>> 16) & 255 };
}

/** A header alone, as there is no question that could be repeated. */
function formatProblem(id: number, flags: number, rcode: number): Uint8Array {
  const writer = Writer.growing(HEADER_LENGTH);
  writer.be16(id);
  writer.be16(FLAG_QR | (flags & (0x7800 | FLAG_RD)) | rcode);
  writer.zeros(8);
  return writer.finished();
}

/** A question of our own. The name is as `readName` gives it. */
export function formatQuery(id: number, { name, type }: Pick<DnsQuestion, 'name' | 'type'>): Uint8Array {
  const writer = Writer.growing(HEADER_LENGTH + name.length + 32);
  for (const word of [id, FLAG_RD, 1, 0, 0, 1]) writer.be16(word);
  new NameWriter(writer).write(name);
  writer.be16(type);
  writer.be16(CLASS_IN);
  writer.u8(0);
  writer.be16(TYPE_OPT);
  writer.be16(ednsSize);
  writer.be32(0);
  writer.be16(0);
  return writer.finished();
}
