// Reads names that somebody wrote as text (RFC 1035 5.1) into the one text that `readName` gives for the same name.
import { fail, ok, type Result } from '#std/result.ts';
import { maxLabelBytes, maxNameBytes, writtenByte } from './name.ts';

/** `bad-label`: empty or more than 63 bytes; `bad-escape`: a backslash with nothing behind it, or a number above 255. */
export type NameTextError = 'bad-label' | 'bad-escape' | 'name-too-long';

const encoder = new TextEncoder();
const DOT = 0x2e;
const BACKSLASH = 0x5c;

/** With a dot at its end or without; nothing, like a dot alone, is the root. Characters beyond ASCII are their UTF-8. */
export function parseNameText(text: string): Result<string, NameTextError> {
  // Each byte is at most `\DDD`.
  if (text.length > 4 * maxNameBytes) return fail('name-too-long');
  if (text === '' || text === '.') return ok('.');
  const bytes = encoder.encode(text);
  let name = '';
  let total = 1;
  let label = 0;
  for (let at = 0; at < bytes.length; at++) {
    let byte = bytes[at] as number;
    if (byte === DOT) {
      if (label === 0) return fail('bad-label');
      total += label + 1;
      label = 0;
      if (at < bytes.length - 1) name += '.';
      continue;
    }
    if (byte === BACKSLASH) {
      const escaped = readEscape(bytes, at + 1);
      if (escaped === undefined) return fail('bad-escape');
      byte = escaped.byte;
      at += escaped.length;
    }
    name += writtenByte(byte);
    label += 1;
    if (label > maxLabelBytes) return fail('bad-label');
  }
  if (label > 0) total += label + 1;
  return total > maxNameBytes ? fail('name-too-long') : ok(name);
}

/** What stands behind a backslash: three digits, or one byte that is meant itself. */
function readEscape(bytes: Uint8Array, at: number): { readonly byte: number; readonly length: number } | undefined {
  const first = bytes[at];
  if (first === undefined) return undefined;
  if (!isDigit(first)) return { byte: first, length: 1 };
  const [second, third] = [bytes[at + 1], bytes[at + 2]];
  if (!isDigit(second) || !isDigit(third)) return undefined;
  const byte = (first - 0x30) * 100 + (second - 0x30) * 10 + (third - 0x30);
  return byte > 255 ? undefined : { byte, length: 3 };
}

function isDigit(byte: number | undefined): byte is number {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}
