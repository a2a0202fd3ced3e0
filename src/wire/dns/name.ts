// Reads domain names of DNS messages into one text for each name: lower case, printable, and never the same for two names.
import { fail, ok, type Result } from '#std/result.ts';
import type { Reader } from '../reader.ts';
import { HEADER_LENGTH } from './numbers.ts';

/**
 * `truncated`: it ends after the message or its record; `bad-label`: a label type that is neither a label nor a pointer;
 * `bad-pointer`: one that does not lead backwards, stands where none may, or follows on too many others;
 * `name-too-long`: more than 255 bytes.
 */
export type NameError = 'truncated' | 'bad-label' | 'bad-pointer' | 'name-too-long';

/** RFC 1035 2.3.4: bytes, with the lengths of the labels and the root. */
export const maxNameBytes = 255;
export const maxLabelBytes = 63;
/** A name has at most 127 labels, and nobody needs a pointer that only leads to the next one. */
const maxPointers = 127;

/**
 * How each byte of a label is written: RFC 4343 compares names in lower case of ASCII alone; letters, digits, `-` and `_`
 * stand for themselves, everything else is `\DDD` (RFC 1035 5.1), the dot and the backslash too.
 */
const written = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  return /[A-Za-z0-9_-]/.test(character) ? character.toLowerCase() : `\\${String(byte).padStart(3, '0')}`;
});

/** How one byte of a label is written; 0 to 255. */
export function writtenByte(byte: number): string {
  return written[byte] as string;
}

/** The text of one label, or of other bytes that should be read like one. */
export function readLabel(reader: Reader, length: number): string {
  let text = '';
  for (let count = 0; count < length && reader.error === undefined; count++) text += written[reader.u8()];
  return text;
}

/**
 * The name at the reader's place, which is left behind it; without a dot at its end, and `.` for the root. `message` is
 * where the message begins, from which pointers count. Each pointer must lead before the place that the labels read last
 * began at (RFC 1035 4.1.4: "a prior occurrence"), so that no name can loop.
 */
export function readName(reader: Reader, message: number, compressed = true): Result<string, NameError> {
  const { end } = reader;
  let text = '';
  let bytes = 1;
  let began = reader.offset;
  let behind = -1;
  for (let pointers = 0; ; ) {
    const head = reader.u8();
    if (head === 0) break;
    if (head <= maxLabelBytes) {
      bytes += head + 1;
      if (bytes > maxNameBytes) return fail('name-too-long');
      const label = readLabel(reader, head);
      text = text === '' ? label : `${text}.${label}`;
    } else if (head < 0xc0) {
      return fail('bad-label');
    } else {
      const target = message + (((head & 0x3f) << 8) | reader.u8());
      if (reader.error !== undefined) return fail('truncated');
      pointers += 1;
      const leadsBack = target >= message + HEADER_LENGTH && target < began;
      if (!compressed || !leadsBack || pointers > maxPointers) return fail('bad-pointer');
      if (behind < 0) behind = reader.offset;
      reader.move(target, end);
      began = target;
    }
  }
  if (reader.error !== undefined) return fail('truncated');
  if (behind >= 0) reader.move(behind, end);
  return ok(text === '' ? '.' : text);
}

/** Moves behind a name that nobody wants to know; where its pointer leads is not looked at. */
export function skipName(reader: Reader): NameError | undefined {
  for (let bytes = 1; ; ) {
    const head = reader.u8();
    if (head === 0) break;
    if (head >= 0xc0) {
      reader.skip(1);
      break;
    }
    if (head > maxLabelBytes) return 'bad-label';
    bytes += head + 1;
    if (bytes > maxNameBytes) return 'name-too-long';
    reader.skip(head);
  }
  return reader.error === undefined ? undefined : 'truncated';
}

/** How many bytes a name takes in a message that does not compress it. `name` is a text as `readName` gives it. */
export function nameBytes(name: string): number {
  return name === '.' ? 1 : name.replace(/\\\d{3}/g, 'x').length + 2;
}
