// Receives many datagrams with one system call into memory that is allocated once.
import { addressOf, errnos, lastErrno, libc, SystemError } from '../ffi.ts';

// struct mmsghdr on 64-bit Linux (include/linux/socket.h): msghdr of 56 bytes, msg_len, padding.
const headerBytes = 64;
const nameLengthAt = 8;
const iovecAt = 16;
const iovecCountAt = 24;
const flagsAt = 48;
const lengthAt = 56;
const nameBytes = 12; // struct sockaddr_nl
const portidAt = 4;
const MSG_DONTWAIT = 0x40;
const MSG_TRUNC = 0x20;

/** `slots` datagrams of at most `slotBytes` each. */
export class Arena {
  readonly bytes: Buffer;
  readonly slotBytes: number;
  readonly #headers: Buffer;
  readonly #iovecs: Buffer;
  readonly #names: Buffer;
  readonly #slots: number;
  /** Slots that the kernel wrote to since their headers were prepared. */
  #used: number;

  constructor(slots: number, slotBytes: number) {
    this.#slots = slots;
    this.#used = slots;
    this.slotBytes = slotBytes;
    // Buffers of their own, not slices of Node's pool: their addresses are handed to the kernel.
    this.bytes = Buffer.allocUnsafeSlow(slots * slotBytes);
    this.#headers = Buffer.alloc(slots * headerBytes);
    this.#iovecs = Buffer.alloc(slots * 16);
    this.#names = Buffer.alloc(slots * nameBytes);
    for (let slot = 0; slot < slots; slot++) {
      const header = slot * headerBytes;
      this.#iovecs.writeBigUInt64LE(addressOf(this.bytes) + BigInt(slot * slotBytes), slot * 16);
      this.#iovecs.writeBigUInt64LE(BigInt(slotBytes), slot * 16 + 8);
      this.#headers.writeBigUInt64LE(addressOf(this.#names) + BigInt(slot * nameBytes), header);
      this.#headers.writeBigUInt64LE(addressOf(this.#iovecs) + BigInt(slot * 16), header + iovecAt);
      this.#headers.writeBigUInt64LE(1n, header + iovecCountAt);
    }
  }

  /**
   * Datagrams waiting on `fd`, at most as many as there are slots; 0 when none waits. Interrupted calls are repeated.
   * Throws SystemError, ENOBUFS among them (messages were lost before these; call again).
   */
  receive(fd: number): number {
    for (let slot = 0; slot < this.#used; slot++) {
      this.#headers.writeUInt32LE(nameBytes, slot * headerBytes + nameLengthAt);
    }
    this.#used = this.#slots;
    for (;;) {
      const count = libc.recvmmsg(fd, this.#headers, this.#slots, MSG_DONTWAIT, null);
      if (count >= 0) {
        this.#used = count;
        return count;
      }
      const errno = lastErrno();
      if (errno === errnos.EAGAIN) {
        this.#used = 0;
        return 0;
      }
      if (errno !== errnos.EINTR) throw new SystemError('recvmmsg', errno);
    }
  }

  /** Where the datagram of this slot begins in `bytes`. */
  start(slot: number): number {
    return slot * this.slotBytes;
  }

  /** Its length in bytes; 0 for one that did not fit or that was not sent by the kernel, so that nobody reads it. */
  length(slot: number): number {
    const header = slot * headerBytes;
    if (this.#names.readUInt32LE(slot * nameBytes + portidAt) !== 0) return 0;
    if (this.#headers.readUInt32LE(header + flagsAt) & MSG_TRUNC) return 0;
    return this.#headers.readUInt32LE(header + lengthAt);
  }
}
