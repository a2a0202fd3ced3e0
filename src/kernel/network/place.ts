// Which network the machine is on, from the links, routes and neighbours that the kernel told of.

import { type Address, formatAddress } from '#model/net/address.ts';
import type { Tunnel } from '#model/net/network.ts';
import { RT_TABLE_MAIN } from '#wire/constants/route.ts';
import type { Link, Neighbour, Route } from '#wire/route/messages.ts';

/** Interfaces that lead into another network over one that is there already. */
const tunnelKinds: ReadonlySet<string> = new Set([
  ...['wireguard', 'tun', 'xfrm', 'vti', 'vti6', 'ipip', 'sit', 'ip6tnl', 'gre', 'ip6gre', 'amneziawg', 'ovpn'],
]);

/** Where packets to everywhere go, leaving tunnels aside. */
export interface Way {
  readonly link: Link;
  readonly gateway: Address | undefined;
}

/** Collects what the kernel lists, keeping only what may matter: a router may have a million routes. */
export class Places {
  readonly #links = new Map<number, Link>();
  /** By interface and gateway, the best route over each. */
  readonly #routes = new Map<string, Route>();
  readonly #tunnelled = new Set<number>();
  readonly #neighbours: Neighbour[] = [];

  addLink(link: Link): void {
    this.#links.set(link.index, link);
  }

  /** After the links. */
  addRoute(route: Route): void {
    if (this.isTunnel(route.interfaceIndex)) {
      this.#tunnelled.add(route.interfaceIndex);
      return;
    }
    if (route.table !== RT_TABLE_MAIN || (route.gateway === undefined && route.prefixLength !== 0)) return;
    const key = `${route.interfaceIndex} ${route.gateway === undefined ? '' : formatAddress(route.gateway)}`;
    const known = this.#routes.get(key);
    if (known === undefined || compareRoutes(route, known) < 0) this.#routes.set(key, route);
  }

  addNeighbour(neighbour: Neighbour): void {
    if (neighbour.hardware !== undefined) this.#neighbours.push(neighbour);
  }

  isTunnel(index: number): boolean {
    return tunnelKinds.has(this.#links.get(index)?.kind ?? '');
  }

  /** The default route of lowest metric, IPv4 first; without one, the widest route that has a gateway. */
  way(): Way | undefined {
    const best = [...this.#routes.values()]
      .filter(({ interfaceIndex }) => this.#links.get(interfaceIndex)?.up === true)
      .sort(compareRoutes)[0];
    const link = best && this.#links.get(best.interfaceIndex);
    return link && { link, gateway: best?.gateway };
  }

  /** The hardware address of the way's gateway, if the kernel knows it. */
  hardwareOf({ link, gateway }: Way): string | undefined {
    const key = gateway && formatAddress(gateway);
    return this.#neighbours.find(
      ({ interfaceIndex, address }) => interfaceIndex === link.index && formatAddress(address) === key,
    )?.hardware;
  }

  /** Those that are up and lead somewhere. */
  tunnels(): Tunnel[] {
    return [...this.#tunnelled]
      .map((index) => this.#links.get(index))
      .filter((link) => link?.up === true)
      .map((link) => ({ interface: link?.name ?? '', kind: link?.kind ?? '' }))
      .sort((a, b) => (a.interface < b.interface ? -1 : 1));
  }
}

function compareRoutes(a: Route, b: Route): number {
  return (
    Math.min(a.prefixLength, 1) - Math.min(b.prefixLength, 1) ||
    a.family - b.family ||
    a.prefixLength - b.prefixLength ||
    a.metric - b.metric ||
    a.interfaceIndex - b.interfaceIndex
  );
}
