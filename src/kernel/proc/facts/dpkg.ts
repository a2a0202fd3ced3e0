// Which Debian package owns a file: an index of the lists that dpkg keeps, eight bytes for each file.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Owner } from './packages.ts';

/** FNV-1a over the bytes of a path; 32 bits: two paths may share one, so every hit is looked up in the package's own list. */
function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  return hash >>> 0;
}

/** The line without its end, for each; a file without a last line's end is read the same. */
function* linesOf(bytes: Uint8Array): Generator<readonly [start: number, end: number]> {
  for (let start = 0; start < bytes.length; ) {
    const found = bytes.indexOf(10, start);
    const end = found < 0 ? bytes.length : found;
    if (end > start) yield [start, end];
    start = end + 1;
  }
}

/** Where /bin, /sbin and /lib are links into /usr, lists may have either path. */
function mergedAliases(path: string): string[] {
  const merged = /^\/usr(\/(?:bin|sbin|lib\w*)\/.*)$/.exec(path)?.[1];
  if (merged !== undefined) return [path, merged];
  return /^\/(?:bin|sbin|lib\w*)\//.test(path) ? [path, `/usr${path}`] : [path];
}

function readOr(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    return Buffer.alloc(0);
  }
}

export class DpkgIndex {
  readonly #folder: string;
  /** Names of the lists, `curl.list` or `libc6:amd64.list`. */
  readonly #lists: string[];
  /** Hash of a path in the upper half, number of its list in the lower 21 bits; in order. */
  readonly #keys: Float64Array;
  /** From a path that was moved away for another package's file to the path it has now, and to the package whose file took the place. */
  readonly #diverted = new Map<string, { readonly to: string; readonly by: string }>();
  readonly #status: string;
  readonly #aliases: (path: string) => string[];

  /** Reads all lists: about a second for half a million files. `folder` is /var/lib/dpkg; `merged`: /bin is /usr/bin. */
  constructor(folder: string, merged: boolean) {
    this.#folder = folder;
    this.#aliases = merged ? mergedAliases : (path) => [path];
    this.#lists = readdirSync(join(folder, 'info')).filter((name) => name.endsWith('.list'));
    this.#keys = this.#index();
    this.#readDiversions();
    this.#status = readOr(join(folder, 'status')).toString('utf8');
  }

  get files(): number {
    return this.#keys.length;
  }

  #index(): Float64Array {
    let keys = new Float64Array(1 << 16);
    let count = 0;
    for (const [number, name] of this.#lists.entries()) {
      const bytes = readOr(join(this.#folder, 'info', name));
      for (const [start, end] of linesOf(bytes)) {
        if (count === keys.length) {
          const larger = new Float64Array(keys.length * 2);
          larger.set(keys);
          keys = larger;
        }
        keys[count++] = hashBytes(bytes, start, end) * 2 ** 21 + number;
      }
    }
    return keys.slice(0, count).sort();
  }

  /** Three lines each: the path, where it was moved, the package it was moved for (dpkg-divert(1)); `:` is the administrator. */
  #readDiversions(): void {
    const lines = readOr(join(this.#folder, 'diversions')).toString('utf8').split('\n');
    for (let at = 0; at + 2 < lines.length; at += 3) {
      const [from = '', to = '', by = ''] = lines.slice(at, at + 3);
      this.#diverted.set(from, { to, by });
    }
  }

  /** null: no package has the file. */
  find(path: string): Owner | null {
    for (const alias of this.#aliases(path)) {
      const owners = this.#ownersOf(alias);
      const diversion = this.#diverted.get(alias);
      // In a diverted place stands the file of the package that asked for it; all others' was moved.
      const name = diversion === undefined ? owners[0] : owners.find((owner) => owner === diversion.by);
      if (name !== undefined) return this.#owner(name);
    }
    for (const [from, { to, by }] of this.#diverted) {
      if (!this.#aliases(path).includes(to)) continue;
      const name = this.#ownersOf(from).find((owner) => owner !== by);
      if (name !== undefined) return this.#owner(name);
    }
    return null;
  }

  #ownersOf(path: string): string[] {
    const bytes = Buffer.from(path);
    const low = hashBytes(bytes, 0, bytes.length) * 2 ** 21;
    const wanted = Buffer.from(`\n${path}\n`);
    const owners: string[] = [];
    for (let at = this.#firstAtLeast(low); (this.#keys[at] ?? Number.POSITIVE_INFINITY) < low + 2 ** 21; at++) {
      const list = this.#lists[(this.#keys[at] as number) - low] as string;
      const lines = Buffer.concat([Buffer.from('\n'), readOr(join(this.#folder, 'info', list)), Buffer.from('\n')]);
      if (lines.includes(wanted)) owners.push(list.slice(0, -'.list'.length).replace(/:[a-z0-9-]+$/, ''));
    }
    return owners;
  }

  #firstAtLeast(key: number): number {
    let [low, high] = [0, this.#keys.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] as number) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #owner(name: string): Owner {
    const status = this.#status;
    const begin = status.startsWith(`Package: ${name}\n`) ? 0 : status.indexOf(`\nPackage: ${name}\n`);
    if (begin < 0) return { name, version: undefined };
    const end = status.indexOf('\n\n', begin);
    return { name, version: /^Version: (.+)$/m.exec(status.slice(begin, end < 0 ? undefined : end))?.[1] };
  }
}
