// MaxMind DB files, as administrators have them: the metadata, and a walk through the whole search tree.
// Format: https://maxmind.github.io/MaxMind-DB/ (version 2.0). Written anew because a library's look-up cannot list the networks,
// and follows what a hostile file says for as long as it likes.
import { dayOf, type GeoSource } from '#geo/source.ts';
import { fail, ok, type Result } from '#std/result.ts';
import { BitPath } from './bits.ts';
import { Collected, type SourceHalves } from './halves.ts';
import { MmdbData } from './mmdbdata.ts';
import { countryOf, networkOf } from './record.ts';

/** "\xab\xcd\xefMaxMind.com", before the metadata, which are in the last 128 KB of the file. */
const marker = Uint8Array.of(0xab, 0xcd, 0xef, 0x4d, 0x61, 0x78, 0x4d, 0x69, 0x6e, 0x64, 0x2e, 0x63, 0x6f, 0x6d);
const maxMetadata = 128 * 1024;

/** Zeros between the tree and the data. */
const separator = 16;

/** Values looked at in all, some five seconds of work; GeoIP2 City has a tenth. */
const maxSteps = 400_000_000;

/** Records remembered by where they are; beyond it they are read again. */
const maxRemembered = 500_000;

interface Tree {
  readonly bytes: Uint8Array;
  readonly nodes: number;
  /** Bytes of a node: two records of 24, 28 or 32 bits. */
  readonly nodeBytes: 6 | 7 | 8;
  readonly ipVersion: 4 | 6;
  readonly dataStart: number;
  readonly dataEnd: number;
}

/** The error is a clause about the file: "it is no MaxMind DB file". `file` is its name, for the source. */
export function parseMmdb(bytes: Uint8Array, file: string): Result<SourceHalves> {
  const metadata = parseMetadata(bytes, file);
  if (!metadata.ok) return metadata;
  const walk = new Walk(metadata.value.tree);
  const problem = walk.all();
  if (problem !== undefined) return fail(problem);
  return ok(walk.found.halves(metadata.value.source));
}

function parseMetadata(bytes: Uint8Array, file: string): Result<{ readonly tree: Tree; readonly source: GeoSource }> {
  const start = afterMarker(bytes);
  if (start < 0) return fail('it is no MaxMind DB file');
  const data = new MmdbData(bytes, start, bytes.length, maxMetadata);
  const keys = [
    'binary_format_major_version',
    'node_count',
    'record_size',
    'ip_version',
    'build_epoch',
    'database_type',
  ];
  const [major, nodes, recordSize, ipVersion, epoch, type] = data.members(start, keys) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const version = data.number(major);
  const count = data.number(nodes) ?? 0;
  const bits = data.number(recordSize);
  const family = data.number(ipVersion);
  const source = {
    name: data.text(type) || 'unnamed MaxMind DB',
    date: dayOf(data.number(epoch) ?? 0),
    licence: '',
    file,
  };
  if (data.problem !== undefined) return fail(`its metadata are damaged: ${data.problem}`);
  if (version !== 2) return fail(`it has version ${version ?? '"unknown"'} of the MaxMind DB format, and 2 is wanted`);
  if (bits !== 24 && bits !== 28 && bits !== 32)
    return fail('its metadata are damaged: records have 24, 28 or 32 bits');
  if (family !== 4 && family !== 6) return fail('its metadata are damaged: the IP version is 4 or 6');
  const nodeBytes = (bits / 4) as Tree['nodeBytes'];
  const dataStart = count * nodeBytes + separator;
  const dataEnd = start - marker.length;
  if (count === 0 || dataStart > dataEnd) return fail('it is damaged: its search tree does not fit into it');
  return ok({ tree: { bytes, nodes: count, nodeBytes, ipVersion: family, dataStart, dataEnd }, source });
}

function afterMarker(bytes: Uint8Array): number {
  for (let at = bytes.length - marker.length; at >= Math.max(0, bytes.length - maxMetadata); at--) {
    if (marker.every((byte, index) => bytes[at + index] === byte)) return at + marker.length;
  }
  return -1;
}

