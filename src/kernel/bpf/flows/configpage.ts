// The settings that the programs read at every call, written in place: each is one store of four bytes.
import { lastErrno, libc, memoryAt, SystemError } from '../../ffi.ts';
import { layouts } from '../layout.ts';

const { config: layout } = layouts;
const pageBytes = 4096;
const PROT_READ_WRITE = 3; // include/uapi/asm-generic/mman-common.h
const MAP_SHARED = 1;

export class ConfigPage {
  readonly #address: number;
  readonly #words: Int32Array;
  readonly #longs: BigUint64Array;

  /** `fd`: of the map `config`, an array with BPF_F_MMAPABLE. */
  constructor(fd: number) {
    this.#address = libc.mmap(null, pageBytes, PROT_READ_WRITE, MAP_SHARED, fd, 0);
    if (this.#address === -1) throw new SystemError('map the settings of the kernel programs', lastErrno());
    const memory = memoryAt(this.#address, pageBytes);
    this.#words = new Int32Array(memory, 0, layout.size / 4);
    this.#longs = new BigUint64Array(memory, 0, layout.size / 8);
  }

  #set(offset: number, value: number): void {
    Atomics.store(this.#words, offset / 4, value | 0);
  }

  get generation(): number {
    return Atomics.load(this.#words, layout.generation / 4) >>> 0;
  }

  setGeneration(generation: number): void {
    this.#set(layout.generation, generation);
  }

  setMasks(count: number): void {
    this.#set(layout.masks, count);
  }

  /** Whether what the cache refuses is refused. */
  setEnforce(enforce: boolean): void {
    this.#set(layout.enforce, enforce ? 1 : 0);
  }

  /** Whether flows decided in the kernel are told of. */
  setReport(report: boolean): void {
    this.#set(layout.report, report ? 1 : 0);
  }

  /** The network namespace that is guarded (SO_NETNS_COOKIE). */
  setNetns(cookie: bigint): void {
    this.#longs[layout.netns_cookie / 8] = cookie;
    this.#set(layout.netns_ready, 1);
  }

  close(): void {
    libc.munmap(this.#address, pageBytes);
  }
}
