// Host names as clients write them into their first words: checked, and in the one form in which rules compare them.
import { fail, ok, type Result } from '#std/result.ts';

/**
 * Why bytes are no host name: `address` they are an IP address, which names nobody; `empty`; `too-long` more than 253
 * bytes or a label of more than 63; `bad-label` a byte that is no letter, digit, `-` or `_`, or a `-` at an end.
 */
export type HostNameError = 'address' | 'empty' | 'too-long' | 'bad-label';

/** RFC 1035 2.3.4: 255 bytes with the lengths of the labels and the root are 253 of text. */
const maxName = 253;
const maxLabel = 63;
/** RFC 5890 2.3.1, and `_`, which names of services have. Names in other scripts are sent as A-labels. */
const labelPattern = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$/;
/** What inet_aton and WHATWG's host parser take for a number; a name that ends in one is an IPv4 address to them, or an error. */
const numberPattern = /^([0-9]+|0x[0-9a-f]*)$/;
const colon = 0x3a;

/** The name in `bytes` from `start` up to `end`: lower case, without a dot at its end. Never throws. */
export function parseHostName(bytes: Uint8Array, start: number, end: number): Result<string, HostNameError> {
  if (end <= start) return fail('empty');
  // One for a dot at the end, which RFC 6066 3 forbids but which means the same name.
  if (end - start > maxName + 1) return fail('too-long');
  let text = '';
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte === colon) return fail('address');
    text += String.fromCharCode(byte);
  }
  // Letters of ASCII alone: others have no place in a name, and toLowerCase would map some of them into ASCII.
  const name = text.replace(/[A-Z]/g, (letter) => letter.toLowerCase()).replace(/\.$/, '');
  if (name === '') return fail('empty');
  const labels = name.split('.');
  if (labels.some((label) => label.length > maxLabel) || name.length > maxName) return fail('too-long');
  if (labels.some((label) => !labelPattern.test(label))) return fail('bad-label');
  return numberPattern.test(labels.at(-1) as string) ? fail('address') : ok(name);
}
