// The settings that the programs in the kernel read, mapped into our memory: a change is one write.
import { statSync } from 'node:fs';
import { lastErrno, libc, memoryAt, SystemError } from '../ffi.ts';
import { layouts } from './layout.ts';

const pageBytes = 4096;
const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;

type Field = Exclude<keyof typeof layouts.config, 'size' | 'netns_cookie'>;

export class KernelConfig {
  readonly #address: number;
  readonly #words: Int32Array;
  readonly #cookie: BigInt64Array;

  /** `fd` is the map `config`. */
  constructor(fd: number) {
    this.#address = libc.mmap(null, pageBytes, PROT_READ_WRITE, MAP_SHARED, fd, 0);
    if (this.#address === -1) throw new SystemError('map the settings of the programs in the kernel', lastErrno());
    const memory = memoryAt(this.#address, pageBytes);
    this.#words = new Int32Array(memory, 0, layouts.config.size / 4);
    this.#cookie = new BigInt64Array(memory, layouts.config.netns_cookie, 1);
  }

  get(field: Field): number {
    return Atomics.load(this.#words, layouts.config[field] / 4) >>> 0;
  }

  set(field: Field, value: number): void {
    Atomics.store(this.#words, layouts.config[field] / 4, value);
  }

  /** The one that this thread is in; `cookie`: 0 where the kernel does not tell it. */
  setNetworkNamespace(cookie: bigint): void {
    Atomics.store(this.#cookie, 0, cookie);
    this.set('netns_inode', statSync('/proc/thread-self/ns/net').ino);
  }

  close(): void {
    libc.munmap(this.#address, pageBytes);
  }
}
