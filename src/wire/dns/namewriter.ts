// Writes domain names into one DNS message, compressed where they may be (RFC 1035 4.1.4).
import type { Writer } from '../writer.ts';

/** A pointer has 14 bits. */
const reachable = 0x4000;

export class NameWriter {
  readonly #writer: Writer;
  /** Where the message begins, from which pointers count. */
  readonly #start: number;
  /** Where each end of a name stands already. */
  readonly #seen = new Map<string, number>();

  constructor(writer: Writer, start = 0) {
    this.#writer = writer;
    this.#start = start;
  }

  /** `name` as `readName` gives it. RFC 2782 and RFC 9460 want some names in data written out. */
  write(name: string, compressed = true): void {
    const writer = this.#writer;
    for (let rest = name === '.' ? '' : name; rest !== ''; ) {
      const before = this.#seen.get(rest);
      if (compressed && before !== undefined) {
        writer.be16(0xc000 | before);
        return;
      }
      this.#note(rest, writer.length - this.#start);
      const label = firstLabel(rest);
      writer.u8(label.bytes.length);
      writer.put(label.bytes);
      rest = label.rest;
    }
    writer.u8(0);
  }

  /** That this name stands `at` bytes behind the beginning, written out by somebody else. */
  found(name: string, at: number): void {
    for (let rest = name === '.' ? '' : name; rest !== ''; ) {
      this.#note(rest, at);
      const label = firstLabel(rest);
      at += 1 + label.bytes.length;
      rest = label.rest;
    }
  }

  #note(name: string, at: number): void {
    if (at < reachable && !this.#seen.has(name)) this.#seen.set(name, at);
  }
}

function firstLabel(name: string): { readonly bytes: readonly number[]; readonly rest: string } {
  const dot = name.indexOf('.');
  return dot < 0
    ? { bytes: bytesOf(name), rest: '' }
    : { bytes: bytesOf(name.slice(0, dot)), rest: name.slice(dot + 1) };
}

/** The bytes of a label in which `\DDD` stands for one. */
function bytesOf(label: string): number[] {
  const bytes: number[] = [];
  for (let at = 0; at < label.length; at++) {
    if (label[at] === '\\') {
      bytes.push(Number(label.slice(at + 1, at + 4)));
      at += 3;
    } else bytes.push(label.charCodeAt(at));
  }
  return bytes;
}
