// Writes netlink messages and attributes one after another into one arena, to be sent with one call.
import { NLA_F_NESTED, NLA_HDRLEN, NLMSG_HDRLEN } from './constants/netlink.ts';

const padded = (length: number) => (length + 3) & ~3;

/**
 * An arena of messages. A growing one allocates when it is full; a fixed one sets `overflowed` and drops the message
 * that did not fit, so that the ones before it can still be sent. Send `bytes` up to `length`.
 */
export class Writer {
  bytes: Uint8Array;
  length = 0;
  /** A message was dropped since `clear` because the arena is full; never of a growing writer. */
  overflowed = false;
  readonly #grows: boolean;
  #failed = false;

  constructor(bytes: Uint8Array, grows: boolean) {
    this.bytes = bytes;
    this.#grows = grows;
  }

  /** For requests: begins with `capacity` bytes. */
  static growing(capacity = 256): Writer {
    return new Writer(new Uint8Array(capacity), true);
  }

  /** For the packet path: memory that is allocated once, perhaps outside the heap. */
  static over(bytes: Uint8Array): Writer {
    return new Writer(bytes, false);
  }

  clear(): void {
    this.length = 0;
    this.overflowed = false;
    this.#failed = false;
  }

  /** A copy of what was written. */
  finished(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }

  u8(value: number): void {
    const at = this.#reserve(1);
    if (at >= 0) this.bytes[at] = value;
  }

  /** Host order (little-endian). */
  u16(value: number): void {
    const at = this.#reserve(2);
    if (at >= 0) this.#putU16(at, value);
  }

  /** Host order (little-endian). */
  u32(value: number): void {
    const at = this.#reserve(4);
    if (at < 0) return;
    const { bytes } = this;
    bytes[at] = value;
    bytes[at + 1] = value >>> 8;
    bytes[at + 2] = value >>> 16;
    bytes[at + 3] = value >>> 24;
  }

  be16(value: number): void {
    const at = this.#reserve(2);
    if (at < 0) return;
    this.bytes[at] = value >>> 8;
    this.bytes[at + 1] = value;
  }

  be32(value: number): void {
    const at = this.#reserve(4);
    if (at < 0) return;
    const { bytes } = this;
    bytes[at] = value >>> 24;
    bytes[at + 1] = value >>> 16;
    bytes[at + 2] = value >>> 8;
    bytes[at + 3] = value;
  }

  put(bytes: ArrayLike<number>): void {
    const at = this.#reserve(bytes.length);
    if (at >= 0) this.bytes.set(bytes, at);
  }

  zeros(count: number): void {
    const at = this.#reserve(count);
    if (at >= 0) this.bytes.fill(0, at, at + count);
  }

  /** struct nlmsghdr; returns where the message begins, for `endMessage`. The kernel fills in the port id. */
  beginMessage(type: number, flags: number, sequence: number): number {
    const start = this.length;
    this.#failed = false;
    this.u32(NLMSG_HDRLEN);
    this.u32(type | (flags << 16));
    this.u32(sequence);
    this.u32(0);
    return start;
  }

  /** Sets the length and pads to 4. False when the message did not fit and was dropped. */
  endMessage(start: number): boolean {
    const length = this.length - start;
    if ((length & 3) !== 0) this.zeros(4 - (length & 3));
    if (this.#failed) {
      this.length = start;
      this.#failed = false;
      this.overflowed = true;
      return false;
    }
    this.#putU16(start, length);
    this.#putU16(start + 2, length >>> 16);
    return true;
  }

  /** Returns where the attribute begins, for `endAttribute`; write its value in between. */
  beginAttribute(type: number): number {
    const start = this.length;
    this.u32(NLA_HDRLEN | (type << 16));
    return start;
  }

  beginNested(type: number): number {
    return this.beginAttribute(type | NLA_F_NESTED);
  }

  endAttribute(start: number): void {
    if (this.#failed) return;
    const length = this.length - start;
    if (length > 0xffff) throw new RangeError(`a netlink attribute has at most 65,535 bytes, not ${length}`);
    this.#putU16(start, length);
    this.zeros(padded(length) - length);
  }

  attributeU8(type: number, value: number): void {
    const start = this.beginAttribute(type);
    this.u8(value);
    this.endAttribute(start);
  }

  attributeBe16(type: number, value: number): void {
    const start = this.beginAttribute(type);
    this.be16(value);
    this.endAttribute(start);
  }

  attributeBe32(type: number, value: number): void {
    this.u32((NLA_HDRLEN + 4) | (type << 16));
    this.be32(value);
  }

  attributeBytes(type: number, value: ArrayLike<number>): void {
    const start = this.beginAttribute(type);
    this.put(value);
    this.endAttribute(start);
  }

  /** With the NUL that the kernel wants. Text with a NUL inside is a mistake of the caller and throws. */
  attributeText(type: number, text: string): void {
    if (text.includes('\0')) throw new RangeError('a netlink text cannot contain NUL');
    const start = this.beginAttribute(type);
    this.put(encoder.encode(text));
    this.u8(0);
    this.endAttribute(start);
  }

  #putU16(at: number, value: number): void {
    this.bytes[at] = value;
    this.bytes[at + 1] = value >>> 8;
  }

  /** Where the next `count` bytes begin; −1 when the message has failed. */
  #reserve(count: number): number {
    const at = this.length;
    if (this.#failed) return -1;
    if (count > this.bytes.length - at) {
      if (!this.#grows) {
        this.#failed = true;
        return -1;
      }
      const larger = new Uint8Array(Math.max(this.bytes.length * 2, at + count));
      larger.set(this.bytes);
      this.bytes = larger;
    }
    this.length = at + count;
    return at;
  }
}

const encoder = new TextEncoder();
