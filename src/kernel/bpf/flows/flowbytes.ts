// Between a Flow and struct flow of bpf/shared.h.
import { type Direction, type Flow, makesPacketSocket, packetSocket } from '#model/flow.ts';
import { type Address, addressFromBytes, addressToBytes } from '#model/net/address.ts';
import { protocolOfPacket } from '#wire/flow.ts';
import { directionCodes, flowLayouts } from './layout.ts';

const { flow: flowLayout } = flowLayouts;

/** IPv4 stands in the last four of the 16 bytes. */
export function writeAddress(bytes: Buffer, at: number, address: Address | undefined): void {
  bytes.fill(0, at, at + 16);
  if (address === undefined) return;
  const own = addressToBytes(address);
  bytes.set(own, at + 16 - own.length);
}

/** FLOW_*: the making of a packet socket is no flow, so that it has a number of its own. */
export function directionCode(flow: Flow): number {
  return directionCodes[makesPacketSocket(flow) ? 'packet' : flow.direction];
}

/** Fills `flowLayout.size` bytes. */
export function writeFlow(bytes: Buffer, at: number, flow: Flow): void {
  writeAddress(bytes, at + flowLayout.local, flow.local?.address);
  writeAddress(bytes, at + flowLayout.remote, flow.remote.address);
  bytes.writeUInt16LE(flow.local?.port ?? 0, at + flowLayout.local_port);
  bytes.writeUInt16LE(flow.remote.port, at + flowLayout.remote_port);
  bytes[at + flowLayout.protocol] = flow.protocolNumber;
  bytes[at + flowLayout.family] = flow.remote.address.family;
  bytes[at + flowLayout.direction] = directionCode(flow);
  bytes[at + flowLayout.zero] = 0;
}

const directions: readonly Direction[] = ['out', 'in', 'forward'];

/** undefined where the bytes are no flow that the programs write. A local address of zeros is not known. */
export function readFlow(bytes: Buffer, at: number): Flow | undefined {
  if (bytes[at + flowLayout.direction] === directionCodes.packet) return packetSocket;
  const family = bytes[at + flowLayout.family];
  const direction = directions[bytes[at + flowLayout.direction] as number];
  if ((family !== 4 && family !== 6) || direction === undefined) return undefined;
  const skipped = family === 4 ? 12 : 0;
  const address = (offset: number) => addressFromBytes(bytes.subarray(at + offset + skipped, at + offset + 16));
  const [near, far] = [address(flowLayout.local), address(flowLayout.remote)];
  if (near === undefined || far === undefined) return undefined;
  const protocolNumber = bytes[at + flowLayout.protocol] as number;
  const port = bytes.readUInt16LE(at + flowLayout.local_port);
  const isKnown = (near.w0 | near.w1 | near.w2 | near.w3) !== 0;
  return {
    protocol: protocolOfPacket(protocolNumber, family),
    protocolNumber,
    direction,
    ...((isKnown || port !== 0) && { local: { address: near, port } }),
    remote: { address: far, port: bytes.readUInt16LE(at + flowLayout.remote_port) },
  };
}
