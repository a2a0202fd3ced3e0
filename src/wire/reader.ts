// The one bounds-checked reader of bytes from outside: its getters never throw, and whether all went well is asked once.

/** `truncated`: the bytes end before the value does. `bad-length`: a length field contradicts itself. */
export type ReadError = 'truncated' | 'bad-length';

/**
 * Reads forward in a window of `bytes`. A getter that would pass the end returns 0, sets `error` and moves to the end, so
 * every later one fails too. Host order is little-endian: Postern runs on x86-64 and arm64 alone.
 */
export class Reader {
  bytes: Uint8Array;
  offset: number;
  end: number;
  /** The first failure since `reset`; it stays. */
  error: ReadError | undefined = undefined;

  constructor(bytes: Uint8Array = new Uint8Array(0), start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.offset = 0;
    this.end = 0;
    this.reset(bytes, start, end);
  }

  /** Begins anew without an error. A window outside `bytes` is cut to it and is an error. */
  reset(bytes: Uint8Array, start = 0, end = bytes.length): void {
    this.bytes = bytes;
    this.error = undefined;
    this.move(start, end);
  }

  /** Another window of the same bytes; an error stays. */
  move(start: number, end: number): void {
    if (start >= 0 && start <= end && end <= this.bytes.length) {
      this.offset = start;
      this.end = end;
      return;
    }
    this.offset = 0;
    this.end = 0;
    this.fail('truncated');
  }

  /** For codecs that find a contradiction in what they read; only the first error is kept. */
  fail(error: ReadError): void {
    this.error ??= error;
    this.offset = this.end;
  }

  remaining(): number {
    return this.end - this.offset;
  }

  skip(bytes: number): void {
    this.#take(bytes);
  }

  u8(): number {
    const at = this.#take(1);
    return at < 0 ? 0 : (this.bytes[at] as number);
  }

  /** Host order. */
  u16(): number {
    const at = this.#take(2);
    if (at < 0) return 0;
    const { bytes } = this;
    return (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
  }

  /** Host order, unsigned. */
  u32(): number {
    const at = this.#take(4);
    if (at < 0) return 0;
    const { bytes } = this;
    return (
      ((bytes[at] as number) |
        ((bytes[at + 1] as number) << 8) |
        ((bytes[at + 2] as number) << 16) |
        ((bytes[at + 3] as number) << 24)) >>>
      0
    );
  }

  /** Host order, signed. */
  i32(): number {
    return this.u32() | 0;
  }

  /** Host order. Exact over the whole range, so a bigint; not for the packet path. */
  u64(): bigint {
    const low = this.u32();
    const high = this.u32();
    return (BigInt(high) << 32n) | BigInt(low);
  }

  /** Network order. */
  be16(): number {
    const at = this.#take(2);
    if (at < 0) return 0;
    const { bytes } = this;
    return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  }

  /** Network order, unsigned. */
  be32(): number {
    const at = this.#take(4);
    if (at < 0) return 0;
    const { bytes } = this;
    return (
      (((bytes[at] as number) << 24) |
        ((bytes[at + 1] as number) << 16) |
        ((bytes[at + 2] as number) << 8) |
        (bytes[at + 3] as number)) >>>
      0
    );
  }

  /** Up to `length` bytes, ending at the first NUL, as text that is safe to print; all of them are consumed. */
  text(length: number): string {
    const at = this.#take(length);
    return at < 0 ? '' : printableText(this.bytes, at, at + length);
  }

  /** Where the next `length` bytes begin, which are consumed; −1 when there are not as many. */
  #take(length: number): number {
    const at = this.offset;
    if (length < 0 || length > this.end - at) {
      this.fail('truncated');
      return -1;
    }
    this.offset = at + length;
    return at;
  }
}

const decoder = new TextDecoder('utf-8');

/** UTF-8 up to the first NUL; control characters and what is no UTF-8 cannot reach a terminal raw. */
export function printableText(bytes: Uint8Array, start: number, end: number): string {
  let stop = start;
  while (stop < end && bytes[stop] !== 0) stop++;
  return decoder
    .decode(bytes.subarray(start, stop))
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}
