// Watches which network the machine is on: reads it from the kernel, and again when the kernel says that something changed.
import type { Address } from '#model/net/address.ts';
import { formatAddress } from '#model/net/address.ts';
import type { Connected, Tunnel } from '#model/net/network.ts';
import {
  RTM_DELADDR,
  RTM_DELLINK,
  RTM_DELNEIGH,
  RTM_DELROUTE,
  RTM_NEWADDR,
  RTM_NEWLINK,
  RTM_NEWNEIGH,
  RTM_NEWROUTE,
  routeGroups,
} from '#wire/constants/route.ts';
import { MessageReader } from '#wire/netlink.ts';
import { type Link, parseLink, parseNeighbour, parseRoute, type Route } from '#wire/route/messages.ts';
import { appendListing, type Listing } from '#wire/route/requests.ts';
import { appendFamilyLookup, appendInterfaceLookup, parseFamily, parseSsid } from '#wire/route/wireless.ts';
import { Writer } from '#wire/writer.ts';
import { errnos, SystemError, watchReadable } from '../ffi.ts';
import { request } from '../netlink/requests.ts';
import { NetlinkSocket, netlinkFamilies } from '../netlink/socket.ts';
import { Places, type Way } from './place.ts';

export interface Reading {
  /** null: no network leads anywhere. */
  readonly connected: Connected | null;
  readonly tunnels: readonly Tunnel[];
  /** A gateway whose hardware address the kernel does not know, or knows no more: another may stand there now. */
  readonly unheard: { readonly address: Address; readonly interfaceIndex: number } | undefined;
}

/** What belongs to one change comes in one go; a flood of changes is read a few times a second. */
const settleMs = 20;
const restMs = 200;

interface Kept {
  readonly index: number;
  readonly gateway: string;
  readonly hardware: string;
}

export class NetworkWatch {
  readonly #events: NetlinkSocket;
  readonly #routes = new NetlinkSocket({ family: netlinkFamilies.route });
  readonly #generic: NetlinkSocket | undefined;
  readonly #writer = Writer.growing(128);
  readonly #watching: { close(): void };
  readonly #onReading: (reading: Reading) => void;
  #sequence = 1;
  #wireless: number | undefined;
  /** What the gateway's hardware address was: the kernel forgets neighbours that nobody talks to. */
  #kept: Kept | undefined;
  #places = new Places();
  #unheard = false;
  #way: Way | undefined;
  #timer: NodeJS.Timeout | undefined;
  #last = 0;

  /** Throws SystemError where the kernel gives no such sockets. `onReading` is called with what there is after each change. */
  constructor(onReading: (reading: Reading) => void) {
    this.#onReading = onReading;
    this.#events = new NetlinkSocket({ family: netlinkFamilies.route, groups: routeGroups });
    this.#generic = openGeneric();
    this.#watching = watchReadable(this.#events.fd, () => this.#hear());
  }

