// Which cgroups confine, as the programs in the kernel know it, and whom.
import type { KernelConfig } from '../config.ts';
import { flowLayouts } from '../flows/layout.ts';
import { layouts } from '../layout.ts';
import type { BpfMap } from '../map.ts';

const { confinement } = flowLayouts;

export interface Confinement {
  /** Of its name server; 0: its questions go where they are sent. */
  readonly namesPort: number;
  /** No abstract Unix socket, and none of the paths that are refused. */
  readonly strict: boolean;
}

export class Confinements {
  readonly #map: BpfMap;
  readonly #procs: BpfMap;
  readonly #config: KernelConfig;

  constructor(map: BpfMap, procs: BpfMap, config: KernelConfig) {
    this.#map = map;
    this.#procs = procs;
    this.#config = config;
  }

  /** These, by the ids of their cgroups, and no others. */
  set(wanted: ReadonlyMap<bigint, Confinement>): void {
    const key = Buffer.alloc(8);
    const value = Buffer.alloc(confinement.size);
    const before = [...this.#map.keys()].map((one) => one.readBigUInt64LE());
    for (const [id, { namesPort, strict }] of wanted) {
      key.writeBigUInt64LE(id);
      value.writeUInt16LE(namesPort, confinement.names_port);
      value.writeUInt16LE(strict ? 1 : 0, confinement.strict);
      const written = this.#map.update(key, value);
      if (!written.ok) throw new Error(`the cgroup of a command cannot be told to the kernel: ${written.error}`);
    }
    this.#config.set('confines', wanted.size);
    for (const id of before) {
      if (wanted.has(id)) continue;
      key.writeBigUInt64LE(id);
      this.#map.delete(key);
    }
  }

  /** How many processes each confines, wherever they are now. */
  members(): ReadonlyMap<bigint, number> {
    const found = new Map<bigint, number>();
    const { size, confined } = layouts.process;
    for (const { count, values } of this.#procs.batches()) {
      for (let at = 0; at < count; at++) {
        const id = values.readBigUInt64LE(at * size + confined);
        if (id !== 0n) found.set(id, (found.get(id) ?? 0) + 1);
      }
    }
    return found;
  }
}
