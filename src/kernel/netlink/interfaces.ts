// Interface indexes, as packets carry them, to names and back, for the network namespace of this process.
import { libc } from '../ffi.ts';

/** Milliseconds a name is believed: interfaces are renamed and their indexes used again. */
const believeMs = 1000;

interface Known {
  readonly name: string | undefined;
  readonly until: number;
}

const names = new Map<number, Known>();
const indexes = new Map<string, number>();

/** Undefined for 0 and for an interface that is gone. */
export function interfaceName(index: number, now = performance.now()): string | undefined {
  if (index === 0) return undefined;
  const known = names.get(index);
  if (known !== undefined && known.until > now) return known.name;
  const bytes = Buffer.alloc(16); // IF_NAMESIZE
  const found = libc.if_indextoname(index, bytes) !== null;
  const name = found ? bytes.toString('latin1', 0, bytes.indexOf(0)) : undefined;
  if (names.size > 4096) {
    names.clear();
    indexes.clear();
  }
  names.set(index, { name, until: now + believeMs });
  if (name !== undefined) indexes.set(name, index);
  return name;
}

/** The index of an interface that a packet named before; 0 when none did. */
export function interfaceIndex(name: string | undefined): number {
  return name === undefined ? 0 : (indexes.get(name) ?? 0);
}
