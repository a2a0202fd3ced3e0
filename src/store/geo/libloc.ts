// IPFire's location.db (libloc), which Debian has as libloc-database: countries and networks, free and without an account.
// Format: libloc's src/libloc/format.h, version 1. All numbers are in network order.
import { isCountryCode } from '#geo/countries.ts';
import { packCountry } from '#geo/layout.ts';
import type { Ranges } from '#geo/ranges.ts';
import { dayOf, type GeoSource } from '#geo/source.ts';
import { fail, ok, type Result } from '#std/result.ts';
import { BitPath } from './bits.ts';
import { Collected, type SourceHalves } from './halves.ts';
import { isNetworkNumber } from './record.ts';

/** "LOCDBXX", then one byte of version (struct loc_database_magic). */
const magic = Uint8Array.of(0x4c, 0x4f, 0x43, 0x44, 0x42, 0x58, 0x58);
const version = 1;

// Offsets in the file of the members of struct loc_database_header_v1, which follows the magic; each part has offset and length.
const header = { createdAt: 8, vendor: 16, licence: 24, as: 28, networks: 36, tree: 44, pool: 60, end: 68 };

// sizeof struct loc_database_as_v1, loc_database_network_v1, loc_database_network_node_v1
const asBytes = 8;
const networkBytes = 12;
const nodeBytes = 12;

const noNetwork = 0xffffffff;
const maxText = 256;

export function isLibloc(bytes: Uint8Array): boolean {
  return magic.every((byte, index) => bytes[index] === byte);
}

interface Part {
  readonly offset: number;
  readonly length: number;
}

/** The error is a clause about the file. Networks within others are ranges within others. `file` is its name, for the source. */
export function parseLibloc(bytes: Uint8Array, file: string): Result<SourceHalves> {
  if (!isLibloc(bytes) || bytes.length < header.end) return fail('it is no location database of IPFire');
  if (bytes[magic.length] !== version) {
    return fail(
      `it has version ${bytes[magic.length]} of the format of IPFire’s location database, and ${version} is wanted`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const part = (at: number): Part => ({ offset: view.getUint32(at), length: view.getUint32(at + 4) });
  const parts = {
    as: part(header.as),
    networks: part(header.networks),
    tree: part(header.tree),
    pool: part(header.pool),
  };
  for (const { offset, length } of Object.values(parts)) {
    if (offset + length > bytes.length) return fail('it is damaged: a part of it goes beyond its end');
  }
  const text = (at: number) => textIn(bytes, parts.pool, at);
  const walk = new Walk(view, parts.networks, parts.tree);
  const problem = walk.all();
  if (problem !== undefined) return fail(`it is damaged: ${problem}`);
  for (let at = 0; at + asBytes <= parts.as.length; at += asBytes) {
    const place = parts.as.offset + at;
    walk.found.name(view.getUint32(place), text(view.getUint32(place + 4)));
  }
  const source: GeoSource = {
    name: `${text(view.getUint32(header.vendor)) || 'IPFire'} location database`,
    date: dayOf(Number(view.getBigUint64(header.createdAt))),
    licence: text(view.getUint32(header.licence)),
    file,
  };
  return ok(walk.found.halves(source));
}

const decoder = new TextDecoder();

/** Up to its NUL, at most 256 bytes. */
function textIn(bytes: Uint8Array, pool: Part, at: number): string {
  if (at >= pool.length) return '';
  const start = pool.offset + at;
  const window = bytes.subarray(start, Math.min(start + maxText, pool.offset + pool.length));
  const end = window.indexOf(0);
  return decoder.decode(end < 0 ? window : window.subarray(0, end));
}

/** The bits of ::ffff:0:0/96, where IPv4 stands in the tree. */
const mappedBits = 96;

class Walk {
  readonly found = new Collected();
  readonly #view: DataView;
  readonly #networks: Part;
  readonly #tree: Part;
  readonly #nodes: number;
  readonly #visited: Uint8Array;
  readonly #path = new BitPath(4);
  #problem: string | undefined;

  constructor(view: DataView, networks: Part, tree: Part) {
    this.#view = view;
    this.#networks = networks;
    this.#tree = tree;
    this.#nodes = Math.floor(tree.length / nodeBytes);
    this.#visited = new Uint8Array(this.#nodes);
  }

  all(): string | undefined {
    if (this.#nodes === 0) return 'its tree is empty';
    this.#visit(0, 0);
    if (this.found.refused > 0) this.#problem ??= 'there are more networks in it than anyone needs';
    return this.#problem;
  }

  /** At most as deep as an address has bits. */
  #visit(node: number, depth: number): void {
    if (this.#problem !== undefined) return;
    if (node >= this.#nodes) this.#problem = 'its tree leads beyond its end';
    else if (this.#visited[node] === 1) this.#problem = 'its tree has a loop, or a branch that two places share';
    if (this.#problem !== undefined) return;
    this.#visited[node] = 1;
    const at = this.#tree.offset + node * nodeBytes;
    const [zero, one, network] = [this.#view.getUint32(at), this.#view.getUint32(at + 4), this.#view.getUint32(at + 8)];
    if (network !== noNetwork) this.#add(network, depth);
    if (zero !== 0) this.#down(zero, depth, false);
    if (one !== 0) this.#down(one, depth, true);
  }

  #down(node: number, depth: number, right: boolean): void {
    if (depth === 128) {
      this.#problem ??= 'its tree is deeper than an address is long';
      return;
    }
    this.#path.turn(depth, right);
    this.#visit(node, depth + 1);
    this.#path.turn(depth, false);
  }

  #add(network: number, depth: number): void {
    const at = network * networkBytes;
    if (at + networkBytes > this.#networks.length) {
      this.#problem ??= 'its tree names a network that is not there';
      return;
    }
    const place = this.#networks.offset + at;
    const code = String.fromCharCode(this.#view.getUint8(place), this.#view.getUint8(place + 1));
    const number = this.#view.getUint32(place + 4);
    const { start } = this.#path;
    const end = this.#path.end(depth);
    const mapped = depth >= mappedBits && start[0] === 0 && start[1] === 0 && start[2] === 0xffff;
    const [family, from] = mapped ? (['v4', 3] as const) : (['v6', 0] as const);
    const take = (ranges: Ranges, value: number) => ranges.add(start.subarray(from), end.subarray(from), value);
    // What is inside another network and says nothing is as that one is; letters that are no country's (EU) do say something.
    if (/^[A-Z]{2}$/.test(code)) take(this.found.countries[family], isCountryCode(code) ? packCountry(code) : 0);
    if (isNetworkNumber(number)) take(this.found.networks[family], number);
  }
}
