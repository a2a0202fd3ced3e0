// A small writer of MaxMind DB files, for tests: right ones, and with records and data of choice wrong ones.

export type Value = string | number | boolean | bigint | readonly Value[] | { readonly [key: string]: Value } | Pointer;

/** Writes the value once and points to it from wherever it stands. */
export class Pointer {
  readonly to: Value;

  constructor(to: Value) {
    this.to = to;
  }
}

export interface Network {
  /** Address bits from the highest, such as `00010100`; of IPv4 in an IPv6 tree its own bits. */
  readonly bits: string;
  readonly family: 4 | 6;
  readonly record: Value;
}

export interface MmdbOptions {
  readonly recordSize: 24 | 28 | 32;
  readonly ipVersion: 4 | 6;
  readonly type?: string;
  readonly epoch?: number;
  /** Of the format. */
  readonly version?: number;
  /** Lets ::ffff:0:0/96 and 2002::/16 lead to the IPv4 tree, as MaxMind's files do. */
  readonly aliases?: boolean;
}

type Node = { zero?: Node | Leaf; one?: Node | Leaf; number?: number };
type Leaf = { readonly at: number };

const isLeaf = (place: Node | Leaf | undefined): place is Leaf => place !== undefined && 'at' in place;

/** Networks must not overlap. */
export function formatMmdb(networks: readonly Network[], options: MmdbOptions): Uint8Array {
  const { recordSize, ipVersion } = options;
  const data = new DataWriter();
  const root: Node = {};
  for (const { bits, family, record } of networks) {
    insert(root, (ipVersion === 6 && family === 4 ? '0'.repeat(96) : '') + bits, { at: data.add(record) });
  }
  if (options.aliases) {
    const ipv4 = at(root, '0'.repeat(96)) as Node;
    insert(root, `${'0'.repeat(80)}${'1'.repeat(16)}`, ipv4);
    insert(root, '0010000000000010', ipv4);
  }
  const nodes: Node[] = [];
  number(root, nodes);
  const target = (place: Node | Leaf | undefined) =>
    place === undefined ? nodes.length : isLeaf(place) ? nodes.length + 16 + place.at : (place.number as number);
  const tree = nodes.flatMap(({ zero, one }) => formatNode(target(zero), target(one), recordSize));
  const metadata = formatMetadata({ nodes: nodes.length, ...options });
  return Uint8Array.from([...tree, ...new Array<number>(16).fill(0), ...data.bytes, ...metadata]);
}

export function formatMetadata(options: MmdbOptions & { readonly nodes: number }): number[] {
  const metadata = new DataWriter();
  metadata.add({
    node_count: options.nodes,
    record_size: options.recordSize,
    ip_version: options.ipVersion,
    database_type: options.type ?? 'Test-Country',
    languages: ['en'],
    binary_format_major_version: options.version ?? 2,
    binary_format_minor_version: 0,
    build_epoch: BigInt(options.epoch ?? 1793145600),
    description: { en: 'for tests' },
  });
  return [0xab, 0xcd, 0xef, ...Buffer.from('MaxMind.com'), ...metadata.bytes];
}

/** The two records of a node. */
export function formatNode(zero: number, one: number, recordSize: 24 | 28 | 32): number[] {
  const bytes = (value: number, count: number) =>
    Array.from({ length: count }, (_, index) => Math.floor(value / 2 ** (8 * (count - 1 - index))) % 256);
  if (recordSize === 28) {
    const middle = (Math.floor(zero / 0x1000000) << 4) | Math.floor(one / 0x1000000);
    return [...bytes(zero % 0x1000000, 3), middle, ...bytes(one % 0x1000000, 3)];
  }
  return [...bytes(zero, recordSize / 8), ...bytes(one, recordSize / 8)];
}

function insert(root: Node, bits: string, place: Node | Leaf): void {
  let node = root;
  for (const bit of bits.slice(0, -1)) {
    const side = bit === '1' ? 'one' : 'zero';
    node[side] ??= {};
    node = node[side] as Node;
  }
  node[bits.endsWith('1') ? 'one' : 'zero'] = place;
}

function at(root: Node, bits: string): Node | Leaf | undefined {
  let place: Node | Leaf | undefined = root;
  for (const bit of bits) place = (place as Node | undefined)?.[bit === '1' ? 'one' : 'zero'];
  return place;
}

function number(node: Node, nodes: Node[]): void {
  if (node.number !== undefined) return;
  node.number = nodes.length;
  nodes.push(node);
  for (const place of [node.zero, node.one]) if (place !== undefined && !isLeaf(place)) number(place, nodes);
}

const encoder = new TextEncoder();

/** The data section: values one after another, those that are pointed to before those that point. */
export class DataWriter {
  readonly bytes: number[] = [];
  readonly #places = new Map<string, number>();

  /** Where the value stands; equal values stand in one place. */
  add(value: Value): number {
    const key = JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? `${part}n` : part));
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    this.#prepare(value);
    const place = this.bytes.length;
    this.#write(value);
    this.#places.set(key, place);
    return place;
  }

  #prepare(value: Value): void {
    if (value instanceof Pointer) this.add(value.to);
    else if (typeof value === 'object') for (const part of Object.values(value)) this.#prepare(part);
  }

  #write(value: Value): void {
    if (value instanceof Pointer) this.#writePointer(this.add(value.to));
    else if (typeof value === 'string') {
      const text = encoder.encode(value);
      this.#control(2, text.length);
      this.bytes.push(...text);
    } else if (typeof value === 'boolean') this.#control(14, value ? 1 : 0);
    else if (typeof value === 'number') this.#writeNumber(6, BigInt(value));
    else if (typeof value === 'bigint') this.#writeNumber(9, value);
    else if (Array.isArray(value)) {
      this.#control(11, value.length);
      for (const part of value as readonly Value[]) this.#write(part);
    } else {
      const entries = Object.entries(value);
      this.#control(7, entries.length);
      for (const [key, part] of entries) {
        this.#write(key);
        this.#write(part);
      }
    }
  }

  #writeNumber(type: number, value: bigint): void {
    const bytes: number[] = [];
    for (let rest = value; rest > 0n; rest >>= 8n) bytes.unshift(Number(rest & 255n));
    this.#control(type, bytes.length);
    this.bytes.push(...bytes);
  }

  #control(type: number, size: number): void {
    const [short, more] =
      size < 29
        ? [size, []]
        : size < 285
          ? [29, [size - 29]]
          : size < 65821
            ? [30, [(size - 285) >> 8, (size - 285) & 255]]
            : [31, [(size - 65821) >> 16, ((size - 65821) >> 8) & 255, (size - 65821) & 255]];
    if (type < 8) this.bytes.push((type << 5) | short, ...more);
    else this.bytes.push(short, type - 7, ...more);
  }

  #writePointer(to: number): void {
    if (to < 2048) this.bytes.push(0x20 | (to >> 8), to & 255);
    else if (to < 526336) {
      const rest = to - 2048;
      this.bytes.push(0x28 | (rest >> 16), (rest >> 8) & 255, rest & 255);
    } else {
      const rest = to - 526336;
      this.bytes.push(0x30 | (rest >> 24), (rest >> 16) & 255, (rest >> 8) & 255, rest & 255);
    }
  }
}
