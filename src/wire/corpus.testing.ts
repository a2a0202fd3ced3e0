// Reads test/corpus: real messages of the kernel and hostile ones, as bytes with a name.
import { readFileSync } from 'node:fs';

export interface Sample {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export function readCorpus(file: string): Sample[] {
  const path = new URL(`../../test/corpus/${file}.hex`, import.meta.url);
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const colon = line.lastIndexOf(': ');
      return { name: line.slice(0, colon), bytes: Uint8Array.from(Buffer.from(line.slice(colon + 2), 'hex')) };
    });
}

/** The one sample of this name. */
export function sampleOf(samples: readonly Sample[], name: string): Uint8Array {
  const found = samples.filter((sample) => sample.name === name);
  if (found.length !== 1 || found[0] === undefined) throw new Error(`${found.length} samples are named "${name}"`);
  return found[0].bytes;
}
