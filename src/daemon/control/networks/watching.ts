// Keeps what is known of networks what the kernel says, and has the gate look for a gateway that nobody heard of yet.
import { NetworkWatch, type Reading } from '#kernel/network/watch.ts';
import { formatAddress } from '#model/net/address.ts';
import type { GateLink } from '../gatelink.ts';
import type { KnownNetworks } from './networks.ts';

/** A gateway that does not answer is asked for again after this long, and then ever more seldom. */
const firstMs = 200;
const mostMs = 60_000;

export class NetworkWatching {
  readonly #networks: KnownNetworks;
  readonly #link: () => GateLink;
  #watch: NetworkWatch | undefined;
  #unheard: Reading['unheard'];
  #wait = firstMs;
  #timer: NodeJS.Timeout | undefined;

  constructor(networks: KnownNetworks, link: () => GateLink) {
    this.#networks = networks;
    this.#link = link;
    try {
      this.#watch = new NetworkWatch((reading) => this.#heard(reading));
      this.#heard(this.#watch.read());
    } catch (error) {
      this.#networks.problem = `the kernel does not tell of its routes (${error instanceof Error ? error.message : error})`;
    }
  }

  #heard({ connected, tunnels, unheard }: Reading): void {
    this.#networks.connected(connected, tunnels);
    const same = unheard?.interfaceIndex === this.#unheard?.interfaceIndex && this.#unheard !== undefined;
    this.#unheard = unheard;
    if (unheard === undefined || !same) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#wait = firstMs;
    }
    if (unheard !== undefined && this.#timer === undefined) this.#seek();
  }

  #seek(): void {
    const { address, interfaceIndex } = this.#unheard ?? {};
    if (address === undefined || interfaceIndex === undefined) return;
    void this.#link()?.ask({ type: 'find-neighbour', address: formatAddress(address), interface: interfaceIndex });
    this.#timer = setTimeout(() => this.#seek(), this.#wait).unref();
    this.#wait = Math.min(this.#wait * 2, mostMs);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#watch?.close();
  }
}
