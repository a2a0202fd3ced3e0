// The masks that entries of the flow cache are made under: at most 32 at a time, each found again by what it compares.
import type { Flow } from '#model/flow.ts';
import type { FlowMask } from '#policy/cache/mask.ts';
import { flowLayouts, maskFields, maxMasks } from './layout.ts';

const { mask: maskLayout } = flowLayouts;

export class Masks {
  readonly #places = new Map<string, number>();
  readonly #write: (index: number, value: Buffer) => void;
  readonly #use: (count: number) => void;

  /** `write` puts a mask into the kernel's array; `use` tells the programs how many there are. */
  constructor(write: (index: number, value: Buffer) => void, use: (count: number) => void) {
    this.#write = write;
    this.#use = use;
  }

  get size(): number {
    return this.#places.size;
  }

  /** The place of this mask; undefined when there is no room for another one. */
  place(mask: FlowMask, { remote, interface: name }: Pick<Flow, 'remote' | 'interface'>): number | undefined {
    const value = maskBytes(mask, remote.address.family, name === 'lo');
    const key = value.toString('latin1');
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    const place = this.#places.size;
    if (place >= maxMasks) return undefined;
    this.#write(place, value);
    this.#places.set(key, place);
    this.#use(place + 1);
    return place;
  }

  /** Nothing is found under any mask any more. */
  clear(): void {
    this.#use(0);
    this.#places.clear();
  }
}

export function fieldsOf(mask: FlowMask): number {
  return (
    (mask.executable ? maskFields.exe : 0) |
    (mask.process ? maskFields.process : 0) |
    (mask.uid ? maskFields.uid : 0) |
    (mask.gid ? maskFields.gid : 0) |
    (mask.cgroup ? maskFields.cgroup : 0) |
    (mask.protocol ? maskFields.protocol : 0) |
    (mask.port ? maskFields.port : 0) |
    (mask.local ? maskFields.local : 0)
  );
}

/** Sets the first `bits` of an address of the family that begins at `at` of 16 bytes. */
export function fillBits(bytes: Buffer, at: number, family: 4 | 6, bits: number): void {
  const first = at + (family === 4 ? 12 : 0);
  for (let left = bits, index = first; left > 0; left -= 8, index++) {
    bytes[index] = left >= 8 ? 0xff : (0xff00 >> left) & 0xff;
  }
}

function maskBytes(mask: FlowMask, family: 4 | 6, loopback: boolean): Buffer {
  const value = Buffer.alloc(maskLayout.size);
  fillBits(value, maskLayout.remote_high, family, mask.remoteBits);
  const ofInterface = mask.loopback ? maskFields[loopback ? 'onLoopback' : 'offLoopback'] : 0;
  value.writeUInt32LE(fieldsOf(mask) | ofInterface, maskLayout.fields);
  return value;
}
