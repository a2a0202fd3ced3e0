// Cuts what a varlink service says into messages: JSON objects, each ended by a NUL byte (https://varlink.org, "Method Call").

/** `too-long`: a message of more than `maxMessageBytes`; `not-json`: no UTF-8 or no JSON; `no-object`: JSON, but another value. */
export type VarlinkError = 'too-long' | 'not-json' | 'no-object';

/** A name has as many addresses as fit into a DNS message of 64 kB; this is more than what is made of one. */
export const maxMessageBytes = 256 * 1024;

const decoder = new TextDecoder('utf-8', { fatal: true });

/** After an error it takes nothing more: where the next message begins cannot be known. It holds at most one message. */
export class VarlinkStream {
  error: VarlinkError | undefined = undefined;
  #bytes = new Uint8Array(0);
  #length = 0;

  /** Bytes that it holds of a message that has not ended. */
  get held(): number {
    return this.#length;
  }

  /** The messages that these bytes complete, up to an error. The bytes are not kept. */
  handle(bytes: Uint8Array): readonly object[] {
    const messages: object[] = [];
    for (let start = 0; this.error === undefined && start < bytes.length; ) {
      const end = bytes.indexOf(0, start);
      const part = bytes.subarray(start, end < 0 ? bytes.length : end);
      start += part.length + 1;
      if (this.#length + part.length > maxMessageBytes) {
        this.error = 'too-long';
      } else if (end < 0) {
        this.#hold(part);
      } else {
        const message = this.#complete(part);
        if (typeof message === 'string') this.error = message;
        else messages.push(message);
      }
    }
    if (this.error !== undefined) this.#forget();
    return messages;
  }

  #hold(part: Uint8Array): void {
    const length = this.#length + part.length;
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#bytes.length));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(part, this.#length);
    this.#length = length;
  }

  #complete(part: Uint8Array): object | VarlinkError {
    if (this.#length === 0) return parseObject(part);
    this.#hold(part);
    const whole = parseObject(this.#bytes.subarray(0, this.#length));
    this.#forget();
    return whole;
  }

  /** Nothing larger than what waits is kept, so that a quiet connection costs nothing. */
  #forget(): void {
    this.#bytes = new Uint8Array(0);
    this.#length = 0;
  }
}

function parseObject(bytes: Uint8Array): object | VarlinkError {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(bytes));
  } catch {
    return 'not-json';
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : 'no-object';
}
