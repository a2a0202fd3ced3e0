// The counters that the programs in the kernel keep, one slot for each processor, as sums.
import { readFileSync } from 'node:fs';
import type { BpfMap } from './map.ts';

/** `0-3`, `0,2-5`: as many as the highest number says. */
function possibleProcessors(): number {
  const text = readFileSync('/sys/devices/system/cpu/possible', 'latin1');
  return Math.max(...(text.match(/\d+/g) ?? ['0']).map(Number)) + 1;
}

export class KernelCounts {
  readonly #map: BpfMap;
  readonly #key = Buffer.alloc(4);
  readonly #values = Buffer.alloc(8 * possibleProcessors());

  constructor(map: BpfMap) {
    this.#map = map;
  }

  /** `slot` is one of countSlots. */
  sum(slot: number): number {
    this.#key.writeUInt32LE(slot);
    if (!this.#map.lookup(this.#key, this.#values)) return 0;
    let sum = 0;
    for (let at = 0; at < this.#values.length; at += 8) sum += Number(this.#values.readBigUInt64LE(at));
    return sum;
  }
}
