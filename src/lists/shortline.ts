// The lines that most lists are made of, one name with what stands around it, read from their bytes without a string. All
// others are left to line.ts, which reads these too, and in the same way.
import { maxNameBytes } from './hash.ts';
import type { EntryKind, ListFormat } from './line.ts';

/** For each byte what it is in a name, in lower case; 0 for what no name has. */
const folded = new Uint8Array(256);
for (const code of new TextEncoder().encode('abcdefghijklmnopqrstuvwxyz0123456789-_.')) folded[code] = code;
for (let code = 0x61; code <= 0x7a; code++) folded[code - 32] = code;

/** Addresses of nowhere, before a name in a hosts file. */
const nowhere = ['0.0.0.0', '127.0.0.1'].map((text) => new TextEncoder().encode(text));

const maxLabel = 63;
/** localhost.localdomain is as long; what begins and is as long as this is left to line.ts. */
const ownNameLength = 21;

/** Filled again and again by its owner. */
export class ShortLine {
  /** The name's bytes in lower case, `length` of them. */
  readonly name = new Uint8Array(256);
  length = 0;
  kind: EntryKind = 'exact';
  format: ListFormat = 'domains';

  /** False for any other line, of which nothing is said. */
  read(bytes: Uint8Array, start: number, lineEnd: number): boolean {
    let at = start;
    let end = lineEnd;
    if (end > at && bytes[end - 1] === 0x0d) end -= 1;
    if (at === end) return false;
    this.kind = 'exact';
    this.format = 'domains';
    switch (bytes[at]) {
      case 0x30:
      case 0x31: {
        const after = afterNowhere(bytes, at, end);
        if (after === 0) break;
        at = after;
        this.format = 'hosts';
        break;
      }
      case 0x7c: // ||x^
        if (end - at < 4 || bytes[at + 1] !== 0x7c || bytes[end - 1] !== 0x5e) return false;
        at += 2;
        end -= 1;
        this.kind = 'both';
        this.format = 'adblock';
        break;
      case 0x2a: // *.x
        if (end - at < 2 || bytes[at + 1] !== 0x2e) return false;
        at += 2;
        this.kind = 'below';
        this.format = 'wildcards';
        break;
      case 0x2e: // .x
        at += 1;
        this.kind = 'both';
        this.format = 'wildcards';
        break;
    }
    return this.#readName(bytes, at, end);
  }

  /** At least two labels, of which the last begins with a letter, so that no address is a name. */
  #readName(bytes: Uint8Array, start: number, end: number): boolean {
    const { name } = this;
    const length = end - start;
    if (length < 3 || length > maxNameBytes) return false;
    let label = 0;
    for (let at = 0; at < length; at++) {
      const code = folded[bytes[start + at] as number] as number;
      if (code === 0) return false;
      name[at] = code;
      if (code !== 0x2e) continue;
      if (!isLabel(name, label, at)) return false;
      label = at + 1;
    }
    if (label === 0 || !isLabel(name, label, length) || (name[label] as number) < 0x61) return false;
    if (length === ownNameLength && name[0] === 0x6c) return false;
    this.length = length;
    return true;
  }
}

function isLabel(name: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  return length > 0 && length <= maxLabel && name[start] !== 0x2d && name[end - 1] !== 0x2d;
}

/** Where the name begins behind an address of nowhere and blanks; 0 without them. */
function afterNowhere(bytes: Uint8Array, start: number, end: number): number {
  for (const address of nowhere) {
    let at = start;
    for (let index = 0; index < address.length && bytes[at] === address[index]; index++) at++;
    if (at - start < address.length) continue;
    const blanks = at;
    while (at < end && (bytes[at] === 0x20 || bytes[at] === 0x09)) at++;
    return at > blanks ? at : 0;
  }
  return 0;
}
