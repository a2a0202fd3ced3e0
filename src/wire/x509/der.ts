// DER, as far as a certificate needs it (ITU-T X.690): a tag, a length, the content.

/** Universal tags, X.680 section 8.6. */
const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

export function tagged(tag: number, ...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const head =
    length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 255];
  if (length > 0xffff) throw new RangeError('no certificate of ours is that long');
  const bytes = new Uint8Array(head.length + length);
  bytes.set(head);
  let at = head.length;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

const bytesOf = (text: string) => new TextEncoder().encode(text);

export const sequence = (...parts: readonly Uint8Array[]) => tagged(tags.sequence, ...parts);
export const set = (...parts: readonly Uint8Array[]) => tagged(tags.set, ...parts);
export const octets = (content: Uint8Array) => tagged(tags.octetString, content);
export const utf8 = (text: string) => tagged(tags.utf8String, bytesOf(text));
export const yes = tagged(tags.boolean, Uint8Array.of(0xff));

/** A whole number that is not negative, most significant byte first. */
export function integer(bytes: Uint8Array): Uint8Array {
  const start = bytes.findIndex((byte) => byte !== 0);
  const digits = start < 0 ? Uint8Array.of(0) : bytes.subarray(start);
  return tagged(tags.integer, ...((digits[0] ?? 0) >= 0x80 ? [Uint8Array.of(0)] : []), digits);
}

/** `unused`: how many of the last bits are none. */
export const bits = (content: Uint8Array, unused = 0) => tagged(tags.bitString, Uint8Array.of(unused), content);

/** `1.2.840.10045.4.3.2` */
export function oid(text: string): Uint8Array {
  const [first = 0, second = 0, ...others] = text.split('.').map(Number);
  const sevens = (value: number): number[] => {
    const digits = [value & 127];
    for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128))
      digits.unshift((rest & 127) | 128);
    return digits;
  };
  return tagged(tags.oid, Uint8Array.from([first * 40 + second, ...others].flatMap(sevens)));
}

/** Milliseconds since 1970; UTCTime up to 2049, as RFC 5280 section 4.1.2.5 wants it. */
export function time(ms: number): Uint8Array {
  const digits = new Date(ms)
    .toISOString()
    .replace(/\.\d+|\D/g, '')
    .slice(0, 14);
  return Number(digits.slice(0, 4)) < 2050
    ? tagged(tags.utcTime, bytesOf(`${digits.slice(2)}Z`))
    : tagged(tags.generalizedTime, bytesOf(`${digits}Z`));
}
