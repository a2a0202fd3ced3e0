// Writes ClientHellos for tests: right ones by default, wrong ones where a part is given.

export const be16 = (value: number): number[] => [(value >> 8) & 255, value & 255];
const be24 = (value: number) => [(value >> 16) & 255, ...be16(value)];
export const ascii = (text: string): number[] => [...Buffer.from(text, 'latin1')];

export type Extension = readonly number[];

export const extension = (type: number, content: readonly number[]): Extension => [
  ...be16(type),
  ...be16(content.length),
  ...content,
];

export const serverName = (name: string, type = 0): Extension => {
  const entry = [type, ...be16(name.length), ...ascii(name)];
  return extension(0, [...be16(entry.length), ...entry]);
};

export const alpn = (...protocols: string[]): Extension => {
  const list = protocols.flatMap((protocol) => [protocol.length, ...ascii(protocol)]);
  return extension(16, [...be16(list.length), ...list]);
};

export const versions = (...list: number[]): Extension => extension(43, [2 * list.length, ...list.flatMap(be16)]);

/** A key share of a group, of so many bytes: X25519MLKEM768 (0x11ec) has 1216. */
export const keyShare = (group: number, length: number): Extension => {
  const share = [...be16(group), ...be16(length), ...Array.from({ length }, (_, at) => (at * 7) & 255)];
  return extension(51, [...be16(share.length), ...share]);
};

/** RFC 9849 5: what a client sends outside, or GREASE. */
export const echOuter: Extension = extension(0xfe0d, [0, 0, 1, 0, 1, 7, 0, 2, 1, 2, 0, 3, 4, 5, 6]);
export const echInner: Extension = extension(0xfe0d, [1]);

/** The handshake message; undefined: a hello of before there were extensions. */
export function buildHello(extensions: readonly Extension[] | undefined, type = 1): Uint8Array {
  const all = extensions?.flat();
  const body = [
    ...[3, 3],
    ...Array.from({ length: 32 }, (_, at) => at),
    ...[4, 1, 2, 3, 4],
    ...[0, 4, 0x13, 0x01, 0x13, 0x02],
    ...[1, 0],
    ...(all === undefined ? [] : [...be16(all.length), ...all]),
  ];
  return Uint8Array.from([type, ...be24(body.length), ...body]);
}

/** The message in records of at most `size` bytes each. */
export function inRecords(message: Uint8Array, size = 2 ** 14): Uint8Array {
  const records: number[] = [];
  for (let at = 0; at < message.length; at += size) {
    const piece = message.subarray(at, at + size);
    records.push(22, 3, 1, ...be16(piece.length), ...piece);
  }
  return Uint8Array.from(records);
}

/** As large as a hello with keys of a large post-quantum scheme: 17 KB in two records. */
export const largeHello = inRecords(
  buildHello([
    versions(0x0304, 0x0303),
    keyShare(0x11ec, 15_000),
    extension(0x0a0a, new Array(2200).fill(0)),
    serverName('large.example.com'),
    alpn('h2', 'http/1.1'),
  ]),
);
