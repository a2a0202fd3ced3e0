// Reads a BPF ring buffer where the kernel writes it: the consumer's page is ours, the data pages are read-only. The kernel
// wakes nobody by itself (KERNEL section 5): whoever owns this reads often enough.
import { lastErrno, libc, memoryAt, SystemError } from '../ffi.ts';

const pageBytes = 4096; // both processors that are supported have it; arm64 with larger pages is refused by mmap
const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
/** include/uapi/linux/bpf.h: bits of a record's length. */
const BPF_RINGBUF_BUSY_BIT = 1 << 31;
const BPF_RINGBUF_DISCARD_BIT = 1 << 30;
const headerBytes = 8;

function map(fd: number, length: number, protection: number, offset: number): number {
  const address = libc.mmap(null, length, protection, MAP_SHARED, fd, offset);
  if (address === -1) throw new SystemError('map the ring of events', lastErrno());
  return address;
}

export class Ring {
  readonly #size: number;
  readonly #addresses: readonly [number, number];
  readonly #consumer: BigInt64Array;
  readonly #producer: Int32Array;
  readonly #headers: Int32Array;
  /** The records, twice behind each other, so that none is cut in two. */
  readonly bytes: Buffer;
  readonly view: DataView;
  #at: number;
  #total: bigint;

  /** `size` is the map's max_entries: a power of two, in bytes. */
  constructor(fd: number, size: number) {
    this.#size = size;
    const whole = pageBytes + 2 * size;
    this.#addresses = [map(fd, pageBytes, PROT_READ | PROT_WRITE, 0), map(fd, whole, PROT_READ, pageBytes)];
    this.#consumer = new BigInt64Array(memoryAt(this.#addresses[0], pageBytes), 0, 1);
    const memory = memoryAt(this.#addresses[1], whole);
    this.#producer = new Int32Array(memory, 0, 1);
    this.#headers = new Int32Array(memory, pageBytes);
    this.bytes = Buffer.from(memory, pageBytes, 2 * size);
    this.view = new DataView(memory, pageBytes, 2 * size);
    this.#total = Atomics.load(this.#consumer, 0);
    this.#at = Number(BigInt.asUintN(32, this.#total));
  }

  /**
   * Hands out at most `most` records: their place in `bytes` and `view`, valid during the call. Returns how many there were.
   * Atomics order the reads as the kernel's barriers ask, on arm64 too.
   */
  read(most: number, onRecord: (start: number, length: number) => void): number {
    let records = 0;
    let read = 0;
    const end = Atomics.load(this.#producer, 0);
    try {
      while (records < most && ((end - this.#at) | 0) > 0) {
        const place = this.#at & (this.#size - 1);
        const header = Atomics.load(this.#headers, place >>> 2);
        if ((header & BPF_RINGBUF_BUSY_BIT) !== 0) break;
        const length = header & ~BPF_RINGBUF_DISCARD_BIT;
        const step = (length + headerBytes + 7) & ~7;
        this.#at = (this.#at + step) | 0;
        read += step;
        records += 1;
        if ((header & BPF_RINGBUF_DISCARD_BIT) === 0) onRecord(place + headerBytes, length);
      }
    } finally {
      if (read > 0) {
        this.#total += BigInt(read);
        Atomics.store(this.#consumer, 0, this.#total);
      }
    }
    return records;
  }

  /** Whether something waits that was begun before this call: unread, or still being written. */
  get waits(): boolean {
    return Atomics.load(this.#producer, 0) !== this.#at;
  }

  close(): void {
    libc.munmap(this.#addresses[0], pageBytes);
    libc.munmap(this.#addresses[1], pageBytes + 2 * this.#size);
  }
}
