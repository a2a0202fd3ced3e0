// Which entries of the flow cache rest on the names of an address, so that they can be taken back when these change.
import { type Address, formatAddress } from '#model/net/address.ts';
import { flowLayouts } from './layout.ts';

const { generation: generationAt } = flowLayouts.entry_key;

/** Addresses with such entries at most; and entries of one address. What is forgotten here leaves the kernel first. */
const maxAddresses = 16_384;
const maxEntries = 256;

export class NamedEntries {
  /** The address that was taught longest ago stands first. */
  readonly #byAddress = new Map<string, Map<string, Buffer>>();

  /** `drop` takes an entry out of the kernel for which there is no room here. */
  add(address: Address, key: Buffer, drop: (key: Buffer) => void): void {
    const name = formatAddress(address);
    const entries = this.#byAddress.get(name) ?? new Map<string, Buffer>();
    this.#byAddress.delete(name);
    this.#byAddress.set(name, entries);
    entries.set(key.toString('latin1'), key);
    if (entries.size > maxEntries) {
      const [oldest] = entries;
      if (oldest !== undefined) {
        entries.delete(oldest[0]);
        drop(oldest[1]);
      }
    }
    if (this.#byAddress.size <= maxAddresses) return;
    const [first] = this.#byAddress.keys();
    if (first !== undefined) for (const old of this.#takeNamed(first)) drop(old);
  }

  /** Forgets the entries of this address, and gives their keys. */
  take(address: Address): readonly Buffer[] {
    return this.#takeNamed(formatAddress(address));
  }

  #takeNamed(name: string): readonly Buffer[] {
    const entries = this.#byAddress.get(name);
    if (entries === undefined) return [];
    this.#byAddress.delete(name);
    return [...entries.values()];
  }

  /** Entries of other generations are never found again. */
  keep(generation: number): void {
    for (const [name, entries] of this.#byAddress) {
      for (const [text, key] of entries) {
        if (key.readUInt32LE(generationAt) !== generation >>> 0) entries.delete(text);
      }
      if (entries.size === 0) this.#byAddress.delete(name);
    }
  }
}