class Walk {
  readonly found = new Collected();
  readonly #tree: Tree;
  readonly #data: MmdbData;
  /** Each node is visited once: a tree has neither loops nor common branches. */
  readonly #visited: Uint8Array;
  readonly #remembered = new Map<number, readonly [country: number, network: number]>();
  #ipv4Start = -1;
  #problem: string | undefined;

  constructor(tree: Tree) {
    this.#tree = tree;
    this.#data = new MmdbData(tree.bytes, tree.dataStart, tree.dataEnd, maxSteps);
    this.#visited = new Uint8Array(tree.nodes);
  }

  /** What is wrong with the tree or its data; undefined when it was walked to its end. */
  all(): string | undefined {
    if (this.#tree.ipVersion === 4) this.#visit(0, 0, new BitPath(1), 32);
    else {
      // IPv4 is at ::/96. Other places lead there too (::ffff:0:0/96, 2002::/16, 2001::/32): these look up the same.
      this.#ipv4Start = this.#leftmost(96);
      this.#visit(this.#ipv4Start, 0, new BitPath(1), 32);
      this.#visit(0, 0, new BitPath(4), 128);
    }
    if (this.found.refused > 0) this.#problem ??= 'there are more networks in it than anyone needs';
    const problem = this.#problem ?? this.#data.problem;
    return problem === undefined ? undefined : `it is damaged: ${problem}`;
  }

  #leftmost(depth: number): number {
    let record = 0;
    for (let left = depth; left > 0 && record < this.#tree.nodes; left--) record = this.#record(record, false);
    return record;
  }

  /** At most as deep as an address has bits. */
  #visit(record: number, depth: number, path: BitPath, bits: number): void {
    const { nodes } = this.#tree;
    if (record === nodes || this.#problem !== undefined || this.#data.problem !== undefined) return;
    if (record > nodes) {
      this.#leaf(record, depth, path);
      return;
    }
    if (this.#visited[record] === 1) {
      const alias = record === this.#ipv4Start && depth > 0 && bits === 128;
      if (!alias) this.#problem = 'its search tree has a loop, or a branch that two places share';
      return;
    }
    if (depth === bits) {
      this.#problem = 'its search tree is deeper than an address is long';
      return;
    }
    this.#visited[record] = 1;
    this.#visit(this.#record(record, false), depth + 1, path, bits);
    path.turn(depth, true);
    this.#visit(this.#record(record, true), depth + 1, path, bits);
    path.turn(depth, false);
  }

  /** The left or right record of a node, which must be one. */
  #record(node: number, right: boolean): number {
    const { bytes, nodeBytes } = this.#tree;
    const at = node * nodeBytes;
    const byte = (index: number) => bytes[at + index] as number;
    const three = (index: number) => (byte(index) << 16) | (byte(index + 1) << 8) | byte(index + 2);
    switch (nodeBytes) {
      case 6:
        return three(right ? 3 : 0);
      case 7:
        // The highest four bits of both stand in the middle.
        return three(right ? 4 : 0) + (right ? byte(3) & 15 : byte(3) >> 4) * 0x1000000;
      case 8:
        return byte(right ? 4 : 0) * 0x1000000 + three(right ? 5 : 1);
    }
  }

  #leaf(record: number, depth: number, path: BitPath): void {
    const { nodes, dataStart } = this.#tree;
    const [country, network] = this.#valuesAt(dataStart + record - nodes - separator);
    const { countries, networks } = this.found;
    const family = path.start.length === 1 ? 'v4' : 'v6';
    if (country !== 0) countries[family].append(path.start, path.end(depth), country);
    if (network !== 0) networks[family].append(path.start, path.end(depth), network);
  }

  #valuesAt(offset: number): readonly [country: number, network: number] {
    const remembered = this.#remembered.get(offset);
    if (remembered !== undefined) return remembered;
    const network = networkOf(this.#data, offset);
    if (network !== undefined) this.found.name(network.number, network.name);
    const values = [countryOf(this.#data, offset), network?.number ?? 0] as const;
    if (this.#remembered.size >= maxRemembered) this.#remembered.clear();
    this.#remembered.set(offset, values);
    return values;
  }
}
