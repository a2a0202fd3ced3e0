// A BPF map by its descriptor. Keys and values are bytes in preallocated buffers, as the kernel has them.
import { closeSync } from 'node:fs';
import { fail, ok, type Result } from '#std/result.ts';
import { SystemError } from '../ffi.ts';
import { failure, type Libbpf } from './libbpf.ts';

export const updateFlags = { any: 0, noExist: 1, exist: 2 } as const; // include/uapi/linux/bpf.h

/** Keys and values of a batch, one behind the other. */
export interface Batch {
  readonly count: number;
  readonly keys: Buffer;
  readonly values: Buffer;
}

export class BpfMap {
  readonly fd: number;
  readonly #lib: Libbpf;
  readonly #name: string;
  readonly #keySize: number;
  readonly #valueSize: number;

  constructor(lib: Libbpf, fd: number, name: string, keySize: number, valueSize: number) {
    this.#lib = lib;
    this.fd = fd;
    this.#name = name;
    this.#keySize = keySize;
    this.#valueSize = valueSize;
  }

  /** Whether there is such a key; the value is then in `value`. */
  lookup(key: Uint8Array, value: Uint8Array): boolean {
    return this.#lib.bpf_map_lookup_elem(this.fd, key, value) === 0;
  }

  /** The error is the kernel's name for it: E2BIG when the map is full, EEXIST, ENOENT. */
  update(key: Uint8Array, value: Uint8Array, flags: number = updateFlags.any): Result<void> {
    const result = this.#lib.bpf_map_update_elem(this.fd, key, value, flags);
    return result === 0 ? ok(undefined) : fail(failure(result));
  }

  /** Whether there was such a key. */
  delete(key: Uint8Array): boolean {
    return this.#lib.bpf_map_delete_elem(this.fd, key) === 0;
  }

  /** Key after key, while nobody else changes the map. */
  *keys(): Generator<Buffer> {
    for (let at: Buffer | null = null; ; ) {
      const next: Buffer = Buffer.alloc(this.#keySize);
      if (this.#lib.bpf_map_get_next_key(this.fd, at, next) !== 0) return;
      at = next;
      yield next;
    }
  }

  /** All entries of a hash map, `room` at a time; each batch is valid until the next. An entry may be missing that changed meanwhile. */
  *batches(room = 1024): Generator<Batch> {
    const keys = Buffer.alloc(room * this.#keySize);
    const values = Buffer.alloc(room * this.#valueSize);
    // The kernel writes the number of a bucket, or a key.
    const place = Buffer.alloc(Math.max(this.#keySize, 8));
    for (let first = true; ; first = false) {
      const count: [number] = [room];
      const result = this.#lib.bpf_map_lookup_batch(this.fd, first ? null : place, place, keys, values, count, null);
      const error = result === 0 ? undefined : failure(result);
      // ENOENT: these were the last.
      if (error !== undefined && error !== 'ENOENT') throw new Error(`read the map ${this.#name}: ${error}`);
      if (count[0] > 0) {
        yield {
          count: count[0],
          keys: keys.subarray(0, count[0] * this.#keySize),
          values: values.subarray(0, count[0] * this.#valueSize),
        };
      }
      if (error !== undefined) return;
    }
  }

  /** Writes `count` entries in one call. */
  updateBatch(keys: Uint8Array, values: Uint8Array, count: number): Result<void> {
    const result = this.#lib.bpf_map_update_batch(this.fd, keys, values, [count], null);
    return result === 0 ? ok(undefined) : fail(failure(result));
  }

  close(): void {
    closeSync(this.fd);
  }
}

/** The map that is pinned at this path. */
export function openPinned(lib: Libbpf, path: string, name: string, keySize: number, valueSize: number): BpfMap {
  const fd = lib.bpf_obj_get(path);
  if (fd < 0) throw new SystemError(`open the pinned map ${path}`, -fd);
  return new BpfMap(lib, fd, name, keySize, valueSize);
}