  /** What there is now. */
  read(): Reading {
    this.#last = performance.now();
    const places = new Places();
    this.#places = places;
    this.#list('links', (message) => {
      const link = parseLink(message);
      if (link !== undefined) places.addLink(link);
    });
    this.#list('routes', (message) => {
      const route = parseRoute(message);
      if (route !== undefined) places.addRoute(route);
    });
    this.#list('neighbours', (message) => {
      const neighbour = parseNeighbour(message);
      if (neighbour !== undefined) places.addNeighbour(neighbour);
    });
    const way = places.way();
    this.#way = way;
    const tunnels = places.tunnels();
    if (way === undefined) {
      this.#kept = undefined;
      return { connected: null, tunnels, unheard: undefined };
    }
    return { tunnels, ...this.#recognise(way, places.hardwareOf(way)) };
  }

  #recognise({ link, gateway }: Way, known: string | undefined): Pick<Reading, 'connected' | 'unheard'> {
    const wireless = this.#ssid(link);
    const ssid = wireless ?? null;
    if (gateway === undefined) {
      const sign = { link: link.name };
      return { connected: { interface: link.name, gateway: null, ssid, sign }, unheard: undefined };
    }
    const address = formatAddress(gateway);
    const before = this.#kept;
    const kept = before?.index === link.index && before.gateway === address ? before.hardware : undefined;
    const hardware = known ?? kept;
    this.#unheard = known === undefined;
    this.#kept = hardware === undefined ? undefined : { index: link.index, gateway: address, hardware };
    // Of a wireless link that does not say its network yet, nobody can say which it is.
    const sign =
      hardware === undefined || wireless === null
        ? null
        : { gateway: hardware, ...(wireless !== undefined && { ssid: wireless }) };
    return {
      connected: { interface: link.name, gateway: address, ssid, sign },
      unheard: known === undefined ? { address: gateway, interfaceIndex: link.index } : undefined,
    };
  }

  /** Undefined for a link that is not wireless; null while it is in no network. */
  #ssid({ index }: Link): string | null | undefined {
    const socket = this.#generic;
    if (socket === undefined) return undefined;
    // Asked until it is there: the kernel's part for it may be loaded later.
    this.#wireless ??= this.#ask(socket, appendFamilyLookup, parseFamily);
    const family = this.#wireless;
    if (family === undefined) return undefined;
    let answered = false;
    const ssid = this.#ask(
      socket,
      (writer, sequence) => appendInterfaceLookup(writer, sequence, { family, interfaceIndex: index }),
      (message) => {
        answered = true;
        return parseSsid(message);
      },
    );
    return answered ? (ssid ?? null) : undefined;
  }

  #ask<T>(
    socket: NetlinkSocket,
    append: (writer: Writer, sequence: number) => void,
    parse: (message: MessageReader) => T | undefined,
  ): T | undefined {
    let found: T | undefined;
    const { sequence, bytes } = this.#write(append);
    request(socket, bytes, sequence, (message) => {
      found ??= parse(message);
    });
    return found;
  }

  #list(what: Listing, hear: (message: MessageReader) => void): void {
    const { sequence, bytes } = this.#write((writer, number) => appendListing(writer, what, number));
    request(this.#routes, bytes, sequence, hear);
  }

  #write(append: (writer: Writer, sequence: number) => void): { sequence: number; bytes: Uint8Array } {
    const sequence = this.#sequence;
    this.#sequence = (this.#sequence % 0x7fffffff) + 1;
    this.#writer.clear();
    append(this.#writer, sequence);
    return { sequence, bytes: this.#writer.bytes.subarray(0, this.#writer.length) };
  }

  #hear(): void {
    let matters = false;
    for (;;) {
      try {
        const datagram = this.#events.receive();
        if (datagram === undefined) break;
        const messages = new MessageReader(datagram);
        while (messages.next()) if (this.#matters(messages)) matters = true;
      } catch (error) {
        if (!(error instanceof SystemError) || error.errno !== errnos.ENOBUFS) throw error;
        // Something was not heard: only a look tells.
        matters = true;
      }
    }
    if (!matters || this.#timer !== undefined) return;
    const rest = this.#last + restMs - performance.now();
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#onReading(this.read());
      },
      Math.max(settleMs, rest),
    ).unref();
  }

  /** Routes to single places and neighbours that are no gateway come and go all the time. */
  #matters(message: MessageReader): boolean {
    switch (message.type) {
      case RTM_NEWLINK:
      case RTM_DELLINK: {
        const link = parseLink(message);
        // Another network may be plugged in here with a gateway of the same address.
        if (link?.index === this.#kept?.index && (link?.up === false || message.type === RTM_DELLINK)) {
          this.#kept = undefined;
        }
        return true;
      }
      case RTM_NEWADDR:
      case RTM_DELADDR:
        return true;
      case RTM_NEWROUTE:
      case RTM_DELROUTE: {
        const route = parseRoute(message);
        return route !== undefined && (route.prefixLength <= 1 || this.#mayBeWay(route));
      }
      case RTM_NEWNEIGH:
      case RTM_DELNEIGH: {
        const neighbour = parseNeighbour(message);
        const { link, gateway } = this.#way ?? {};
        if (neighbour === undefined || gateway === undefined || neighbour.interfaceIndex !== link?.index) return false;
        if (formatAddress(neighbour.address) !== formatAddress(gateway)) return false;
        return neighbour.hardware === undefined || neighbour.hardware !== this.#kept?.hardware || this.#unheard;
      }
      default:
        return false;
    }
  }

  /** Without a default route, the way may be any that has a gateway. */
  #mayBeWay({ interfaceIndex, gateway }: Route): boolean {
    if (this.#places.isTunnel(interfaceIndex)) return true;
    if (gateway === undefined) return false;
    const used = this.#way?.gateway;
    return this.#way === undefined || (used !== undefined && formatAddress(used) === formatAddress(gateway));
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#watching.close();
    this.#events.close();
    this.#routes.close();
    this.#generic?.close();
  }
}

/** Undefined in a kernel without generic netlink, which has no wireless either. */
function openGeneric(): NetlinkSocket | undefined {
  try {
    return new NetlinkSocket({ family: netlinkFamilies.generic });
  } catch {
    return undefined;
  }
}
