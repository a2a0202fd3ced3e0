// A whole list: its lines one after another, what it is, and what of it could not be used.
import { type EntryKind, type ListFormat, listFormats, parseLine } from './line.ts';
import type { Range } from './range.ts';

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
const maxExampleText = 80;
/** A line that is longer is no line of a list. */
const maxLine = 4096;

export interface ListSink {
  name(name: string, kind: EntryKind, line: number): void;
  range(range: Range, line: number): void;
}

/** Reads UTF-8; what is none becomes U+FFFD and is skipped with its line. */
export function readList(bytes: Uint8Array, sink: ListSink): ListReport {
  const text = new TextDecoder('utf-8', { ignoreBOM: false }).decode(bytes);
  const counts: Record<ListFormat, number> = {
    hosts: 0,
    domains: 0,
    wildcards: 0,
    adblock: 0,
    dnsmasq: 0,
    addresses: 0,
  };
  const examples: Skipped[] = [];
  let skipped = 0;
  let names = 0;
  for (let at = 0, number = 1; at < text.length; number++) {
    const next = text.indexOf('\n', at);
    const end = next < 0 ? text.length : next;
    const begin = at;
    const line = end - begin > maxLine ? undefined : parseLine(text.slice(begin, end));
    at = end + 1;
    if (line?.type === 'names') {
      counts[line.format] += line.names.length;
      names += line.names.length;
      for (const name of line.names) sink.name(name, line.kind, number);
    } else if (line?.type === 'range') {
      counts.addresses += 1;
      sink.range(line.range, number);
    } else if (line === undefined || line.type === 'skipped') {
      skipped += 1;
      if (examples.length < maxExamples) {
        const shown = text.slice(begin, Math.min(end, begin + maxExampleText)).trim();
        examples.push({ line: number, text: shown, why: line?.why ?? 'too long' });
      }
    }
  }
  let format: ListFormat | undefined;
  for (const one of listFormats) if (counts[one] > (format === undefined ? 0 : counts[format])) format = one;
  return { format, names, addresses: counts.addresses, skipped, examples };
}
