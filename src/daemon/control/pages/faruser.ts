// Whose socket is at the other end of a connection over loopback: the kernel says it of TCP too, when it is asked.
// A cookie goes to every port of an address, also to those that another user listens on: with it alone, nobody comes in.
import type { Socket } from 'node:net';
import { type SocketFacts, SocketLookup } from '#kernel/netlink/socketlookup.ts';
import type { Flow } from '#model/flow.ts';
import { type Address, parseAddress } from '#model/net/address.ts';

/** IPPROTO_TCP */
const tcp = 6;

export class FarUser {
  #lookup: SocketLookup | undefined;

  /** The user who opened the socket; undefined when it is closed already, or the kernel cannot tell. */
  of({ localAddress, localPort, remoteAddress, remotePort }: Socket): number | undefined {
    const near = parse(localAddress);
    const far = parse(remoteAddress);
    if (near === undefined || far === undefined) return undefined;
    const found = this.#find({
      ...{ protocol: 'tcp', protocolNumber: tcp, direction: 'out' },
      local: { address: far, port: remotePort ?? 0 },
      remote: { address: near, port: localPort ?? 0 },
    });
    // One that no process holds any more would be said to be root's.
    return found === undefined || found.inode === 0 || found.listening ? undefined : found.uid;
  }

  #find(flow: Flow): SocketFacts | undefined {
    try {
      this.#lookup ??= new SocketLookup();
      return this.#lookup.find(flow);
    } catch {
      return undefined; // the kernel does not answer; who it is stays unknown
    }
  }

  close(): void {
    this.#lookup?.close();
  }
}

function parse(address: string | undefined): Address | undefined {
  return address === undefined ? undefined : parseAddress(address);
}
