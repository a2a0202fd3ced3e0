// Asks the kernel for the one socket behind a flow, and has it destroy one. No list of sockets is ever read here.

import type { Flow } from '#model/flow.ts';
import { type Address, ipv4 } from '#model/net/address.ts';
import { hasPorts } from '#model/net/protocol.ts';
import {
  appendSocketDestroy,
  appendSocketLookup,
  parseSocketRecord,
  type SocketName,
  type SocketRecord,
  TCP_LISTEN,
} from '#wire/sockdiag.ts';
import { Writer } from '#wire/writer.ts';
import { interfaceIndex } from './interfaces.ts';
import { request } from './requests.ts';
import { NetlinkSocket, netlinkFamilies } from './socket.ts';

export interface SocketFacts {
  /** 0 when no process holds the socket any more. */
  readonly inode: number;
  readonly uid: number;
  readonly cgroupId: bigint | undefined;
  /** SO_COOKIE: the socket's number since boot. */
  readonly cookie: bigint;
  /** The socket waits for connections or datagrams and is not the flow's alone. */
  readonly listening: boolean;
}

function socketName(flow: Flow): SocketName | undefined {
  if (flow.local === undefined || !hasPorts(flow.protocol)) return undefined;
  return {
    protocol: flow.protocolNumber,
    local: flow.local,
    remote: flow.remote,
    interfaceIndex: interfaceIndex(flow.interface),
  };
}

function anyAddress({ family }: Address): Address {
  return family === 4 ? ipv4(0) : { family: 6, w0: 0, w1: 0, w2: 0, w3: 0 };
}

export class SocketLookup {
  readonly #socket = new NetlinkSocket({ family: netlinkFamilies.sockDiag });
  readonly #writer = Writer.growing(128);
  #sequence = 1;

  /** The socket that sent the flow's packets or would get them; undefined when there is none, or none can be looked up. */
  find(flow: Flow): SocketFacts | undefined {
    const name = socketName(flow);
    if (name === undefined) return undefined;
    const found = this.#find(name);
    // A connection that nobody has accepted yet is no process's: it belongs to the listener.
    if (flow.direction !== 'in' || found?.inode !== 0) return found;
    return this.#find({ ...name, remote: { address: anyAddress(name.remote.address), port: 0 } }) ?? found;
  }

  /** Whether a TCP socket waits for connections to the flow's local address and port. */
  listens(flow: Flow): boolean {
    if (flow.protocol !== 'tcp') return false;
    const name = socketName({ ...flow, remote: { address: anyAddress(flow.remote.address), port: 0 } });
    return name !== undefined && this.#find(name)?.listening === true;
  }

  #find(name: SocketName): SocketFacts | undefined {
    let record: SocketRecord | undefined;
    this.#ask(appendSocketLookup, name, (found) => {
      record = found;
    });
    if (record === undefined) return undefined;
    return {
      inode: record.inode,
      uid: record.uid,
      cgroupId: record.cgroupId,
      cookie: (BigInt(record.cookie.high) << 32n) | BigInt(record.cookie.low >>> 0),
      listening: record.state === TCP_LISTEN || record.remote.port === 0,
    };
  }

  /** Whether there was such a socket and it could be destroyed: its calls fail with ECONNABORTED. */
  destroy(flow: Flow): boolean {
    const name = socketName(flow);
    return name !== undefined && this.#ask(appendSocketDestroy, name, () => {}) === 0;
  }

  #ask(
    append: (writer: Writer, sequence: number, name: SocketName) => boolean,
    name: SocketName,
    onRecord: (record: SocketRecord) => void,
  ): number {
    const sequence = this.#sequence;
    this.#sequence = (this.#sequence % 0x7fffffff) + 1;
    this.#writer.clear();
    append(this.#writer, sequence, name);
    const { errno } = request(
      this.#socket,
      this.#writer.bytes.subarray(0, this.#writer.length),
      sequence,
      (message) => {
        const record = parseSocketRecord(message);
        if (record.ok) onRecord(record.value);
      },
    );
    return errno;
  }

  close(): void {
    this.#socket.close();
  }
}
