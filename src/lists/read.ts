// A whole list: its lines one after another, what it is, and what of it could not be used.
import { maxNameBytes } from './hash.ts';
import { type EntryKind, type ListFormat, listFormats, parseLine } from './line.ts';
import type { Range } from './range.ts';
import { ShortLine } from './shortline.ts';

export interface Skipped {
  /** From 1. */
  readonly line: number;
  readonly text: string;
  readonly why: string;
}

export interface ListReport {
  /** Of most entries; undefined where there are none. */
  readonly format: ListFormat | undefined;
  readonly names: number;
  readonly addresses: number;
  readonly skipped: number;
  /** The first of them. */
  readonly examples: readonly Skipped[];
}

const maxExamples = 5;
const maxExampleBytes = 80;
/** A line that is longer is no line of a list. */
const maxLine = 4096;

export interface ListSink {
  /** `bytes` are valid during the call alone; the name is their first `length`, in ASCII and lower case. */
  name(bytes: Uint8Array, length: number, kind: EntryKind, line: number): void;
  /** `text` is the range as it stands in the list. */
  range(range: Range, text: string, line: number): void;
}

/** Reads UTF-8; what is none becomes U+FFFD and is skipped with its line. */
export function readList(bytes: Uint8Array, sink: ListSink): ListReport {
  const decoder = new TextDecoder();
  const counts = new Map<ListFormat, number>(listFormats.map((format) => [format, 0]));
  const count = (format: ListFormat, more: number) => counts.set(format, (counts.get(format) ?? 0) + more);
  const examples: Skipped[] = [];
  let skipped = 0;
  let names = 0;
  const short = new ShortLine();
  const scratch = new Uint8Array(maxNameBytes);
  for (let at = 0, number = 1; at < bytes.length; number++) {
    const next = bytes.indexOf(0x0a, at);
    const end = next < 0 ? bytes.length : next;
    const begin = at;
    at = end + 1;
    if (short.read(bytes, begin, end)) {
      names += 1;
      count(short.format, 1);
      sink.name(short.name, short.length, short.kind, number);
      continue;
    }
    const line = end - begin > maxLine ? undefined : parseLine(decoder.decode(bytes.subarray(begin, end)));
    if (line?.type === 'names') {
      names += line.names.length;
      count(line.format, line.names.length);
      for (const name of line.names) {
        for (let place = 0; place < name.length; place++) scratch[place] = name.charCodeAt(place);
        sink.name(scratch, name.length, line.kind, number);
      }
    } else if (line?.type === 'range') {
      count('addresses', 1);
      sink.range(line.range, line.text, number);
    } else if (line === undefined || line.type === 'skipped') {
      skipped += 1;
      if (examples.length < maxExamples) {
        const shown = decoder.decode(bytes.subarray(begin, Math.min(end, begin + maxExampleBytes))).trim();
        examples.push({ line: number, text: shown, why: line?.why ?? 'too long' });
      }
    }
  }
  let format: ListFormat | undefined;
  let most = 0;
  for (const [one, entries] of counts) {
    if (entries <= most) continue;
    most = entries;
    format = one;
  }
  return { format, names, addresses: counts.get('addresses') ?? 0, skipped, examples };
}
